/** Requests made from an OpenAPI document: right ones, nearly right ones, and hostile ones. The same seed, the same requests. */
import { z } from 'zod';

const parameterSchema = z.object({
  name: z.string(),
  in: z.enum(['query', 'path']),
  schema: z.record(z.string(), z.unknown()),
});
const operationSchema = z.object({
  operationId: z.string(),
  parameters: z.array(parameterSchema).default([]),
});
export const openapiSchema = z.object({
  paths: z.record(z.string(), z.object({ get: operationSchema.optional() })),
});

type Operation = z.infer<typeof operationSchema> & { readonly path: string };
type Parameter = z.infer<typeof parameterSchema>;

export interface FuzzRequest {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
  /** Parameters that the operation does not have. */
  readonly unknown: readonly string[];
}

/** What must only ever be a value. */
export const INJECTIONS: readonly string[] = [
  "' OR 1 = 1 --",
  "x'; DROP TABLE paths_v1; --",
  "') UNION ALL SELECT name FROM system.tables --",
  '{node:String}',
  '{fromUs:UInt64}) OR (1=1',
  '\\',
  "\\'",
  '\0',
  '\t\n\r',
  '%00',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '<script>alert(1)</script>',
  `\${jndi:ldap://127.0.0.1/a}`,
  '__proto__',
  'constructor.prototype',
  'ß∂🦊\u202e',
  '\ud800',
  'A'.repeat(3000),
  '-1',
  '1e309',
  'NaN',
  '9007199254740993',
  '99999999999999999999999999',
  '0x10',
  ' ',
  '',
  'null',
  '[]',
  '{}',
  '*',
  '%',
  '2026-13-45T99:99:99Z',
  '=cmd()',
];

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export interface Plausible {
  /** Per parameter, values that find something. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

export function* fuzzRequests(
  document: z.infer<typeof openapiSchema>,
  { values }: Plausible,
  random: () => number,
): Generator<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get === undefined ? [] : [{ ...get, path }],
  );
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const chance = (share: number) => random() < share;
  const valueFor = (parameter: Parameter): string => {
    if (chance(0.2)) return pick(INJECTIONS);
    if (chance(0.1)) return noise(random);
    const known = [...(values[parameter.name] ?? []), ...fromSchema(parameter.schema, random)];
    return known.length === 0 ? noise(random) : pick(known);
  };
  // Every operation in turn, so that none is left out however few requests are made.
  for (let number = 0; ; number++) {
    const operation = operations[number % operations.length] as Operation;
    const inPath = operation.parameters.filter((each) => each.in === 'path');
    const inQuery = operation.parameters.filter((each) => each.in === 'query');
    const path = inPath.reduce(
      (text, each) => text.replace(`{${each.name}}`, encoded(valueFor(each))),
      operation.path,
    );
    const given = inQuery.filter(() => chance(0.3)).map((each) => [each.name, valueFor(each)]);
    if (given.length > 0 && chance(0.05)) given.push(pick(given));
    const unknown = chance(0.1)
      ? [pick(['servcie', 'q', 'debug', '$where', ...INJECTIONS.slice(0, 5)])]
      : [];
    const search = [...given, ...unknown.map((name) => [name, pick(INJECTIONS)])]
      .map(([name = '', value = '']) => `${encoded(name)}=${encoded(value)}`)
      .join('&');
    const method = chance(0.06) ? pick(['POST', 'PUT', 'DELETE', 'HEAD'] as const) : 'GET';
    yield {
      operationId: operation.operationId,
      method,
      url: search === '' ? path : `${path}?${search}`,
      headers: headersOf(pick, chance),
      ...(method === 'POST' || method === 'PUT' ? { payload: pick(INJECTIONS) } : {}),
      unknown,
    };
  }
}

/** False for a lone surrogate. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Lone surrogates have no UTF-8: what a client in another language may send instead. */
function encoded(text: string): string {
  return isWellFormed(text) ? encodeURIComponent(text) : '%ED%A0%80';
}

function headersOf(
  pick: <T>(all: readonly T[]) => T,
  chance: (share: number) => boolean,
): Record<string, string> {
  return {
    ...(chance(0.1) ? { 'if-none-match': pick(['*', '"x"', 'W/"x", "y"', ',,,']) } : {}),
    ...(chance(0.1) ? { 'x-request-id': pick(['a'.repeat(64), "'; --", '<x>', '1']) } : {}),
    ...(chance(0.1) ? { accept: pick(['text/csv', '*/*', 'application/xml', ';;;']) } : {}),
    ...(chance(0.05) ? { origin: pick(['https://evil.example', 'null', 'http://localhost']) } : {}),
  };
}

/** Values that the schema's own words allow. */
function fromSchema(schema: Readonly<Record<string, unknown>>, random: () => number): string[] {
  const options = Array.isArray(schema.anyOf) ? schema.anyOf : [];
  const below = options.flatMap((each) => fromSchema(Object(each), random));
  const choices = Array.isArray(schema.enum) ? schema.enum.map(String) : [];
  const number = String(Math.floor(random() * 2000));
  const isNumeric = typeof schema.pattern === 'string' && schema.pattern.startsWith('^\\d');
  return [
    ...below,
    ...choices,
    ...(isNumeric || schema.type === 'integer' ? [number, '1', '0'] : []),
  ];
}

function noise(random: () => number): string {
  const length = Math.floor(random() * 40);
  const signs = Array.from({ length }, () =>
    String.fromCodePoint(1 + Math.floor(random() * 0x2ff)),
  );
  return signs.join('');
}
