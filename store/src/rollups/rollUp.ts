/**
 * Roll-ups: paths counted by minute, minutes by hour. Paths have versions, so nothing is ever added to a count: a minute
 * with news is counted again as a whole, under a run of its own, and is seen once its run is named:
 *
 *   generation read ──► rows of the run inserted ──► run named (minute_runs_v1, hour_runs_v1)
 *
 * A process that dies in between leaves rows that nobody reads. The generation is read first, so that it is never above
 * what was counted: whatever came in meanwhile makes the paths' generation larger than the run's, and staleMinutes()
 * finds it, in this process or in the next.
 */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Store } from '../client.ts';
import { runSchemaStatement } from '../cluster/schemaCommand.ts';
import { runQuery } from '../queries/query.ts';
import { bigColumn } from '../rows/values.ts';
import {
  COUNT_HOPS_SQL,
  COUNT_SERVICES_SQL,
  forgetSql,
  GENERATIONS_SQL,
  HOP_HOUR_SQL,
  namedGenerationsSql,
  SERVICE_HOUR_SQL,
} from './rollupSql.ts';
import { HOUR_S, HOURS, MINUTES, type Span } from './rollupTables.ts';

/** Seconds since the epoch, on whole minutes (hours); `toS` is exclusive. */
export interface RollupRange {
  readonly fromS: number;
  readonly toS: number;
}

const rangeParams = z.strictObject({ fromS: z.int().min(0), toS: z.int().min(0) });
const generations = {
  name: 'pathGenerations',
  params: rangeParams,
  row: z.object({ start_s: bigColumn, generation: bigColumn }),
};
const named = {
  name: 'namedGenerations',
  params: rangeParams,
  row: z.object({ start_s: z.int(), newest: bigColumn }),
};

interface Generation {
  readonly startS: number;
  readonly generation: number;
}

/** Counts all minutes of the range that have paths. Answers how many those were. */
export async function rollUpMinutes(store: Store, range: RollupRange): Promise<number> {
  const counted = await generationsOf(store, range);
  if (counted.length === 0) return 0;
  const run = newRun();
  await store.command(COUNT_SERVICES_SQL, { ...range, run });
  await store.command(COUNT_HOPS_SQL, { ...range, run });
  await nameRun(store, { span: MINUTES, run, counted });
  return counted.length;
}

/** Adds up the minutes of one hour as they are named now; nothing where that was done, or there are none. */
export async function rollUpHour(store: Store, startS: number): Promise<void> {
  const range = { fromS: startS, toS: startS + HOUR_S };
  const minutes = await namedGenerations(store, MINUTES, range);
  const generation = minutes.reduce((sum, minute) => sum + minute.generation, 0);
  const [known] = await namedGenerations(store, HOURS, range);
  if (generation <= (known?.generation ?? 0)) return;
  const run = newRun();
  await store.command(SERVICE_HOUR_SQL, { ...range, run });
  await store.command(HOP_HOUR_SQL, { ...range, run });
  await nameRun(store, { span: HOURS, run, counted: [{ startS, generation }] });
}

/** Minutes of the range whose paths have news that their roll-up lacks, in order. */
export async function staleMinutes(store: Store, range: RollupRange): Promise<number[]> {
  const rolledUp = new Map(
    (await namedGenerations(store, MINUTES, range)).map((each) => [each.startS, each.generation]),
  );
  const stale: number[] = [];
  for (const { startS, generation } of await generationsOf(store, range))
    if (generation > (rolledUp.get(startS) ?? 0)) stale.push(startS);
  return stale;
}

/** Deletes the rows of replaced runs. Not while somebody may still read them: choose a range that is at rest. */
export async function forgetReplacedRuns(store: Store, range: RollupRange): Promise<void> {
  for (const span of [MINUTES, HOURS]) {
    for (const table of ['services', 'hops'] as const)
      await runSchemaStatement(store, forgetSql(span, table), range);
  }
}

async function generationsOf(store: Store, range: RollupRange): Promise<Generation[]> {
  const rows = await runQuery(store, generations, { sql: GENERATIONS_SQL, params: { ...range } });
  return rows.map(({ start_s, generation }) => ({ startS: start_s, generation }));
}

async function namedGenerations(
  store: Store,
  span: Span,
  range: RollupRange,
): Promise<Generation[]> {
  const sql = namedGenerationsSql(span);
  const rows = await runQuery(store, named, { sql, params: { ...range } });
  return rows.map(({ start_s, newest }) => ({ startS: start_s, generation: newest }));
}

interface NamedRun {
  readonly span: Span;
  readonly run: string;
  readonly counted: readonly Generation[];
}

async function nameRun(store: Store, { span, run, counted }: NamedRun): Promise<void> {
  const rows = counted.map(({ startS, generation }) => ({ start_s: startS, generation, run }));
  await store.insert(span.runs, rows, { dedupToken: `${span.runs}-${run}` });
}

/** Later runs are higher, and no two are equal: 20 bits of chance below the milliseconds. */
const newRun = (): string => String((BigInt(Date.now()) << 20n) | BigInt(randomInt(1 << 20)));
