/** Cuts one SQL statement into tokens with their places, so that a translation can replace some and keep the rest. */

export interface SqlToken {
  readonly kind: 'word' | 'text' | 'mark';
  /** A word in upper case, for comparison with keywords; anything else as it stands. */
  readonly upper: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** How many brackets are open around it; an opening bracket has the depth outside of it, and so has the closing one. */
  readonly depth: number;
}

const BLANK_OR_COMMENT = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const TOKEN = /([A-Za-z_0-9]+(?:\.\d+)?)|('(?:[^'\\]|\\[\s\S]|'')*'|`[^`]*`|"[^"]*")|([\s\S])/y;

/** Throws a SyntaxError where brackets do not match or a text does not end. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let depth = 0;
  let at = skipBlank(sql, 0);
  while (at < sql.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    const raw = match?.[0] ?? '';
    const end = at + raw.length;
    if (raw === "'" || raw === '`' || raw === '"') throw new SyntaxError(`${raw} is not closed`);
    const kind = match?.[1] !== undefined ? 'word' : match?.[2] !== undefined ? 'text' : 'mark';
    if (kind === 'mark' && ')]}'.includes(raw)) depth -= 1;
    if (depth < 0) throw new SyntaxError(`${raw} closes nothing`);
    tokens.push({ kind, upper: kind === 'word' ? raw.toUpperCase() : raw, start: at, end, depth });
    if (kind === 'mark' && '([{'.includes(raw)) depth += 1;
    at = skipBlank(sql, end);
  }
  if (depth > 0) throw new SyntaxError('a bracket is not closed');
  return tokens;
}

function skipBlank(sql: string, from: number): number {
  BLANK_OR_COMMENT.lastIndex = from;
  return from + (BLANK_OR_COMMENT.exec(sql)?.[0].length ?? 0);
}

export interface Edit {
  readonly start: number;
  /** Exclusive; equal to start where only something is put in. */
  readonly end: number;
  readonly text: string;
}

/** Edits must not overlap; their order does not matter. */
export function withEdits(sql: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    result += sql.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + sql.slice(at);
}
