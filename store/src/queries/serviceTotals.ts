/** All services of a time range, from roll-ups. */
import type { ServiceTotals } from '@hoptrace/domain/rest/services.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { HOUR_S, MINUTE_S, MINUTES, SERVICE_MEASURES } from '../rollups/rollupTables.ts';
import { runQuery } from './query.ts';
import { clustersParam } from './recordWindow.ts';
import {
  countColumns,
  mergedList,
  rolledUpSql,
  toCounts,
  wholeHoursOf,
  wholeHoursParams,
} from './rolledUp.ts';

const MAX_SERVICES = 1000;
/** Below, adding up minutes is cheaper than finding out which hours are whole. */
const MIN_HOURS_S = 6 * HOUR_S;

/** Seconds since the epoch, on whole minutes; `toS` is exclusive. */
export interface TotalsQuery {
  readonly fromS: number;
  readonly toS: number;
  /** Absent: all. */
  readonly clusters?: readonly string[] | undefined;
}

const params = z.strictObject({ fromS: z.int().min(0), toS: z.int().min(0) });
const totals = {
  name: 'serviceTotals',
  params: params.extend({ rows: z.int(), clusters: clustersParam.optional(), ...wholeHoursParams }),
  row: z.object({
    service_namespace: z.string(),
    service_name: z.string(),
    service_port: z.string(),
    ...countColumns,
  }),
};
const newest = {
  name: 'newestMinute',
  params,
  row: z.object({ minutes: z.string(), newest_s: z.int() }),
};

const usesHours = ({ fromS, toS }: TotalsQuery): boolean => toS - fromS >= MIN_HOURS_S;

const SERVICE = 'service_namespace, service_name, service_port';

function sourceOf(query: TotalsQuery): Parameters<typeof rolledUpSql>[1] {
  const filters = query.clusters === undefined ? [] : (['clusters'] as const);
  return { filters, mayUseHours: usesHours(query) };
}

export const serviceTotalsSql = (query: TotalsQuery): string => `SELECT
    ${SERVICE},
    ${mergedList(SERVICE_MEASURES)}
FROM (${rolledUpSql('services', sourceOf(query))}) AS rows
WHERE rows.service_name != ''
GROUP BY ${SERVICE}
ORDER BY requests DESC, ${SERVICE}
LIMIT {rows:UInt32}
`;

const NEWEST_SQL = `SELECT count() AS minutes, max(start_s) AS newest_s
FROM ${MINUTES.runs}
WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64}
`;

/** At most 1000, the busiest first. Requests whose service is not known are left out. */
export async function serviceTotals(
  store: Store,
  query: TotalsQuery,
  options: CallOptions = {},
): Promise<ServiceTotals[]> {
  const whole = usesHours(query) ? await wholeHoursOf(store, query, options) : {};
  const { clusters, ...range } = query;
  const named = clusters === undefined ? {} : { clusters: [...clusters] };
  const given = { ...range, ...named, ...whole, rows: MAX_SERVICES };
  const call = { sql: serviceTotalsSql(query), params: given };
  const rows = await runQuery(store, totals, { ...call, ...options });
  return rows.map((row) => ({
    service: {
      namespace: row.service_namespace,
      name: row.service_name,
      port: row.service_port,
    },
    ...toCounts(row),
  }));
}

/** End of the newest minute of the range that was counted, microseconds since the epoch; null: none was. */
export async function countedUntilUs(
  store: Store,
  { fromS, toS }: TotalsQuery,
  options: CallOptions = {},
): Promise<number | null> {
  const call = { sql: NEWEST_SQL, params: { fromS, toS } };
  const [row] = await runQuery(store, newest, { ...call, ...options });
  if (row === undefined || row.minutes === '0') return null;
  return (row.newest_s + MINUTE_S) * 1e6;
}
