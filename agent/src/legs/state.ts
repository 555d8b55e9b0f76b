/** What the assembler remembers: one connection at one tap, and one SYN at all taps that it crossed. */
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { LegRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { Evidence } from './evidence.ts';

export interface OpenLeg {
  readonly legId: number;
  readonly key: string;
  readonly tap: Tap;
  readonly tuple: Tuple;
  readonly clientIsn: number;
  readonly synTtl: number;
  /** TCP Fast Open: data that the SYN-ACK may acknowledge beyond ISN + 1. */
  readonly synPayloadBytes: number;
  readonly startUs: number;
  readonly synNs: number;
  readonly firstSynAtNs: bigint;
  readonly attempt: Attempt;
  lastSynAtNs: bigint;
  synCount: number;
  original: Tuple | null;
  reply: Tuple | null;
  serverIsn: number | null;
  synAckNs: number | null;
  ackNs: number | null;
  firstRequestNs: number | null;
  firstResponseNs: number | null;
  clientFinNs: number | null;
  serverFinNs: number | null;
  endNs: number | null;
  end: LegRecord['end'];
  /** Revision of the next record. */
  revision: number;
  told: number;
  emittedAtNs: bigint | null;
}

export interface Attempt {
  readonly clientIsn: number;
  readonly firstSynAtNs: bigint;
  /** In the order in which the SYN came by. */
  legs: OpenLeg[];
  /** How many of its legs the table still holds. */
  openLegs: number;
  /** A SYN-ACK was seen (or what can only follow one): no refusal, whatever else happened. */
  isAnswered: boolean;
  rst: Evidence | null;
  icmp: Evidence | null;
  drop: Evidence | null;
}
