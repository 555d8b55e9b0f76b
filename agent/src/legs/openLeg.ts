/** What is known so far about one TCP connection at one tap, and how that becomes a record. */
import { reverseTuple, type Tuple, tupleKey } from '@hoptrace/domain/model/tuple.ts';
import type { LegRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { PacketFrame } from '../frames/frame.ts';
import { MILESTONE } from '../frames/layout.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { Attempt, OpenLeg } from './state.ts';

/** How much a record of the leg would say. A leg is emitted again only when it can say more. */
export const TELLS = { nothing: 0, unanswered: 1, established: 2, response: 3, end: 4 } as const;

/** A leg as its first SYN (`rx` or `tx`) shows it. */
export function newLeg(
  syn: PacketFrame,
  known: {
    legId: number;
    tap: Tap;
    start: { startUs: number; restNs: number };
    attempt: Attempt;
  },
): OpenLeg {
  const { startUs, restNs } = known.start;
  const hasData = (syn.milestones & MILESTONE.data) !== 0;
  return {
    legId: known.legId,
    key: forwardKey(syn),
    tap: known.tap,
    tuple: syn.tuple,
    clientIsn: syn.seq,
    synTtl: syn.ttl,
    synPayloadBytes: syn.payloadBytes,
    startUs,
    synNs: restNs,
    firstSynAtNs: syn.tsNs,
    attempt: known.attempt,
    lastSynAtNs: syn.tsNs,
    synCount: 1,
    original: null,
    reply: null,
    serverIsn: null,
    synAckNs: null,
    ackNs: null,
    firstRequestNs: hasData ? restNs : null,
    firstResponseNs: null,
    clientFinNs: null,
    serverFinNs: null,
    endNs: null,
    end: 'open',
    revision: 0,
    told: TELLS.nothing,
    emittedAtNs: null,
  };
}

/** Where the SYN of this packet's direction would have been seen: the key of its leg as the client's side. */
export function forwardKey(packet: PacketFrame): string {
  return legKey(packet.netns, packet.ifindex, packet.type, packet.tuple);
}

/** The key of the leg to which this packet is an answer: opposite direction, reversed tuple. */
export function answerKey(packet: PacketFrame): string {
  const synType = packet.type === 'rx' ? 'tx' : 'rx';
  return legKey(packet.netns, packet.ifindex, synType, reverseTuple(packet.tuple));
}

/** An ICMP error received here quotes a SYN that left here, and the other way about. */
export function quotedKey(packet: PacketFrame): string {
  const synType = packet.type === 'icmpRx' ? 'tx' : 'rx';
  return legKey(packet.netns, packet.ifindex, synType, packet.tuple);
}

/** The interface and direction are part of the key: a router on one interface sees the same SYN rx and tx. */
function legKey(netns: number, ifindex: number, synType: string, tuple: Tuple): string {
  return `${netns}:${ifindex}:${synType}:${tupleKey(tuple)}`;
}

/** Nanoseconds after startUs. Events of two CPUs may arrive a little out of order; never negative. */
export function stampNs(leg: OpenLeg, tsNs: bigint): number {
  return Math.max(0, Number(tsNs - leg.firstSynAtNs) + leg.synNs);
}

/** The record of the leg as it stands. `seq` is given when it is sent. */
export function legRecord(leg: OpenLeg, hasher: IsnHasher): LegRecord {
  const { clientIsn, serverIsn } = leg;
  return {
    kind: 'leg',
    seq: 0,
    startUs: leg.startUs,
    tap: leg.tap,
    tuple: leg.tuple,
    original: leg.original,
    reply: leg.reply,
    clientIsnHash: hasher.client(clientIsn),
    serverIsnHash: serverIsn === null ? null : hasher.server(serverIsn),
    isnPairHash: serverIsn === null ? null : hasher.pair(clientIsn, serverIsn),
    synTtl: leg.synTtl,
    synCount: Math.min(leg.synCount, 0xffff),
    synNs: leg.synNs,
    synAckNs: leg.synAckNs,
    ackNs: leg.ackNs,
    firstRequestNs: leg.firstRequestNs,
    firstResponseNs: leg.firstResponseNs,
    endNs: leg.endNs,
    end: leg.end,
    revision: leg.revision,
    legId: leg.legId,
  };
}
