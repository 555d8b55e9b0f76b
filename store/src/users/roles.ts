/**
 * The users that services and readers of the data work as; only `hoptrace store migrate` needs more. One table for both:
 * the SQL for a server and the users.xml of the embedded engine.
 *
 *   hoptrace_writer    the collector: inserts, reads paths to count them and its topology, sees which migrations there are
 *   hoptrace_reader    the API: reads every table, keeps alerts, silences and its audit log
 *   hoptrace_grafana   dashboards: paths, roll-ups, refusals and agents, no raw records
 */
import { localName } from '../cluster/form.ts';
import { LEDGER_TABLE } from '../migrate.ts';

export const ROLES = ['writer', 'reader', 'grafana'] as const;
export type Role = (typeof ROLES)[number];

export const userOf = (role: Role): string => `hoptrace_${role}`;

/** Paths counted by minute and by hour: the collector counts, and takes away what a later count replaced. */
const ROLLUPS = ['service_minutes_v1', 'hop_minutes_v1', 'service_hours_v1', 'hop_hours_v1'];
const ROLLUP_RUNS = ['minute_runs_v1', 'hour_runs_v1'];
const ROLLUP_MARKS = 'rollup_marks_v1';

/** Of a cluster, servers ask each other for the local tables in the name of the user. */
const withLocal = (tables: readonly string[]) =>
  tables.flatMap((table) => [table, localName(table)]);
const GRAFANA_TABLES = withLocal([
  'paths_v1',
  'refusals_v1',
  'agents_v1',
  ...ROLLUPS,
  ...ROLLUP_RUNS,
]);
/** What the API keeps of its own. */
const OWN = ['alerts_v1', 'silences_v1', 'audit_v1'];
/** Read back when a collector starts. */
const TOPOLOGY = withLocal(['topology_v1']);
const COUNTED_FROM = withLocal(['paths_v1', ...ROLLUPS, ...ROLLUP_RUNS, ROLLUP_MARKS]);

/** What follows GRANT. */
export function grantsOf(role: Role, database: string): readonly string[] {
  const on = (right: string, table: string) => `${right} ON ${database}.${table}`;
  if (role === 'writer') {
    return [
      on('INSERT', '*'),
      ...[LEDGER_TABLE, ...COUNTED_FROM, ...TOPOLOGY].map((table) => on('SELECT', table)),
      ...withLocal(ROLLUPS).map((table) => on('ALTER DELETE', table)),
    ];
  }
  if (role === 'reader') {
    return [on('SELECT', '*'), ...withLocal(OWN).map((table) => on('INSERT', table))];
  }
  return GRAFANA_TABLES.map((table) => on('SELECT', table));
}

export interface Limit {
  readonly name: string;
  readonly value: number;
  /** Both where a query may choose. A minimum, because 0 means no limit. */
  readonly min?: number;
  readonly max?: number;
}

/** The API asks for 20 s itself. */
const READ_SECONDS = 20;

/** For a role that only reads: settings of a query may change, but not beyond these. */
export function limitsOf(role: Role, memoryBytes: number): readonly Limit[] {
  if (role === 'writer') return [];
  return [
    ...(role === 'grafana' ? [{ name: 'readonly', value: 2 }] : []),
    { name: 'max_execution_time', value: READ_SECONDS, min: 1, max: READ_SECONDS },
    { name: 'max_memory_usage', value: memoryBytes, min: 1, max: memoryBytes },
  ];
}
