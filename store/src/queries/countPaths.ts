/** How many paths a time range has, by outcome; those that were shed in an overload count by the weights of the others. */
import { OUTCOMES, type Outcome } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'countPaths',
  params: z.strictObject({ ...windowParams, clusters: clustersParam }),
  row: z.object({
    outcome: z.enum(OUTCOMES),
    paths: bigColumn,
    with_extra_hops: bigColumn,
    crossings: bigColumn,
    weighted: bigColumn,
  }),
};

const SQL = `SELECT
    outcome,
    sum(weight) AS paths,
    sumIf(weight, extra_hops > 0) AS with_extra_hops,
    sum(paths_v1.crossings * weight) AS crossings,
    countIf(weight > 1) AS weighted
FROM paths_v1 FINAL
WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64}
    AND ${IN_CLUSTERS}
GROUP BY outcome
ORDER BY outcome
SETTINGS do_not_merge_across_partitions_select_final = 1
`;

export interface PathCounts {
  readonly total: number;
  readonly byOutcome: Readonly<Record<Outcome, number>>;
  readonly withExtraHops: number;
  /** Hops between machines, of all paths together. */
  readonly crossings: number;
  /** Stored paths that stand for others as well, which were shed in an overload. */
  readonly weighted: number;
}

export async function countPaths(
  store: Store,
  options: CallOptions & { readonly window: TimeWindow; readonly clusters?: readonly string[] },
): Promise<PathCounts> {
  const { window, clusters = [], ...call } = options;
  const rows = await runQuery(store, query, {
    sql: SQL,
    params: { ...window, clusters: [...clusters] },
    ...call,
  });
  const byOutcome = { served: 0, reset: 0, rejected: 0, dropped: 0, unknown: 0 };
  for (const row of rows) byOutcome[row.outcome] = row.paths;
  const sum = (pick: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + pick(row), 0);
  return {
    total: sum((row) => row.paths),
    byOutcome,
    withExtraHops: sum((row) => row.with_extra_hops),
    crossings: sum((row) => row.crossings),
    weighted: sum((row) => row.weighted),
  };
}
