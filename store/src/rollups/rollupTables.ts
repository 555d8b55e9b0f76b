/** What is counted, and how the two spans (minutes and hours) are called. */
import { histogramSql } from './buckets.ts';

/** How many paths a row of paths_v1 stands for: more than one where others were shed in an overload. */
const WEIGHT = 'paths_v1.weight';
const weightIf = (condition: string): string => `sumIf(${WEIGHT}, ${condition})`;
const weightMap = (key: string): string => `map(${key}, toUInt64(${WEIGHT}))`;

export const MINUTE_S = 60;
export const HOUR_S = 3600;

export interface Span {
  readonly seconds: number;
  readonly runs: string;
  readonly services: string;
  readonly hops: string;
}

export const MINUTES: Span = {
  seconds: MINUTE_S,
  runs: 'minute_runs_v1',
  services: 'service_minutes_v1',
  hops: 'hop_minutes_v1',
};
export const HOURS: Span = {
  seconds: HOUR_S,
  runs: 'hour_runs_v1',
  services: 'service_hours_v1',
  hops: 'hop_hours_v1',
};

export const SERVICE_KEYS = [
  'cluster',
  'service_namespace',
  'service_name',
  'service_port',
  'entry_node',
  'ingress',
] as const;

/** Of each measure: how it is counted from paths. It merges by sum, or by sumMap where it is a map. */
export const SERVICE_MEASURES = {
  requests: `sum(${WEIGHT})`,
  served: weightIf("outcome = 'served'"),
  reset: weightIf("outcome = 'reset'"),
  rejected: weightIf("outcome = 'rejected'"),
  dropped: weightIf("outcome = 'dropped'"),
  with_extra_hops: weightIf('paths_v1.extra_hops > 0'),
  extra_hops: `sum(paths_v1.extra_hops * ${WEIGHT})`,
  crossings: `sum(paths_v1.crossings * ${WEIGHT})`,
  incomplete: weightIf('completeness < 1'),
  refusals: `sumMapIf(${weightMap('refusal_cause')}, refusal_kind != 'none')`,
  source_scenarios: `sumMap(${weightMap('source_scenario')})`,
  response_buckets: histogramSql('response_ns', WEIGHT),
} as const;

export const HOP_KEYS = [
  'cluster',
  'service_namespace',
  'service_name',
  'service_port',
  'hop_index',
  'kind',
  'from_role',
  'to_role',
  'from_node',
  'to_node',
] as const;

export const HOP_MEASURES = {
  hops: `sum(${WEIGHT})`,
  extra: weightIf('is_extra'),
  rtt_buckets: histogramSql('rtt_ns', WEIGHT),
  request_cost_buckets: histogramSql('request_cost_ns', WEIGHT),
  proxy_time_buckets: histogramSql('proxy_time_ns', WEIGHT),
} as const;

const MAPS: ReadonlySet<string> = new Set([
  'refusals',
  'source_scenarios',
  'response_buckets',
  'rtt_buckets',
  'request_cost_buckets',
  'proxy_time_buckets',
]);

/** SQL that adds up a measure of `table`; the prefix keeps ClickHouse from taking an alias for the column. */
export const mergedSql = (table: string, measure: string): string =>
  `${MAPS.has(measure) ? 'sumMap' : 'sum'}(${table}.${measure})`;
