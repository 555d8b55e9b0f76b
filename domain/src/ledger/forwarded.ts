/**
 * The chain of clients and proxies that `Forwarded` (RFC 7239) or `X-Forwarded-For` names, left to right:
 * each proxy appends the peer that it saw, so only the right end was written by the nearest proxy.
 *
 *   Forwarded: for=203.0.113.10;proto=https, for="[2001:db8::1]:47011";by=_edge
 *   X-Forwarded-For: 203.0.113.10, 2001:db8::1, [2001:db8::2]:443
 */
import { type ForwardedNode, parseNode } from './forwardedNode.ts';
import { type HeaderProblem, problem } from './problem.ts';

export interface ForwardedElement {
  /** Whom the proxy that wrote this element saw; null where it did not say. */
  readonly for: ForwardedNode | null;
  /** The interface at which it was seen. */
  readonly by: ForwardedNode | null;
  readonly host: string | null;
  readonly proto: string | null;
  /** Other parameters, in their order; names in lower case. */
  readonly extensions: readonly (readonly [string, string])[];
}

export interface ForwardedChain {
  readonly header: 'forwarded' | 'xForwardedFor';
  /** All of them, the oldest first. An element that breaks the grammar stays, with a `for` of kind `invalid`. */
  readonly elements: readonly ForwardedElement[];
  readonly problems: readonly HeaderProblem[];
}

/** A sender may write what it likes; of more than this, the left end (which nobody near wrote) is left out. */
const MAX_ELEMENTS = 256;
const MAX_CHARACTERS = 65_536;

const NOTHING = { for: null, by: null, host: null, proto: null, extensions: [] } as const;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/s;

/** `values`: one per header line, in the order of the message. A quote cannot reach from one line to the next. */
export function parseForwarded(values: readonly string[]): ForwardedChain {
  return chainOf('forwarded', values, (line) =>
    splitOutsideQuotes(line, ',').map((text) => parseElement(text)),
  );
}

/** As parseForwarded. */
export function parseXForwardedFor(values: readonly string[]): ForwardedChain {
  return chainOf('xForwardedFor', values, (line) =>
    line.split(',').map((text) => {
      const trimmed = trim(text);
      const node = parseNode(QUOTED.test(trimmed) ? unquote(trimmed) : trimmed, true);
      const why = 'Must be an address, "unknown" or an identifier that begins with "_".';
      const found = node.kind === 'invalid' && trimmed !== '' ? problem('for', trimmed, why) : null;
      return { text: trimmed, element: { ...NOTHING, for: node }, problem: found };
    }),
  );
}

interface Parsed {
  readonly text: string;
  readonly element: ForwardedElement;
  readonly problem: HeaderProblem | null;
}

function chainOf(
  header: ForwardedChain['header'],
  values: readonly string[],
  parse: (line: string) => Parsed[],
): ForwardedChain {
  const sizeCharacters = values.reduce((sum, value) => sum + value.length, 0);
  if (sizeCharacters > MAX_CHARACTERS) {
    const why = `More than ${MAX_CHARACTERS}: not read.`;
    return { header, elements: [], problems: [problem('length', `${sizeCharacters}`, why)] };
  }
  // Empty elements are allowed in every list and mean nothing (RFC 9110 5.6.1).
  const all = values.flatMap(parse).filter(({ text }) => text !== '');
  const kept = all.slice(-MAX_ELEMENTS);
  const problems = kept.flatMap((each) => each.problem ?? []);
  if (kept.length < all.length)
    problems.unshift(
      problem('elements', `${all.length}`, `Only the last ${MAX_ELEMENTS} were read.`),
    );
  return { header, elements: kept.map(({ element }) => element), problems };
}

function parseElement(raw: string): Parsed {
  const text = trim(raw);
  const pairs: [string, string][] = [];
  for (const part of splitOutsideQuotes(text, ';').map(trim)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).toLowerCase();
    const value = part.slice(equals + 1);
    const isQuoted = QUOTED.test(value);
    if (!TOKEN.test(name) || !(isQuoted || TOKEN.test(value)))
      return invalid(text, 'parameter', part, 'Must be a name, "=", and a token or quoted string.');
    if (pairs.some(([known]) => known === name))
      return invalid(text, name, part, 'Must not occur twice in one element.');
    pairs.push([name, isQuoted ? unquote(value) : value]);
  }
  const named = (name: string) => pairs.find(([each]) => each === name)?.[1] ?? null;
  const nodeOf = (name: string) => {
    const value = named(name);
    return value === null ? null : parseNode(value, false);
  };
  const element: ForwardedElement = {
    for: nodeOf('for'),
    by: nodeOf('by'),
    host: named('host'),
    proto: named('proto'),
    extensions: pairs.filter(([name]) => !['for', 'by', 'host', 'proto'].includes(name)),
  };
  const why = 'Must be an address (IPv6 in brackets), "unknown" or begin with "_".';
  const wrong = (['for', 'by'] as const).find((name) => element[name]?.kind === 'invalid');
  return {
    text,
    element,
    problem: wrong === undefined ? null : problem(wrong, element[wrong]?.text ?? '', why),
  };
}

function invalid(text: string, field: string, value: string, why: string): Parsed {
  const node = { kind: 'invalid', ip: null, port: null, text } as const;
  return { text, element: { ...NOTHING, for: node }, problem: problem(field, value, why) };
}

/** A quote that is never closed takes the rest of the line with it, which then is invalid. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isQuoted && character === '\\') index++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/** Optional white space of HTTP: blanks and tabs only. */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
