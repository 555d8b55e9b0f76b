/** Prometheus metrics of the collector, in a registry of their own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'hoptrace_collector_';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Counter<T>({ name: PREFIX + name, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string) => new Gauge({ name: PREFIX + name, help, registers });
  return {
    registry,
    ...logMetrics(registers),
    ...windowMetrics(registers),
    ...topologyMetrics(registers),
    ...rollupMetrics(registers),
    ...limitMetrics(registers),
    ...overloadMetrics(registers),
    batches: counter('batches_total', 'Batches answered.', ['road', 'result']),
    records: counter('records_total', 'Records that ClickHouse confirmed.', ['kind']),
    duplicates: counter('duplicate_records_total', 'Records that had been stored before.'),
    refused: counter('refused_records_total', 'Records (or whole batches) refused.', ['reason']),
    unauthorized: counter('unauthorized_total', 'Requests with a missing or wrong token.'),
    connections: gauge('connections', 'Open agent connections.'),
    pausedConnections: gauge(
      'paused_connections',
      'Connections not read because the queue is full.',
    ),
    queueRecords: gauge('queue_records', 'Records accepted and not yet confirmed.'),
    queueFull: counter('queue_full_total', 'Batches that met a full queue.'),
    insertSeconds: new Histogram({
      name: `${PREFIX}insert_seconds`,
      help: 'One insert, as answered by ClickHouse.',
      labelNames: ['table'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    insertFailures: counter('insert_failures_total', 'Inserts that failed and are retried.', [
      'table',
    ]),
    stitchRecords: gauge('stitch_records', 'Records held for stitching.'),
    stitchGroups: gauge('stitch_groups', 'Groups of records held for stitching.'),
    stitchEvicted: counter(
      'stitch_evicted_records_total',
      'Records let go before their time because the table was full.',
    ),
    stitchClosedGroups: counter(
      'stitch_closed_groups_total',
      'Groups closed because they grew too large; later records start a new one.',
    ),
    stitchOrphans: counter(
      'stitch_orphan_revisions_total',
      'Late leg revisions whose first record is forgotten; stored, not stitched.',
    ),
    stitchFailures: counter('stitch_failures_total', 'Groups that reconstruction failed on.'),
    paths: counter('paths_total', 'Path versions written, by outcome.', ['outcome']),
    pathsWithdrawn: counter('paths_withdrawn_total', 'Paths withdrawn by later evidence.'),
    pathsDropped: counter(
      'paths_dropped_total',
      'Path versions lost because they could not be kept or written.',
    ),
    losses: counter('agent_losses_total', 'What agents said that they lost.', ['node', 'what']),
  };
}

function topologyMetrics(registers: Registry[]) {
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge<T>({ name: PREFIX + name, help, labelNames: [...labelNames], registers });
  const counter = (name: string, help: string) =>
    new Counter({ name: PREFIX + name, help, registers });
  return {
    topologyUp: gauge(
      'topology_up',
      '1: the topology in use is the newest one; 0: the file broke.',
    ),
    topologyObjects: gauge('topology_objects', 'Kubernetes objects in the topology in use.'),
    topologyEnded: gauge('topology_ended_states', 'States that ended and are still remembered.'),
    topologyWaiting: gauge('topology_waiting_states', 'States that are not yet in ClickHouse.'),
    topologyChanges: counter('topology_changes_total', 'States of objects that began or ended.'),
    topologyDropped: counter(
      'topology_dropped_states_total',
      'States that were not stored because too many waited or the store refused them.',
    ),
    watchUp: gauge('watch_up', '1: the kind is listed and watched; 0: it is not.', ['kind']),
    watchLag: gauge('watch_lag_seconds', 'Since the watch of the kind was last heard of.', [
      'kind',
    ]),
    watchEvents: gauge(
      'watch_events',
      'Since the start: lists, lists because of 410 (gone), reconnects, changes, objects that cannot be read.',
      ['kind', 'what'],
    ),
  };
}

function limitMetrics(registers: Registry[]) {
  return {
    limitedBatches: new Counter({
      name: `${PREFIX}limited_batches_total`,
      help: 'Times that a batch met a limit: of its node, of its tenant, or the quota of nodes.',
      labelNames: ['scope', 'node'],
      registers,
    }),
    limitedSeconds: new Counter({
      name: `${PREFIX}limited_seconds_total`,
      help: 'Time that connections were not read because of limits.',
      registers,
    }),
  };
}

function overloadMetrics(registers: Registry[]) {
  const gauge = (name: string, help: string) => new Gauge({ name: PREFIX + name, help, registers });
  const counter = (name: string, help: string) =>
    new Counter({ name: PREFIX + name, help, registers });
  return {
    shedRate: gauge(
      'shed_rate',
      'Share of the plain served paths that is stored; below 1 in an overload, others are in weights.',
    ),
    shedPaths: counter('shed_paths_total', 'Paths that an overload kept from being stored.'),
    shedUnweighed: counter(
      'shed_unweighed_paths_total',
      'Paths shed that no weight holds: their service had none to carry it soon enough.',
    ),
    pathLag: gauge('path_lag_seconds', 'How long the oldest news waits to become a path.'),
  };
}

function windowMetrics(registers: Registry[]) {
  const counter = (name: string, help: string) =>
    new Counter({ name: PREFIX + name, help, registers });
  return {
    stitchWindowsJudged: counter(
      'stitch_windows_judged_total',
      'Windows of a proxy in which a cause was open and times were compared.',
    ),
    stitchWindowsUnjudged: counter(
      'stitch_windows_unjudged_total',
      'Windows of a proxy in which a cause was open, and records may be missing or were too many.',
    ),
    stitchLinksDropped: counter(
      'stitch_links_dropped_total',
      'Links from times that would have made a group too large.',
    ),
  };
}

function rollupMetrics(registers: Registry[]) {
  const gauge = (name: string, help: string) => new Gauge({ name: PREFIX + name, help, registers });
  return {
    rollupLag: gauge(
      'rollup_lag_seconds',
      'How long the oldest path that its roll-up lacks has been waiting; 0: none waits.',
    ),
    rollupDirty: gauge('rollup_dirty_minutes', 'Minutes with paths that their roll-up lacks.'),
    rollupMinutes: new Counter({
      name: `${PREFIX}rollup_minutes_total`,
      help: 'Minutes counted, each time that one is.',
      registers,
    }),
    rollupSeconds: new Histogram({
      name: `${PREFIX}rollup_seconds`,
      help: 'Counting neighbouring minutes, or adding up an hour.',
      labelNames: ['span'],
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    }),
  };
}

function logMetrics(registers: Registry[]) {
  const gauge = (name: string, help: string) => new Gauge({ name: PREFIX + name, help, registers });
  const counter = (name: string, help: string) =>
    new Counter({ name: PREFIX + name, help, registers });
  const nodeGauge = (name: string, help: string) =>
    new Gauge({ name: PREFIX + name, help, labelNames: ['node'], registers });
  return {
    logBytes: gauge('log_bytes', 'Size of the write-ahead log on disk.'),
    logBacklog: gauge('log_backlog_batches', 'Batches that are durable and not yet in ClickHouse.'),
    logStalled: gauge('log_stalled', '1: the log cannot be written (disk full or failing).'),
    logDamaged: counter(
      'log_damaged_batches_total',
      'Batches of the log that could not be read back; their senders send them again.',
    ),
    logTornBytes: counter('log_torn_bytes_total', 'Bytes of unfinished writes cut off at start.'),
    logFull: counter('log_full_total', 'Batches that met a log without room.'),
    agentClockOffset: nodeGauge(
      'agent_clock_offset_seconds',
      "The collector's clock minus the agent's, as the agent estimates it.",
    ),
    agentLag: nodeGauge(
      'agent_lag_seconds',
      'Age of the oldest record that the agent has not got stored.',
    ),
  };
}
