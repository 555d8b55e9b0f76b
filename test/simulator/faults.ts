/** Between an agent and the collector: restarts, deaths, losses, repetitions, delays. Bytes go through the real wire format. */
import { decodeBatch, encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import {
  type Envelope,
  type NodeAddress,
  SCHEMA_VERSION,
  type Sourced,
  type WireRecord,
} from '@hoptrace/domain/wire/v1.ts';
import type { Random } from './random.ts';
import type { Emission } from './stamps.ts';

export interface FaultPlan {
  readonly recordLoss: number;
  /** Share of batches that arrive twice. */
  readonly duplicates: number;
  /** Batches are late by up to this. */
  readonly reorderNs: number;
  /** Share of agents that say nothing at all; of the others, the share that restarts once. */
  readonly deadShare: number;
  readonly restartShare: number;
}

export interface Delivered {
  /** In the order of arrival, repetitions included. */
  readonly records: Sourced[];
  readonly envelopes: Envelope[];
}

export interface Sender {
  readonly cluster: string;
  readonly machine: string;
  readonly addresses: NodeAddress[];
  readonly emissions: readonly Emission[];
  /** Its clock, in microseconds, at a true time. */
  readonly wallUs: (trueNs: number) => number;
}

interface Arrival {
  readonly atNs: number;
  readonly bytes: Uint8Array;
}

const BATCH = 64;

/** What arrives from these agents. */
export function deliver(
  random: Random,
  plan: FaultPlan,
  senders: readonly Sender[],
  worldNs: number,
): Delivered {
  const delivered: Delivered = { records: [], envelopes: [] };
  const arrivals = senders.flatMap((sender) =>
    random.chance(plan.deadShare) ? [] : sendAll(random, plan, sender, worldNs),
  );
  for (const { bytes } of arrivals.sort((a, b) => a.atNs - b.atNs)) {
    const { envelope, records, problems } = decodeBatch(bytes);
    if (problems.length > 0)
      throw new Error(`the simulator made a bad record: ${JSON.stringify(problems[0])}`);
    const { cluster, node, bootId } = envelope as Envelope;
    delivered.envelopes.push(envelope as Envelope);
    for (const record of records)
      delivered.records.push(Object.assign(record, { cluster, node, bootId }));
  }
  return delivered;
}

function sendAll(random: Random, plan: FaultPlan, sender: Sender, worldNs: number): Arrival[] {
  const restartNs = random.chance(plan.restartShare)
    ? random.between(0, worldNs)
    : Number.POSITIVE_INFINITY;
  // A restarted agent knows no connection whose SYN it did not see, and forgot what it had not yet said.
  const known = sender.emissions.filter(
    ({ sinceNs, atNs }) => atNs < restartNs || sinceNs >= restartNs,
  );
  const inOrder = [...known].sort((a, b) => a.atNs - b.atNs);
  const before = inOrder.filter(({ atNs }) => atNs < restartNs);
  const after = inOrder.filter(({ atNs }) => atNs >= restartNs);
  return [before, after].flatMap((emissions, boot) =>
    sendBoot(random, plan, sender, emissions, `boot-of-${sender.machine}-${boot}`),
  );
}

function sendBoot(
  random: Random,
  plan: FaultPlan,
  sender: Sender,
  emissions: readonly Emission[],
  bootId: string,
): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let start = 0; start < emissions.length; start += BATCH) {
    const slice = emissions.slice(start, start + BATCH).map((emission, index) => ({
      ...emission,
      record: { ...emission.record, seq: start + index },
    }));
    const kept = slice.filter(() => !random.chance(plan.recordLoss));
    const sentNs = slice.at(-1)?.atNs ?? 0;
    const records = kept.map(({ record }) => record);
    const bytes = encodeBatch(
      envelopeOf(sender, bootId, start, records, slice.length, sentNs),
      records,
    );
    const copies = random.chance(plan.duplicates) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      arrivals.push({ atNs: sentNs + random.unit() * plan.reorderNs, bytes });
    }
  }
  return arrivals;
}

function envelopeOf(
  sender: Sender,
  bootId: string,
  firstSeq: number,
  records: readonly WireRecord[],
  made: number,
  sentNs: number,
): Envelope {
  const unsentRecords = made - records.length;
  return {
    schemaVersion: SCHEMA_VERSION,
    cluster: sender.cluster,
    node: sender.machine,
    bootId,
    firstSeq,
    count: records.length,
    sentAtUs: sender.wallUs(sentNs),
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords },
    addresses: sender.addresses,
  };
}
