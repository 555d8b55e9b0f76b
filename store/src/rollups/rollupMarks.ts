/** From which path time on roll-ups may lack something: what a collector has to compare when it starts. */
import { z } from 'zod';
import type { Store } from '../client.ts';
import { runQuery } from '../queries/query.ts';
import { bigColumn } from '../rows/values.ts';
import { HOUR_S } from './rollupTables.ts';

const mark = {
  name: 'readRollupMark',
  params: z.strictObject({ collector: z.string() }),
  row: z.object({ from_us: bigColumn }),
};
const hours = {
  name: 'hoursWithPaths',
  params: z.strictObject({ fromUs: z.int().min(0) }),
  row: z.object({ start_s: bigColumn }),
};

const MARK_SQL = `SELECT from_us
FROM rollup_marks_v1
WHERE collector = {collector:String}
ORDER BY marked_us DESC
LIMIT 1
`;
const HOURS_SQL = `SELECT DISTINCT intDiv(started_at_us, 3600000000) * 3600 AS start_s
FROM paths_v1
WHERE started_at_us >= {fromUs:UInt64}
ORDER BY start_s
`;

/** Microseconds since the epoch; 0 where this collector never wrote one: everything is to be compared. */
export async function readRollupMark(store: Store, collector: string): Promise<number> {
  const [row] = await runQuery(store, mark, { sql: MARK_SQL, params: { collector } });
  return row?.from_us ?? 0;
}

/** `markedUs` has to grow from call to call: the newest mark counts, even if it is the lower one. */
export async function writeRollupMark(
  store: Store,
  { collector, fromUs, markedUs }: { collector: string; fromUs: number; markedUs: number },
): Promise<void> {
  await store.insert('rollup_marks_v1', [{ collector, from_us: fromUs, marked_us: markedUs }], {
    dedupToken: `mark-${collector}-${markedUs}`,
  });
}

/** Begins of hours, in seconds since the epoch, from the one that `fromUs` lies in. */
export async function hoursWithPaths(store: Store, fromUs: number): Promise<number[]> {
  const from = Math.floor(fromUs / (HOUR_S * 1e6)) * HOUR_S * 1e6;
  const rows = await runQuery(store, hours, { sql: HOURS_SQL, params: { fromUs: from } });
  return rows.map((row) => row.start_s);
}
