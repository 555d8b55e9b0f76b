/** What every command that asks the API shares: its flags, its terminal, and the four forms of output. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ApiClient, apiClient } from './apiClient.ts';
import { CliError, EXIT, type ExitCode } from './exitCodes.ts';
import { readApiSettings } from './settings.ts';
import { type Column, tableLines } from './table.ts';
import { harmless, type Terminal, terminalOf, toAscii } from './terminal.ts';

export const FORMS = ['table', 'wide', 'json', 'ndjson'] as const;
export type Form = (typeof FORMS)[number];

export interface OutputFlags {
  readonly output: Form;
  readonly url?: string;
  readonly color: 'auto' | 'always' | 'never';
  readonly ascii: boolean;
  readonly width?: number;
  readonly utc: boolean;
}

export interface Asking {
  readonly api: ApiClient;
  readonly terminal: Terminal;
  readonly form: Form;
  readonly timeZone: string | undefined;
  readonly nowUs: number;
  /** Text for people: painted already; made ASCII where the terminal speaks nothing else. */
  say(lines: readonly string[]): void;
  /** Data for programs: as it is. */
  write(text: string): void;
  /** Remarks go to stderr, so that what is piped stays clean. */
  remark(text: string): void;
}

/** Adds the flags of all commands that ask. */
export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <form>', 'how to print').choices(FORMS).default('table'))
    .option('--url <url>', 'address of the API (default: HOPTRACE_API_URL, else that of npm start)')
    .addOption(
      new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('--ascii', 'draw without Unicode (default: by the locale)', false)
    .option('--width <columns>', 'draw so wide (default: the terminal)', columnsOf)
    .option('--utc', 'times in UTC instead of the local zone', false);
}

/** Below a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function columnsOf(text: string): number {
  const columns = Number(text);
  if (Number.isInteger(columns) && columns >= 40 && columns <= 1000) return columns;
  throw new InvalidArgumentError('Write a number from 40 to 1000.');
}

/** Builds what the command needs, runs it, and tells errors in words. */
export async function asking(
  flags: OutputFlags,
  work: (ask: Asking) => Promise<ExitCode>,
): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    process.exitCode = await work(askingOf(flags, process.env));
  } catch (error) {
    process.exitCode = tell(error);
  }
}

function askingOf(flags: OutputFlags, env: NodeJS.ProcessEnv): Asking {
  const terminal = terminalOf(process.stdout, env, flags);
  const write = (text: string) => void process.stdout.write(text);
  return {
    api: apiClient(readApiSettings(env, flags)),
    terminal,
    form: flags.output,
    timeZone: flags.utc ? 'UTC' : undefined,
    nowUs: Date.now() * 1000,
    say: (lines) => {
      const text = lines.map((line) => `${line}\n`).join('');
      write(terminal.isUnicode ? text : toAscii(text));
    },
    write,
    remark: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** `hoptrace paths | head` is no failure. */
function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.found);
    throw error;
  });
}

function tell(error: unknown): number {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`hoptrace: ${error.message}\n`);
  if (error.remedy !== '') process.stderr.write(`  ${error.remedy}\n`);
  return error.exitCode;
}

/** One list in the form that was asked for. 0 where there is an item, else 1. */
export function printList<T>(
  ask: Asking,
  items: readonly T[],
  { columns, none }: { readonly columns: readonly Column<T>[]; readonly none: string },
): ExitCode {
  if (ask.form === 'json') ask.write(`${JSON.stringify({ items }, null, 2)}\n`);
  else if (ask.form === 'ndjson') for (const item of items) ask.write(`${JSON.stringify(item)}\n`);
  else if (items.length > 0) ask.say(listLines(ask, columns, items));
  if (items.length > 0) return EXIT.found;
  ask.remark(none);
  return EXIT.nothing;
}

export function listLines<T>(
  { form, terminal }: Pick<Asking, 'form' | 'terminal'>,
  columns: readonly Column<T>[],
  items: readonly T[],
): string[] {
  const shown = columns.filter(({ isWide }) => isWide !== true || form === 'wide');
  return tableLines(shown, harmless(items), terminal);
}
