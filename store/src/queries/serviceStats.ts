/** One service over time: requests and hops by step, from roll-ups. */
import type { HopSeries, RequestPoint } from '@hoptrace/domain/rest/services.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { HOP_MEASURES, HOUR_S, SERVICE_MEASURES } from '../rollups/rollupTables.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';
import { clustersParam } from './recordWindow.ts';
import {
  countColumns,
  durationColumn,
  mergedList,
  type RollupFilter,
  rolledUpSql,
  toCounts,
  wholeHoursOf,
  wholeHoursParams,
} from './rolledUp.ts';

/** Seconds since the epoch, on whole steps; `toS` is exclusive. */
export interface StatsQuery {
  readonly fromS: number;
  readonly toS: number;
  /** Whole minutes that divide an hour, or whole hours. */
  readonly stepS: number;
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly servicePort?: string | undefined;
  /** Absent: all. */
  readonly clusters?: readonly string[] | undefined;
  /** The next two leave out the hops, which are not counted by them. */
  readonly entryNode?: string | undefined;
  readonly ingress?: string | undefined;
}

const params = z.strictObject({
  fromS: z.int().min(0),
  toS: z.int().min(0),
  stepS: z.int().min(60),
  serviceNamespace: z.string(),
  serviceName: z.string(),
  servicePort: z.string().optional(),
  clusters: clustersParam.optional(),
  entryNode: z.string().optional(),
  ingress: z.string().optional(),
  ...wholeHoursParams,
});
const points = {
  name: 'servicePoints',
  params,
  row: z.object({ point_s: bigColumn, ...countColumns }),
};
const hops = {
  name: 'serviceHops',
  params,
  row: z.object({
    point_s: bigColumn,
    hop_index: z.int(),
    kind: z.string(),
    from_role: z.string(),
    to_role: z.string(),
    hops: bigColumn,
    extra: bigColumn,
    rtt_buckets: durationColumn,
    request_cost_buckets: durationColumn,
    proxy_time_buckets: durationColumn,
  }),
};
const POINT = 'toUInt64(intDiv(rows.start_s, {stepS:UInt32}) * {stepS:UInt32}) AS point_s';

export const servicePointsSql = (query: StatsQuery): string => `SELECT
    ${POINT},
    ${mergedList(SERVICE_MEASURES)}
FROM (${rolledUpSql('services', sourceOf(query))}) AS rows
GROUP BY point_s
ORDER BY point_s
`;

const HOP_KEY = 'hop_index, kind, from_role, to_role';

export const serviceHopsSql = (query: StatsQuery): string => `SELECT
    ${POINT},
    ${HOP_KEY},
    ${mergedList(HOP_MEASURES)}
FROM (${rolledUpSql('hops', sourceOf(query))}) AS rows
GROUP BY point_s, ${HOP_KEY}
ORDER BY ${HOP_KEY}, point_s
`;

function sourceOf(query: StatsQuery): { filters: RollupFilter[]; mayUseHours: boolean } {
  const { clusters, servicePort, entryNode, ingress, stepS } = query;
  const optional = { clusters, servicePort, entryNode, ingress };
  const given = (['clusters', 'servicePort', 'entryNode', 'ingress'] as const).filter(
    (name) => optional[name] !== undefined,
  );
  return { filters: ['serviceName', ...given], mayUseHours: stepS >= HOUR_S };
}

/** In order of time; points without requests are left out. */
export async function servicePoints(
  store: Store,
  query: StatsQuery,
  options: CallOptions = {},
): Promise<RequestPoint[]> {
  const sql = servicePointsSql(query);
  const rows = await runQuery(store, points, {
    sql,
    params: await given(store, query, options),
    ...options,
  });
  return rows.map((row) => ({ startUs: row.point_s * 1e6, ...toCounts(row) }));
}

/** In order of their place on the path. */
export async function serviceHops(
  store: Store,
  query: StatsQuery,
  options: CallOptions = {},
): Promise<HopSeries[]> {
  if (query.entryNode !== undefined || query.ingress !== undefined) return [];
  const sql = serviceHopsSql(query);
  const rows = await runQuery(store, hops, {
    sql,
    params: await given(store, query, options),
    ...options,
  });
  const series = new Map<string, HopSeries>();
  for (const row of rows) {
    const { hop_index: index, kind, from_role: fromRole, to_role: toRole } = row;
    const key = [index, kind, fromRole, toRole].join(' ');
    const one = series.get(key) ?? { index, kind, fromRole, toRole, points: [] };
    series.set(key, one);
    const { rtt_buckets: rtt, request_cost_buckets: requestCost } = row;
    const proxyTime = row.proxy_time_buckets;
    const counts = { hops: row.hops, extra: row.extra };
    one.points.push({ startUs: row.point_s * 1e6, ...counts, rtt, requestCost, proxyTime });
  }
  return [...series.values()];
}

async function given(
  store: Store,
  query: StatsQuery,
  options: CallOptions,
): Promise<z.input<typeof params>> {
  const whole = query.stepS >= HOUR_S ? await wholeHoursOf(store, query, options) : {};
  const values = Object.entries({ ...query, ...whole }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(values) as z.input<typeof params>;
}
