/** What a header that was sent by somebody else gets wrong. */
export interface HeaderProblem {
  /** As the specification names it. */
  readonly field: string;
  /** What stands there: printable text, or hex digits of bytes; cut after 48 characters. */
  readonly value: string;
  /** A whole sentence: what was expected. */
  readonly text: string;
}

const SHOWN_CHARACTERS = 48;

export function problem(field: string, value: string, text: string): HeaderProblem {
  const printable = value.replace(/[^\x20-\x7e]/g, '?');
  const isLong = printable.length > SHOWN_CHARACTERS;
  return { field, value: isLong ? `${printable.slice(0, SHOWN_CHARACTERS)}…` : printable, text };
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
