/** What is missing in a time range: what agents lost, when they were not heard of, and which paths say so. */
import type { AgentLosses } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

const MAX_ROWS = 5000;
const clusters = clustersParam;

const lossesQuery = {
  name: 'lossesByTime',
  params: z.strictObject({ ...windowParams, clusters, stepUs: z.int().min(1), rows: z.int() }),
  row: z.object({
    cluster: z.string(),
    node: z.string(),
    from_us: bigColumn,
    ring_events: bigColumn,
    bad_frames: bigColumn,
    evicted_legs: bigColumn,
    unsent_records: bigColumn,
    ring_refusals: bigColumn,
  }),
};

const LOSSES_SQL = `SELECT
    cluster,
    node,
    intDiv(seen_us, {stepUs:UInt64}) * {stepUs:UInt64} AS from_us,
    sum(losses_ring_events) AS ring_events,
    sum(losses_bad_frames) AS bad_frames,
    sum(losses_evicted_legs) AS evicted_legs,
    sum(losses_unsent_records) AS unsent_records,
    sum(losses_ring_refusals) AS ring_refusals
FROM agents_v1
WHERE seen_us >= {fromUs:UInt64} AND seen_us < {toUs:UInt64} AND ${IN_CLUSTERS}
GROUP BY cluster, node, from_us
HAVING ring_events + bad_frames + evicted_legs + unsent_records > 0
ORDER BY from_us DESC, cluster, node
LIMIT {rows:UInt32}
`;

export interface LossesOfTime {
  readonly cluster: string;
  readonly node: string;
  readonly fromUs: number;
  readonly losses: AgentLosses;
}

/** Steps in which an agent lost something, the newest first; at most 5000. */
export async function lossesByTime(
  store: Store,
  asked: { readonly clusters: readonly string[]; readonly stepUs: number },
  options: CallOptions & { readonly window: TimeWindow },
): Promise<LossesOfTime[]> {
  const { window, ...call } = options;
  const params = { ...window, ...asked, clusters: [...asked.clusters], rows: MAX_ROWS };
  const rows = await runQuery(store, lossesQuery, { sql: LOSSES_SQL, params, ...call });
  return rows.map((row) => ({
    cluster: row.cluster,
    node: row.node,
    fromUs: row.from_us,
    losses: {
      ringEvents: row.ring_events,
      badFrames: row.bad_frames,
      evictedLegs: row.evicted_legs,
      unsentRecords: row.unsent_records,
      ringRefusals: row.ring_refusals,
    },
  }));
}

const silencesQuery = {
  name: 'silences',
  params: z.strictObject({ ...windowParams, clusters, silentUs: z.int().min(1), rows: z.int() }),
  row: z.object({
    cluster: z.string(),
    node: z.string(),
    from_us: bigColumn,
    to_us: bigColumn,
    is_open: z.union([z.boolean(), z.number()]).transform(Boolean),
  }),
};

/** Heartbeats with the end of the window as one more: the silence that still goes on ends there. */
const SILENCES_SQL = `SELECT cluster, node, before_us AS from_us, at_us AS to_us, is_end AS is_open
FROM
(
    SELECT
        cluster,
        node,
        at_us,
        is_end,
        lagInFrame(at_us, 1, 0) OVER (PARTITION BY cluster, node ORDER BY at_us ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before_us
    FROM
    (
        SELECT cluster, node, seen_us AS at_us, 0 AS is_end
        FROM agents_v1
        WHERE seen_us >= {fromUs:UInt64} AND seen_us < {toUs:UInt64} AND ${IN_CLUSTERS}
        UNION ALL
        SELECT DISTINCT cluster, node, {toUs:UInt64} AS at_us, 1 AS is_end
        FROM agents_v1
        WHERE seen_us >= {fromUs:UInt64} AND seen_us < {toUs:UInt64} AND ${IN_CLUSTERS}
    )
)
WHERE before_us > 0 AND at_us - before_us > {silentUs:UInt64}
ORDER BY from_us DESC, cluster, node
LIMIT {rows:UInt32}
`;

export interface Silence {
  readonly cluster: string;
  readonly node: string;
  readonly fromUs: number;
  readonly toUs: number;
  /** It was not over at the end of the window. */
  readonly isOpen: boolean;
}

/** Times between two heartbeats that lie further apart than `silentUs`, the newest first; at most 5000. */
export async function silences(
  store: Store,
  asked: { readonly clusters: readonly string[]; readonly silentUs: number },
  options: CallOptions & { readonly window: TimeWindow },
): Promise<Silence[]> {
  const { window, ...call } = options;
  const params = { ...window, ...asked, clusters: [...asked.clusters], rows: MAX_ROWS };
  const rows = await runQuery(store, silencesQuery, { sql: SILENCES_SQL, params, ...call });
  return rows.map((row) => ({
    cluster: row.cluster,
    node: row.node,
    fromUs: row.from_us,
    toUs: row.to_us,
    isOpen: row.is_open,
  }));
}

const gapsQuery = {
  name: 'incompletePaths',
  params: z.strictObject({ ...windowParams, clusters }),
  row: z.object({ code: z.string(), paths: bigColumn }),
};

/** The empty code counts all paths, `incomplete` those with a part that nobody saw. */
const GAPS_SQL = `SELECT code, sum(weight) AS paths
FROM
(
    SELECT weight, arrayJoin(arrayConcat([''], if(completeness < 1, ['incomplete'], []), arrayDistinct(warning_codes))) AS code
    FROM paths_v1 FINAL
    WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64} AND ${IN_CLUSTERS}
)
GROUP BY code
ORDER BY paths DESC, code
SETTINGS do_not_merge_across_partitions_select_final = 1
`;

export interface IncompletePaths {
  readonly total: number;
  readonly incomplete: number;
  readonly warnings: readonly { readonly code: string; readonly paths: number }[];
}

/** How many paths of the window have a part that nobody saw, and what they warn of. */
export async function incompletePaths(
  store: Store,
  asked: { readonly clusters: readonly string[] },
  options: CallOptions & { readonly window: TimeWindow },
): Promise<IncompletePaths> {
  const { window, ...call } = options;
  const params = { ...window, clusters: [...asked.clusters] };
  const rows = await runQuery(store, gapsQuery, { sql: GAPS_SQL, params, ...call });
  const countOf = (code: string) => rows.find((row) => row.code === code)?.paths ?? 0;
  return {
    total: countOf(''),
    incomplete: countOf('incomplete'),
    warnings: rows.filter(({ code }) => code !== '' && code !== 'incomplete'),
  };
}
