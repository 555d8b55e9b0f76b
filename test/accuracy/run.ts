/** Worlds until enough paths were judged or the time is up; then the rows. */
import { performance } from 'node:perf_hooks';
import type { CommandResult } from '../lab/commands/output.ts';
import type { AccuracyArguments } from './arguments.ts';
import { runWorlds } from './pool.ts';
import { rowsOf } from './rows.ts';
import { Tally } from './tally.ts';
import { type Example, runWorld, type WorldResult } from './worldJob.ts';

export interface AccuracyRun {
  readonly args: AccuracyArguments;
  readonly tally: Tally;
  readonly seconds: number;
  /** The first falsely complete paths of each kind, as text. */
  readonly examples: readonly string[];
  readonly result: CommandResult;
}

const EXAMPLES_A_KIND = 5;
const PROGRESS_SECONDS = 5;

/** `progress` is told a line every few seconds. */
export async function runAccuracy(
  args: AccuracyArguments,
  progress: (line: string) => void,
): Promise<AccuracyRun> {
  const tally = new Tally();
  const examples = new Map<string, Example[]>();
  const startMs = performance.now();
  const spentSeconds = () => (performance.now() - startMs) / 1000;
  let toldSeconds = 0;
  const take = (result: WorldResult): boolean => {
    tally.merge(result.tally);
    for (const example of result.examples) keep(examples, example);
    const seconds = spentSeconds();
    if (seconds - toldSeconds >= PROGRESS_SECONDS) {
      toldSeconds = seconds;
      progress(progressLine(tally, seconds));
    }
    return tally.get('true paths') < args.paths && seconds < args.seconds;
  };
  if (args.world !== null) take(runWorld(args.seed, args.world));
  else await runWorlds({ seed: args.seed, workers: args.workers, firstWorld: 0, take });
  return runOf(args, tally, spentSeconds(), [...examples.values()].flat());
}

function keep(examples: Map<string, Example[]>, example: Example): void {
  const known = examples.get(example.kind) ?? [];
  if (known.length < EXAMPLES_A_KIND) examples.set(example.kind, [...known, example]);
}

function progressLine(tally: Tally, seconds: number): string {
  const paths = tally.get('true paths');
  const counts = [
    `${paths.toLocaleString('en')} paths`,
    `${tally.get('worlds')} worlds`,
    `${Math.round(paths / seconds).toLocaleString('en')} paths/s`,
    `${tally.get('falsely complete')} falsely complete`,
  ];
  return `accuracy: ${Math.round(seconds)} s: ${counts.join(', ')}`;
}

function runOf(
  args: AccuracyArguments,
  tally: Tally,
  seconds: number,
  examples: readonly Example[],
): AccuracyRun {
  const rows = rowsOf(tally);
  const lines = rows.map(
    (row) =>
      `${row.met ? 'ok  ' : 'MISS'} ${row.name.padEnd(64)} ${row.value} (goal ${row.goal ?? '–'}) ${row.unit}`,
  );
  const counts = {
    worlds: tally.get('worlds'),
    paths: tally.get('true paths'),
    records: tally.get('records'),
    seconds: Math.round(seconds),
    workers: args.world === null ? args.workers : 1,
  };
  const told = examples.map(
    ({ kind, world, text }) => `${kind} · --seed ${args.seed} --world ${world} ${text}`,
  );
  const falselyComplete = Object.fromEntries(tally.startingWith('false: '));
  const worldsByKind = Object.fromEntries(tally.startingWith('world of kind: '));
  const details = { seed: args.seed, ...counts, worldsByKind, falselyComplete, examples: told };
  const text = [...lines, JSON.stringify(counts), ...told].join('\n');
  return {
    args,
    tally,
    seconds,
    examples: told,
    result: { command: 'accuracy', rows, details, text },
  };
}
