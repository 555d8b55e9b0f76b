/** Counters of one agent: a plain object, its Prometheus text, and what is reported as lost. */
import type { Losses } from '@hoptrace/domain/wire/v1.ts';

const METRICS = {
  framesTotal: ['hoptrace_agent_frames_total', 'frames read from the loader'],
  badFramesTotal: ['hoptrace_agent_bad_frames_total', 'frames that did not decode'],
  unclockedFramesTotal: [
    'hoptrace_agent_unclocked_frames_total',
    'frames before the first clock frame, which mean nothing without it',
  ],
  badProxyHeadersTotal: [
    'hoptrace_agent_bad_proxy_headers_total',
    'captured bytes that are no valid PROXY header',
  ],
  unkeyedProxyLinksTotal: [
    'hoptrace_agent_unkeyed_proxy_links_total',
    'proxy links whose subject has no sequence numbers',
  ],
  ringLostTotal: ['hoptrace_agent_ring_lost_total', 'ring buffer reservations that failed'],
  ringLostRefusalsTotal: [
    'hoptrace_agent_ring_lost_refusals_total',
    'of them dropped SYNs and ICMP errors: the ring keeps a quarter of itself for these',
  ],
  ringLostLegsTotal: ['hoptrace_agent_ring_lost_legs_total', 'of them beginnings and ends of legs'],
  ringLostExchangesTotal: [
    'hoptrace_agent_ring_lost_exchanges_total',
    'of them requests, and what tells their contents',
  ],
  ringLostLinksTotal: [
    'hoptrace_agent_ring_lost_links_total',
    'of them links of proxies, and PROXY headers',
  ],
  synsTotal: ['hoptrace_agent_syns_total', 'SYNs at watched taps, repetitions included'],
  droppedSynsTotal: [
    'hoptrace_agent_dropped_syns_total',
    'SYNs that the kernel threw away with a reason',
  ],
  shedLegsTotal: [
    'hoptrace_agent_shed_legs_total',
    'legs left out by hash of their connection, because there were too many',
  ],
  leftOutExchangesTotal: [
    'hoptrace_agent_left_out_exchanges_total',
    'requests at taps that were not told, because their connection had too many',
  ],
  isDegraded: [
    'hoptrace_agent_degraded',
    '1 where conntrack is the only source, because eBPF cannot be had or is not wanted',
  ],
  conntrackEventsTotal: [
    'hoptrace_agent_conntrack_events_total',
    'events read from the netlink interface of conntrack',
  ],
  conntrackOverrunsTotal: [
    'hoptrace_agent_conntrack_overruns_total',
    'times that conntrack events were lost because the buffer was full (ENOBUFS)',
  ],
  conntrackOldTotal: [
    'hoptrace_agent_conntrack_old_total',
    'connections found in conntrack that had begun before the agent',
  ],
  mapFullTotal: ['hoptrace_agent_map_full_total', 'kernel storage that could not be had'],
  sourceRestartsTotal: ['hoptrace_agent_source_restarts_total', 'loader ends that were no order'],
  strayPacketsTotal: [
    'hoptrace_agent_stray_packets_total',
    'dropped SYNs and ICMP errors whose connection is not known',
  ],
  evictedLegsTotal: ['hoptrace_agent_evicted_legs_total', 'legs closed because the table was full'],
  forgottenLegsTotal: [
    'hoptrace_agent_forgotten_legs_total',
    'open legs dropped from memory after 5 minutes',
  ],
  unjudgedAttemptsTotal: [
    'hoptrace_agent_unjudged_attempts_total',
    'unanswered SYNs without a verdict, because events were lost',
  ],
  missingFeatures: [
    'hoptrace_agent_missing_features',
    'what this kernel does not let the agent see; above 0 the agent is degraded',
  ],
  openLegs: ['hoptrace_agent_open_legs', 'legs in memory'],
  recordsTotal: ['hoptrace_agent_records_total', 'records made'],
  unsentRecordsTotal: [
    'hoptrace_agent_unsent_records_total',
    'records dropped because the send queue was full',
  ],
  queuedRecords: ['hoptrace_agent_queued_records', 'records waiting to be sent'],
  inFlightBatches: ['hoptrace_agent_in_flight_batches', 'batches sent and not yet stored'],
  storedRecordsTotal: ['hoptrace_agent_stored_records_total', 'records the collector has stored'],
  refusedRecordsTotal: [
    'hoptrace_agent_refused_records_total',
    'records the collector refused for good',
  ],
  spoolBytes: ['hoptrace_agent_spool_bytes', 'size of the spool on disk'],
  spoolBatches: [
    'hoptrace_agent_spool_batches',
    'batches kept until the collector has stored them',
  ],
  spoolDroppedTotal: [
    'hoptrace_agent_spool_dropped_records_total',
    'records dropped from the spool because it was full or they were too old',
  ],
  spoolFailuresTotal: ['hoptrace_agent_spool_failures_total', 'writes to the spool that failed'],
  spoolDamagedTotal: [
    'hoptrace_agent_spool_damaged_total',
    'places in the spool that could not be read back',
  ],
  postsTotal: ['hoptrace_agent_posts_total', 'batches sent by HTTP, for want of a WebSocket'],
  movedBatchesTotal: [
    'hoptrace_agent_moved_batches_total',
    'batches handed from a collector that is away to another',
  ],
  resentBatchesTotal: ['hoptrace_agent_resent_batches_total', 'batches sent again'],
  connectsTotal: ['hoptrace_agent_connects_total', 'connections to the collector'],
  connectFailuresTotal: [
    'hoptrace_agent_connect_failures_total',
    'connections that failed or broke',
  ],
  isConnected: ['hoptrace_agent_connected', '1 while connected to the collector'],
} as const;

export type MetricName = keyof typeof METRICS;
export type Metrics = Record<MetricName, number>;

export function newMetrics(): Metrics {
  return Object.fromEntries(Object.keys(METRICS).map((name) => [name, 0])) as Metrics;
}

/** Prometheus text exposition format 0.0.4. */
export function prometheusText(metrics: Metrics): string {
  return Object.entries(METRICS)
    .map(([name, [metric, help]]) => {
      const type = metric.endsWith('_total') ? 'counter' : 'gauge';
      const value = metrics[name as MetricName];
      return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${metric} ${value}\n`;
    })
    .join('');
}

/** The part of the counters that the collector is told, each loss once. */
export class LossLedger {
  readonly #metrics: Metrics;
  #told: Losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** What was told in a batch that never arrived is told again. */
  giveBack(losses: Losses): void {
    const told = this.#told;
    this.#told = {
      ringEvents: told.ringEvents - losses.ringEvents,
      badFrames: told.badFrames - losses.badFrames,
      evictedLegs: told.evictedLegs - losses.evictedLegs,
      unsentRecords: told.unsentRecords - losses.unsentRecords,
    };
  }

  /** Losses since the last call. */
  take(): Losses {
    const told = this.#told;
    const total: Losses = {
      // How many events an overrun cost nobody knows; one says that there was one.
      ringEvents: this.#metrics.ringLostTotal + this.#metrics.conntrackOverrunsTotal,
      badFrames: this.#metrics.badFramesTotal,
      evictedLegs: this.#metrics.evictedLegsTotal,
      unsentRecords: this.#metrics.unsentRecordsTotal,
    };
    this.#told = total;
    return {
      ringEvents: total.ringEvents - told.ringEvents,
      badFrames: total.badFrames - told.badFrames,
      evictedLegs: total.evictedLegs - told.evictedLegs,
      unsentRecords: total.unsentRecords - told.unsentRecords,
    };
  }
}
