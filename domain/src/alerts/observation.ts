/** What was measured for alerts: one kind, one set of labels, one value. */
import type { AlertKind, AlertRule, Labels } from '../rest/alerts.ts';

export interface Observation {
  readonly kind: AlertKind;
  /** Who it is about: cluster, and service, node, cause or hop. */
  readonly labels: Labels;
  /** In the unit of the kind: see KINDS. */
  readonly value: number;
  /** Requests or attempts behind the value. */
  readonly count: number;
  /** The usual value; null: the kind compares with none, or too little is known of before. */
  readonly baseline: number | null;
  readonly pathId: string | null;
  /** What is said of it, where the kind has no words of its own that are better. */
  readonly text?: string;
  /** A remedy that goes with what was observed; empty: that of the kind. */
  readonly remedy: string;
}

/** How long before the window the usual value is looked for. */
export const BASELINE_SECONDS = 24 * 3600;
/** A rise by a factor of almost nothing is nothing: nanoseconds that a latency must rise at least. */
const MIN_RISE_NS = 500_000;

interface KindFacts {
  /** What value and threshold count. */
  readonly unit: string;
  /** Does this observation hold at this threshold? Null: it cannot be told, for want of a usual value. */
  readonly holds: (observation: Observation, threshold: number) => boolean | null;
  readonly words: (observation: Observation, rule: AlertRule) => string;
  readonly remedy: string;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const milliseconds = (ns: number) => `${(ns / 1e6).toFixed(2)} ms`;
const whole = (value: number) => String(Math.round(value));
const serviceOf = ({ labels }: Observation) => `Service ${labels.namespace}/${labels.service}`;
const reaches: KindFacts['holds'] = ({ value }, threshold) => value >= threshold;
const rises: KindFacts['holds'] = ({ value, baseline }, threshold) =>
  baseline === null ? null : value - baseline >= threshold;
const usually = ({ baseline }: Observation) => (baseline === null ? 'unknown' : percent(baseline));

export const KINDS: Readonly<Record<AlertKind, KindFacts>> = {
  refusedConnections: {
    unit: 'refused attempts to connect within the window',
    holds: reaches,
    words: (seen, { windowSeconds }) =>
      `${whole(seen.value)} attempts to connect to ${serviceOf(seen)} were refused on ${seen.labels.node || 'an unknown node'} within ${windowSeconds} s (${seen.labels.cause})`,
    remedy: 'Open the example: its refusal tells cause and remedy.',
  },
  loadBalancerUnhealthyNode: {
    unit: 'seconds for which a load balancer went on sending to a node without a local endpoint',
    holds: reaches,
    words: (seen) =>
      seen.text ??
      `a load balancer kept sending to ${seen.labels.node} without a local endpoint of ${serviceOf(seen)} for ${whole(seen.value)} s`,
    remedy: 'Compare the health check of the load balancer with healthCheckNodePort.',
  },
  extraHopShare: {
    unit: 'rise of the share of requests with an extra hop over the day before',
    holds: rises,
    words: (seen) =>
      `${percent(seen.value)} of the requests to ${serviceOf(seen)} take a crossing between machines that an allowed choice avoids; usually ${usually(seen)}`,
    remedy:
      'Look at the entry nodes: the load balancer sends to nodes without an endpoint, or endpoints moved away.',
  },
  clientAddressLost: {
    unit: 'rise of the share of requests whose client nobody behind can learn, over the day before',
    holds: rises,
    words: (seen) =>
      `${percent(seen.value)} of the requests to ${serviceOf(seen)} reach it without the address of their client; usually ${usually(seen)}`,
    remedy:
      'externalTrafficPolicy: Local keeps the address; behind a proxy in TCP mode, the PROXY protocol on both ends does.',
  },
  forgedHeader: {
    unit: 'requests whose headers claim a client that was not seen',
    holds: reaches,
    words: (seen) =>
      `${whole(seen.value)} requests to ${serviceOf(seen)} claim a client address that contradicts what was seen`,
    remedy:
      'Accept PROXY headers and X-Forwarded-For from your own load balancers only, by their addresses.',
  },
  hopLatency: {
    unit: 'slowest hundredth of a hop, as a multiple of the day before',
    holds: ({ value, baseline }, threshold) =>
      baseline === null ? null : value >= baseline * threshold && value - baseline >= MIN_RISE_NS,
    words: (seen) =>
      `the hop ${seen.labels.hop} of ${serviceOf(seen)} takes ${milliseconds(seen.value)} in its slowest hundredth; usually ${seen.baseline === null ? 'unknown' : milliseconds(seen.baseline)}`,
    remedy: 'Open the example, and compare the hop by node.',
  },
  agentSilent: {
    unit: 'seconds since the agent was last heard of',
    holds: reaches,
    words: ({ labels, value }) =>
      `the agent of node ${labels.node} was last heard of ${whole(value)} s ago: what happens there is not seen`,
    remedy: 'Look whether its Pod runs, and whether it reaches the collector.',
  },
  evidenceLost: {
    unit: 'records, frames and legs lost by an agent within the window',
    holds: reaches,
    words: ({ labels, value }, { windowSeconds }) =>
      `the agent of node ${labels.node} lost ${whole(value)} pieces of evidence within ${windowSeconds} s: paths through it may be incomplete`,
    remedy:
      'Give the agent more CPU or a larger spool; its metrics page tells which queue ran over.',
  },
};
