/** What the assembler remembers: legs that are not over, and one SYN at all taps that it crossed. */
import type { LegRecord, RefusalRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { LegFrame } from '../frames/frame.ts';
import type { Evidence } from './evidence.ts';

export interface OpenLeg {
  readonly legId: number;
  readonly tap: Tap;
  /** What is known by now. */
  frame: LegFrame;
  /** Null where the SYN was answered before the leg was heard of. */
  readonly attempt: Attempt | null;
  end: LegRecord['end'];
  /** Nanoseconds after the first SYN. */
  endNs: number | null;
  /** Revision of the next record. */
  revision: number;
  told: number;
  emittedAtNs: bigint | null;
  /** It had to leave the table before it was told. */
  isGivenUp?: boolean;
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
  /** When a repetition of the SYN was dropped as well; null: none was. */
  repeatedDropAtNs: bigint | null;
  /** Freed without a reason behind the last tap so far: perhaps only a copy. */
  unexplained: Evidence | null;
  /** What the refusal that was told of it rests on; null: none was told. */
  told: RefusalRecord['evidence'] | null;
}

export interface AssemblerCounters {
  /** Drops and ICMP errors about SYNs that nobody heard of. */
  strayPackets: number;
  /** Closed early because the table was full, before their end was known. */
  evictedLegs: number;
  /** Open ones dropped from memory 5 minutes after emission. */
  forgottenLegs: number;
  /** Attempts without a verdict because events were lost or the table was full. */
  unjudgedAttempts: number;
}
