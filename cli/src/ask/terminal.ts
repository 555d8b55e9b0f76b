/** What the terminal can show: how wide it is, whether it has colours, whether it has more than ASCII. */
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Infinity where nothing limits a line: a file or a pipe. */
  readonly columns: number;
  readonly isTerminal: boolean;
  readonly isUnicode: boolean;
  paint(style: Style | null, text: string): string;
}

export interface TerminalFlags {
  readonly color: 'auto' | 'always' | 'never';
  readonly ascii: boolean;
  readonly width?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Environment,
  flags: TerminalFlags,
): Terminal {
  const isTerminal = stream.isTTY === true;
  const hasColor =
    flags.color === 'always' || (flags.color === 'auto' && wantsColor(isTerminal, env));
  return {
    columns: flags.width ?? (isTerminal ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY),
    isTerminal,
    isUnicode: !flags.ascii && speaksUnicode(env),
    paint: (style, text) => (hasColor && style !== null && text !== '' ? ansi(style, text) : text),
  };
}

/** validateStream: the decision was made above, and Node's own looks at stdout only. */
function ansi(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}

/** https://no-color.org: any value but the empty one switches colours off. */
function wantsColor(isTerminal: boolean, env: Environment): boolean {
  return isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** POSIX: the first of these that is set and not empty decides. None set is the locale "C", which is ASCII. */
function speaksUnicode(env: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => (value ?? '') !== '') ?? '';
  return /utf-?8/i.test(locale);
}

const PLAIN: Readonly<Record<string, string>> = {
  '─': '-',
  '╌': '.',
  '━': '=',
  '│': '|',
  '┊': ':',
  '╮': '.',
  '╯': "'",
  '▶': '>',
  '◀': '<',
  '●': '*',
  '○': 'o',
  '✕': 'X',
  '→': '->',
  µ: 'u',
  '≤': '<=',
  '±': '+-',
  '–': '-',
  '−': '-',
  '’': "'",
  '…': '~',
  '·': ',',
};

/** The same line for a terminal without Unicode. Some signs get longer. */
export function toAscii(line: string): string {
  return line.replace(/[\u0080-\uffff]/g, (sign) => PLAIN[sign] ?? '?');
}

/** Names come from others: a control sequence among them must not reach the terminal. */
export function harmless<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
    typeof each === 'string' ? each.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd') : each,
  );
}
