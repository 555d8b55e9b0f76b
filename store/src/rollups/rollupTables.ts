/** What is counted, and how the two spans (minutes and hours) are called. */
import { histogramSql } from './buckets.ts';

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
  requests: 'count()',
  served: "countIf(outcome = 'served')",
  reset: "countIf(outcome = 'reset')",
  rejected: "countIf(outcome = 'rejected')",
  dropped: "countIf(outcome = 'dropped')",
  with_extra_hops: 'countIf(paths_v1.extra_hops > 0)',
  extra_hops: 'sum(paths_v1.extra_hops)',
  crossings: 'sum(paths_v1.crossings)',
  incomplete: 'countIf(completeness < 1)',
  refusals: "sumMapIf(map(refusal_cause, toUInt64(1)), refusal_kind != 'none')",
  source_scenarios: 'sumMap(map(source_scenario, toUInt64(1)))',
  response_buckets: histogramSql('response_ns'),
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
  hops: 'count()',
  extra: 'countIf(is_extra)',
  rtt_buckets: histogramSql('rtt_ns'),
  request_cost_buckets: histogramSql('request_cost_ns'),
  proxy_time_buckets: histogramSql('proxy_time_ns'),
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
