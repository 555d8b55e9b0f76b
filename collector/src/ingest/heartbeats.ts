/** What envelopes say about their senders, gathered so that each node costs one row every few seconds. */
import { type LossWindows, noteLosses } from '@hoptrace/domain/loss/lossWindows.ts';
import type { TimeWindow } from '@hoptrace/domain/loss/timeWindows.ts';
import type { AgentLosses, Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { Heartbeat } from '../collectorStore.ts';

/** Nodes of all clusters that one collector remembers; the one that was silent longest gives way. */
const MAX_NODES = 10_000;

const NO_LOSSES: LossWindows = new Map();

interface NodeState {
  heartbeat: Heartbeat;
  isDirty: boolean;
  lastWrittenMs: number;
  /** Of the newest envelope. */
  sentAtUs: number;
  /** When its boot was first heard of; an older boot that is heard again counts as a new one. */
  bootSinceUs: number;
  /** As the agent said last; null: it never did. */
  watermarkUs: number | null;
  exchangesSinceUs: number | null;
}

/** A connection that began before its agent did is not seen: by then such a one is closed, most likely, or idle. */
const KEPT_CONNECTION_US = 60_000_000;

export class HeartbeatBook {
  readonly #intervalMs: number;
  readonly #nodes = new Map<string, NodeState>();
  readonly #losses = new Map<string, LossWindows>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Notes an envelope. Losses add up until the next heartbeat is taken; a new boot starts from its own. */
  note(envelope: Envelope, nowMs: number): void {
    const { cluster, node, bootId, addresses, facts = null } = envelope;
    const key = `${cluster}\n${node}`;
    const known = this.#nodes.get(key);
    const own = { ...envelope.losses, ringRefusals: envelope.ringRefusals ?? 0 };
    const losses = known?.isDirty === true ? addLosses(known.heartbeat.losses, own) : own;
    const isSameBoot = known?.heartbeat.bootId === bootId;
    const unwritten = known?.isDirty === true ? known.heartbeat.facts : null;
    const seenUs = nowMs * 1000;
    this.#nodes.delete(key);
    this.#nodes.set(key, {
      heartbeat: { cluster, node, bootId, seenUs, losses, addresses, facts: facts ?? unwritten },
      isDirty: true,
      lastWrittenMs: known?.lastWrittenMs ?? Number.NEGATIVE_INFINITY,
      sentAtUs: envelope.sentAtUs,
      bootSinceUs: isSameBoot
        ? known.bootSinceUs
        : Math.max(envelope.sentAtUs, known?.bootSinceUs ?? 0),
      ...saidOf(envelope, isSameBoot ? known : null),
    });
    const previousUs = isSameBoot ? known.sentAtUs : null;
    const windows = this.#losses.get(cluster) ?? NO_LOSSES;
    this.#losses.set(cluster, noteLosses(windows, envelope, previousUs));
    if (this.#nodes.size > MAX_NODES) this.#forgetOldest();
  }

  /** Records that were refused are as lost as those that never came; the agent counts them, and does not say so. */
  noteRefused(envelope: Envelope, count: number): void {
    const { cluster, node, bootId } = envelope;
    const known = this.#nodes.get(`${cluster}\n${node}`);
    const previousUs = known?.heartbeat.bootId === bootId ? known.sentAtUs : null;
    const losses = { ...envelope.losses, unsentRecords: envelope.losses.unsentRecords + count };
    const windows = this.#losses.get(cluster) ?? NO_LOSSES;
    this.#losses.set(cluster, noteLosses(windows, { ...envelope, losses }, previousUs));
  }

  /** The heartbeats that are due, at most one per node and interval. They count as written. */
  takeDue(nowMs: number): Heartbeat[] {
    const due = [...this.#nodes.values()].filter(
      (each) => each.isDirty && nowMs - each.lastWrittenMs >= this.#intervalMs,
    );
    for (const each of due) {
      each.isDirty = false;
      each.lastWrittenMs = nowMs;
    }
    return due.map((each) => each.heartbeat);
  }

  /** A heartbeat that could not be written comes back: its losses and facts must not be forgotten. */
  giveBack(heartbeat: Heartbeat): void {
    const state = this.#nodes.get(`${heartbeat.cluster}\n${heartbeat.node}`);
    if (state === undefined) return;
    const newest = state.heartbeat;
    state.heartbeat = state.isDirty
      ? {
          ...newest,
          losses: addLosses(newest.losses, heartbeat.losses),
          facts: newest.facts ?? heartbeat.facts,
        }
      : heartbeat;
    state.isDirty = true;
  }

  /**
   * Between which times, by its own clock, an agent has told of every request on its node, or counted it as lost.
   * Null: it does not say so.
   */
  coverageOf(cluster: string, node: string): TimeWindow | null {
    const state = this.#nodes.get(`${cluster}\n${node}`);
    if (state === undefined || state.watermarkUs === null) return null;
    const { bootSinceUs, exchangesSinceUs, watermarkUs } = state;
    if (exchangesSinceUs === null) return null;
    const sinceUs = Math.max(bootSinceUs, exchangesSinceUs) + KEPT_CONNECTION_US;
    return { fromUs: sinceUs, toUs: watermarkUs };
  }

  /** When the agents of one cluster lost records. */
  lossWindows(cluster: string): LossWindows {
    return this.#losses.get(cluster) ?? NO_LOSSES;
  }

  #forgetOldest(): void {
    const [first] = this.#nodes;
    if (first === undefined) return;
    const [key, { heartbeat }] = first;
    this.#nodes.delete(key);
    const windows = new Map(this.#losses.get(heartbeat.cluster));
    windows.delete(heartbeat.node);
    this.#losses.set(heartbeat.cluster, windows);
  }
}

/** Heartbeats tell both; the batches between them tell neither. */
function saidOf(
  { watermarkUs, exchangesSinceUs }: Envelope,
  known: NodeState | null,
): Pick<NodeState, 'watermarkUs' | 'exchangesSinceUs'> {
  if (watermarkUs === undefined)
    return {
      watermarkUs: known?.watermarkUs ?? null,
      exchangesSinceUs: known?.exchangesSinceUs ?? null,
    };
  return { watermarkUs, exchangesSinceUs: exchangesSinceUs ?? null };
}

function addLosses(a: AgentLosses, b: AgentLosses): AgentLosses {
  return {
    ringEvents: a.ringEvents + b.ringEvents,
    badFrames: a.badFrames + b.badFrames,
    evictedLegs: a.evictedLegs + b.evictedLegs,
    unsentRecords: a.unsentRecords + b.unsentRecords,
    ringRefusals: a.ringRefusals + b.ringRefusals,
  };
}
