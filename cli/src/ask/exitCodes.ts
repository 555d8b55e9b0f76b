/** How `hoptrace` ends, so that scripts can tell an empty answer from no answer. docs/cli.md lists them. */

/** 69, 70, 77 and 78 are those of sysexits.h. */
export const EXIT = {
  /** Something was found, or was done. */
  found: 0,
  /** The question was answered, and the answer is: nothing; or, of `agents`, that one is silent. */
  nothing: 1,
  /** The command line, or a filter that the API does not take. */
  usage: 2,
  /** The API did not answer, is too busy, or failed. */
  unavailable: 69,
  /** The API answered what this version does not understand. */
  software: 70,
  /** Token missing, wrong, or without the role. */
  noPermission: 77,
  /** A setting (HOPTRACE_API_URL, HOPTRACE_API_TOKEN) is not valid. */
  config: 78,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Told on stderr as `hoptrace: message`, with what to do below it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly remedy: string;

  constructor(exitCode: ExitCode, message: string, remedy = '') {
    super(message);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}
