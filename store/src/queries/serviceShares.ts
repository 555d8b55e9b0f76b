/** Of each service of each cluster: how many requests there were, and how they fared; from roll-ups. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { HOUR_S } from '../rollups/rollupTables.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { durationColumn, rolledUpSql, wholeHoursOf, wholeHoursParams } from './rolledUp.ts';

/** Seconds since the epoch, on whole minutes; `toS` is exclusive. */
export interface MinuteRange {
  readonly fromS: number;
  readonly toS: number;
}

const params = z.strictObject({
  fromS: z.int().min(0),
  toS: z.int().min(0),
  ...wholeHoursParams,
});
const keyColumns = { cluster: z.string(), namespace: z.string(), service: z.string() };
const shares = {
  name: 'serviceShares',
  params,
  row: z.object({
    ...keyColumns,
    requests: bigColumn,
    with_extra_hops: bigColumn,
    source_scenarios: z.record(z.string(), bigColumn),
  }),
};
const hops = {
  name: 'hopDurations',
  params,
  row: z.object({
    ...keyColumns,
    from_role: z.string(),
    to_role: z.string(),
    rtt: durationColumn,
    proxy_time: durationColumn,
  }),
};

const KEY = 'cluster, service_namespace AS namespace, service_name AS service';
const GROUP = 'cluster, service_namespace, service_name';

const usesHours = ({ fromS, toS }: MinuteRange): boolean => toS - fromS >= 2 * HOUR_S;
const rowsOf = (table: 'services' | 'hops', range: MinuteRange): string =>
  rolledUpSql(table, { filters: [], mayUseHours: usesHours(range) });

export const serviceSharesSql = (range: MinuteRange): string => `SELECT
    ${KEY},
    sum(rows.requests) AS requests,
    sum(rows.with_extra_hops) AS with_extra_hops,
    sumMap(rows.source_scenarios) AS source_scenarios
FROM (${rowsOf('services', range)}) AS rows
WHERE service_name != ''
GROUP BY ${GROUP}
ORDER BY ${GROUP}
`;

export const hopDurationsSql = (range: MinuteRange): string => `SELECT
    ${KEY},
    from_role,
    to_role,
    sumMap(rows.rtt_buckets) AS rtt,
    sumMap(rows.proxy_time_buckets) AS proxy_time
FROM (${rowsOf('hops', range)}) AS rows
WHERE service_name != ''
GROUP BY ${GROUP}, from_role, to_role
ORDER BY ${GROUP}, from_role, to_role
`;

export type ServiceShares = Awaited<ReturnType<typeof serviceShares>>[number];
export type HopDurations = Awaited<ReturnType<typeof hopDurations>>[number];

/** In order of cluster and service; requests whose service is not known are left out. */
export async function serviceShares(
  store: Store,
  { range, ...options }: CallOptions & { readonly range: MinuteRange },
) {
  const call = { sql: serviceSharesSql(range), params: await given(store, range, options) };
  const rows = await runQuery(store, shares, { ...call, ...options });
  return rows.map((row) => {
    const { '': _, ...scenarios } = row.source_scenarios;
    const { cluster, namespace, service, requests, with_extra_hops: withExtraHops } = row;
    return { cluster, namespace, service, requests, withExtraHops, scenarios };
  });
}

/** In order of cluster, service and hop; null: nothing was timed. */
export async function hopDurations(
  store: Store,
  { range, ...options }: CallOptions & { readonly range: MinuteRange },
) {
  const call = { sql: hopDurationsSql(range), params: await given(store, range, options) };
  const rows = await runQuery(store, hops, { ...call, ...options });
  return rows.map(({ from_role: fromRole, to_role: toRole, proxy_time: proxyTime, ...row }) => ({
    ...row,
    ...{ fromRole, toRole, proxyTime },
  }));
}

async function given(store: Store, range: MinuteRange, options: CallOptions) {
  const { fromS, toS } = range;
  if (!usesHours(range)) return { fromS, toS };
  const { hours, hourRuns } = await wholeHoursOf(store, { fromS, toS }, options);
  return { fromS, toS, hours: [...hours], hourRuns: [...hourRuns] };
}
