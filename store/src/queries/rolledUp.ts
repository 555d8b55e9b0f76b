/** What every read of roll-ups shares: which rows count, and how a histogram becomes quantiles. */
import type { RequestCounts } from '@hoptrace/domain/rest/services.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { durationsOf } from '../rollups/buckets.ts';
import { winnersSql } from '../rollups/rollupSql.ts';
import {
  HOP_KEYS,
  HOP_MEASURES,
  HOUR_S,
  HOURS,
  MINUTES,
  mergedSql,
  SERVICE_KEYS,
  SERVICE_MEASURES,
  type Span,
} from '../rollups/rollupTables.ts';
import { bigColumn } from '../rows/values.ts';
import { runQuery } from './query.ts';

/** In the order in which they appear in the SQL. The key is the parameter that switches one on. */
const FRAGMENTS = {
  clusters: 'has({clusters:Array(String)}, cluster)',
  serviceName:
    'service_namespace = {serviceNamespace:String} AND service_name = {serviceName:String}',
  servicePort: 'service_port = {servicePort:String}',
  entryNode: 'entry_node = {entryNode:String}',
  ingress: 'ingress = {ingress:String}',
} as const;

export type RollupFilter = keyof typeof FRAGMENTS;

const wholeHours = {
  name: 'wholeHours',
  params: z.strictObject({ fromS: z.int().min(0), toS: z.int().min(0) }),
  row: z.object({ start_s: z.int(), newest_run: z.string().transform(BigInt) }),
};

const WHOLE_HOURS_SQL = `SELECT hours.start_s AS start_s, hours.newest_run AS newest_run
FROM
(
    SELECT start_s, argMax(run, (generation, run)) AS newest_run, max(generation) AS newest
    FROM ${HOURS.runs}
    WHERE start_s >= {fromS:UInt64} AND start_s + ${HOUR_S} <= {toS:UInt64}
    GROUP BY start_s
) AS hours
LEFT JOIN
(
    SELECT intDiv(minute_s, ${HOUR_S}) * ${HOUR_S} AS hour_s, sum(newest) AS newest
    FROM
    (
        SELECT start_s AS minute_s, max(generation) AS newest
        FROM ${MINUTES.runs}
        WHERE start_s >= {fromS:UInt64} AND start_s < {toS:UInt64}
        GROUP BY start_s
    )
    GROUP BY hour_s
) AS minutes ON hours.start_s = minutes.hour_s
WHERE hours.newest >= minutes.newest
ORDER BY start_s
`;

/** Parameters of a rolledUpSql that may use hours. */
export interface WholeHours {
  readonly hours: readonly number[];
  readonly hourRuns: readonly bigint[];
}
export const wholeHoursParams = {
  hours: z.array(z.int()).optional(),
  hourRuns: z.array(z.bigint()).optional(),
};

/**
 * Hours that lie in the range as a whole and were added up after the last count of each of their minutes. Asked for
 * beforehand: one statement that asked twice could count an hour twice, or not at all.
 */
export async function wholeHoursOf(
  store: Store,
  { fromS, toS }: { readonly fromS: number; readonly toS: number },
  options: CallOptions,
): Promise<WholeHours> {
  const call = { sql: WHOLE_HOURS_SQL, params: { fromS, toS } };
  const rows = await runQuery(store, wholeHours, { ...call, ...options });
  return { hours: rows.map((row) => row.start_s), hourRuns: rows.map((row) => row.newest_run) };
}

const COLUMNS = {
  services: ['start_s', ...SERVICE_KEYS, ...Object.keys(SERVICE_MEASURES)].join(', '),
  hops: ['start_s', ...HOP_KEYS, ...Object.keys(HOP_MEASURES)].join(', '),
};

/**
 * Rows of the range, each request in one of them: of minutes, or of hours where `mayUseHours` and the hour is whole.
 * Parameters: fromS, toS, those of the filters, and of wholeHoursOf.
 */
export function rolledUpSql(
  table: 'services' | 'hops',
  options: { readonly filters: readonly RollupFilter[]; readonly mayUseHours: boolean },
): string {
  const filters = Object.entries(FRAGMENTS)
    .filter(([name]) => options.filters.includes(name as RollupFilter))
    .map(([, fragment]) => fragment);
  const rows = (span: Span, ...conditions: string[]) =>
    `SELECT ${COLUMNS[table]} FROM ${span[table]}
    WHERE ${['start_s >= {fromS:UInt64}', 'start_s < {toS:UInt64}', ...filters, ...conditions].join('\n        AND ')}`;
  const isNamed = `(start_s, run) IN (${winnersSql(MINUTES)})`;
  if (!options.mayUseHours) return rows(MINUTES, isNamed);
  const isWhole = `has({hours:Array(UInt32)}, intDiv(start_s, ${HOUR_S}) * ${HOUR_S})`;
  return `${rows(MINUTES, isNamed, `NOT ${isWhole}`)}
    UNION ALL
    ${rows(HOURS, '(start_s, run) IN (SELECT arrayJoin(arrayZip({hours:Array(UInt32)}, {hourRuns:Array(UInt64)})))')}`;
}

/** The measures added up; `rows` keeps ClickHouse from taking an alias for the column. */
export const mergedList = (measures: object): string =>
  Object.keys(measures)
    .map((name) => `${mergedSql('rows', name)} AS ${name}`)
    .join(',\n    ');

const countMap = z.record(z.string(), bigColumn);

/** A histogram becomes count and quantiles here: in SQL that took longer to analyse than all else to answer. */
export const durationColumn = z.unknown().transform((raw, context) => {
  const counts: Record<string, number> = {};
  // By hand: there are hundreds of buckets in a row.
  for (const [bucket, count] of Object.entries(raw ?? {})) counts[bucket] = Number(count);
  if (Object.values(counts).every(Number.isSafeInteger)) return durationsOf(counts);
  context.addIssue({ code: 'custom', message: 'is no histogram' });
  return z.NEVER;
});

export const countColumns = {
  requests: bigColumn,
  served: bigColumn,
  reset: bigColumn,
  rejected: bigColumn,
  dropped: bigColumn,
  with_extra_hops: bigColumn,
  extra_hops: bigColumn,
  crossings: bigColumn,
  incomplete: bigColumn,
  refusals: countMap,
  source_scenarios: countMap,
  response_buckets: durationColumn,
};
const countsSchema = z.object(countColumns);

export function toCounts(row: z.infer<typeof countsSchema>): RequestCounts {
  const { requests, served, reset, rejected, dropped } = row;
  const unknown = requests - served - reset - rejected - dropped;
  const { '': _, ...clientAddress } = row.source_scenarios;
  return {
    requests,
    outcomes: { served, reset, rejected, dropped, unknown },
    refusals: row.refusals,
    clientAddress,
    extraHops: row.extra_hops,
    withExtraHops: row.with_extra_hops,
    crossings: row.crossings,
    incomplete: row.incomplete,
    response: row.response_buckets,
  };
}
