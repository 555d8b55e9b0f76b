/**
 * What one handshake says about two clocks. A packet arrives after it left, whatever the clocks show:
 *
 *   a  ──SYN──►  b      t_b(SYN) − t_a(SYN)          = offset + delay ≥ offset     bound from above
 *   a ◄─SYN-ACK─ b      t_b(SYN-ACK) − t_a(SYN-ACK)  = offset − delay ≤ offset     bound from below
 *   a  ──ACK──►  b      t_b(ACK) − t_a(ACK)                           ≥ offset     often tighter than the SYN
 *
 * offset = clock of b − clock of a. Only the sum of both directions is bounded: how the delay is shared
 * between them cannot be seen, and no amount of traffic changes that.
 */
import type { LegRecord, Sourced } from '../wire/v1.ts';
import { PAIR_DRIFT, STAMP_ERRORS, type StampClass } from './stampErrors.ts';

/** The leg of reconstruct/evidence.ts, which in turn knows this folder. */
export type Leg = Sourced<LegRecord>;

export interface ClockSample {
  /** `cluster|a|b`, a before b in the order of their names, whichever is nearer to the client. */
  readonly pair: string;
  /** When, by the clock of a: the SYN-ACK there. */
  readonly atUs: number;
  /** The whole microseconds of clock b − clock a; low and high are relative to it, so that doubles stay exact. */
  readonly baseUs: number;
  readonly lowNs: number;
  readonly highNs: number;
}

export function pairKey(cluster: string, a: string, b: string): string {
  return a < b ? `${cluster}|${a}|${b}` : `${cluster}|${b}|${a}`;
}

/** One for each pair of neighbours on different machines, of each connection; legs in any order. */
export function samplesOf(legs: readonly Leg[]): ClockSample[] {
  const byConnection = new Map<string, Leg[]>();
  for (const leg of legs) {
    if (leg.isnPairHash === null || leg.synAckNs === null) continue;
    const key = `${leg.cluster}|${leg.isnPairHash}`;
    const known = byConnection.get(key);
    if (known === undefined) byConnection.set(key, [leg]);
    else known.push(leg);
  }
  return [...byConnection.values()].flatMap((connection) => {
    const along = connection.sort((a, b) => toServerNs(b) - toServerNs(a) || b.synTtl - a.synTtl);
    return along.flatMap((leg, index) => sampleOf(along[index - 1], leg) ?? []);
  });
}

/**
 * `near` is nearer to the client. Null where the pair says nothing: one machine, two handshakes (SYNPROXY), no
 * answer seen, a repeated SYN (the stamps may be of different packets), a TTL that rises on the way, or bounds
 * that cross.
 */
export function sampleOf(
  near: Leg | null | undefined,
  far: Leg | null | undefined,
  stampClass: StampClass = 'tap',
): ClockSample | null {
  if (!near || !far || near.node === far.node) return null;
  if (near.isnPairHash === null || near.isnPairHash !== far.isnPairHash) return null;
  if (near.synAckNs === null || far.synAckNs === null) return null;
  if (near.synCount !== 1 || far.synCount !== 1 || near.synTtl < far.synTtl) return null;
  const isAlong = near.node < far.node;
  const [a, b] = isAlong ? [near, far] : [far, near];
  const slackNs = 2 * STAMP_ERRORS[stampClass].boundNs;
  const back = far.synAckNs - near.synAckNs;
  // The offset is wanted at the SYN-ACK; what the clocks may have drifted since the other packets is added.
  const there = Math.min(
    far.synNs - near.synNs + driftNs(toServerNs(near)),
    isSameAck(near, far) ? ackNs(far) - ackNs(near) + driftNs(toClientNs(near, far)) : Infinity,
  );
  if (there < back) return null;
  const [lowNs, highNs] = isAlong ? [back, there] : [-there, -back];
  return {
    pair: pairKey(a.cluster, a.node, b.node),
    atUs: a.startUs + Math.floor((a.synAckNs ?? 0) / 1000),
    baseUs: b.startUs - a.startUs,
    lowNs: lowNs - slackNs,
    highNs: highNs + slackNs,
  };
}

/**
 * Whether both taps stamped the same ACK. A bare ACK at one and data at the other are two packets: one of them
 * was lost, and the time between them is the client's thinking.
 */
export function isSameAck(near: Leg, far: Leg): boolean {
  return near.ackNs !== null && far.ackNs !== null && isBareAck(near) === isBareAck(far);
}

function isBareAck(leg: Leg): boolean {
  return leg.firstRequestNs === null || ackNs(leg) < leg.firstRequestNs;
}

function ackNs(leg: Leg): number {
  return leg.ackNs ?? 0;
}

function toServerNs(leg: Leg): number {
  return (leg.synAckNs ?? leg.synNs) - leg.synNs;
}

/** The longer of the two: they differ where a SYN-ACK was lost between them. */
function toClientNs(near: Leg, far: Leg): number {
  return Math.max(ackNs(near) - (near.synAckNs ?? 0), ackNs(far) - (far.synAckNs ?? 0));
}

function driftNs(durationNs: number): number {
  return Math.ceil(durationNs * PAIR_DRIFT);
}
