/** How the lab's commands print: lines for people, or one JSON document on one line for programs. */
import { availableParallelism, release } from 'node:os';

/** A measured row of a command's result. `goal` is null where nothing is asked for. */
export interface ResultRow {
  readonly name: string;
  readonly value: number;
  readonly goal: number | null;
  readonly unit: string;
  readonly met: boolean;
}

export interface CommandResult {
  readonly command: string;
  readonly rows: readonly ResultRow[];
  /** More members of the JSON document, as the command's page names them. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What a person reads. */
  readonly text: string;
}

/** Prints a result and answers the exit code: 0 only if every row was met. */
export function printResult(result: CommandResult, asJson: boolean): number {
  const met = result.rows.every((row) => row.met);
  if (asJson) {
    const machine = { cpus: availableParallelism(), kernel: release(), node: process.version };
    const { command, rows, details } = result;
    process.stdout.write(`${JSON.stringify({ command, met, rows, machine, ...details })}\n`);
  } else {
    process.stdout.write(`${result.text}\n`);
  }
  return met ? 0 : 1;
}
