/**
 * Milestone packets in, legs and refusals out. Knows no clock: time is that of the packets and of `tick`.
 *
 *   SYN ──► leg opened ──► SYN-ACK ──► ACK ──► request ──► response ──► FIN, FIN or RST
 *            │                          │                     │              └ emitted: end (a later revision)
 *            │                          └ +1 s: emitted: open └ emitted at once: open
 *            └ +3 s without an answer: emitted: unanswered
 *
 * An emitted leg stays in memory for its end: 5 minutes while open (`end` then stays 'open' for ever: the end was
 * not seen), 70 s after the last SYN while unanswered (longer than the gaps between repetitions), 10 s after a reset.
 */
import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import type { PacketFrame } from '../frames/frame.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { roleOfPacket, type TapTable } from '../taps.ts';
import { AttemptIndex, addLeg, newAttempt } from './attempt.ts';
import { evidenceOf, isRejection } from './evidence.ts';
import {
  addAnswer,
  addConntrack,
  addForward,
  endByOneFin,
  isAnswerTo,
  isLaterThanSyn,
  isRst,
} from './milestones.ts';
import { answerKey, forwardKey, legRecord, newLeg, quotedKey, stampNs, TELLS } from './openLeg.ts';
import type { Attempt, OpenLeg } from './state.ts';
import { judge, refusalRecord } from './verdict.ts';

const SECOND_NS = 1_000_000_000n;
const UNANSWERED_NS = 3n * SECOND_NS;
const ESTABLISHED_NS = SECOND_NS;
const ONE_FIN_NS = SECOND_NS;
const SWEEP_EVERY_NS = 10n * SECOND_NS;
const FORGET_OPEN_NS = 300n * SECOND_NS;
const FORGET_UNANSWERED_NS = 70n * SECOND_NS;
const FORGET_RESET_NS = 10n * SECOND_NS;

/** A SYN crosses a handful of taps on one node; more is a loop. */
const MAX_LEGS_OF_ATTEMPT = 64;

const TCP_SYN = 0x02;
const TCP_ACK = 0x10;
/** Frees of copies: the SYN itself went on, or was never meant for this interface. */
const COPY_DROP_REASONS = new Set(['OTHERHOST', 'PACKET_SOCK_ERROR', 'CONSUMED', 'NOT_SPECIFIED']);

export interface AssemblerOptions {
  readonly maxOpenLegs: number;
  readonly hasher: IsnHasher;
  readonly clock: KernelClock;
  readonly emit: (record: LegRecord | RefusalRecord) => void;
}

export interface AssemblerCounters {
  /** Packets of connections whose SYN was not seen, and answers to no known SYN. */
  strayPackets: number;
  /** Closed early because the table was full, before their end was known. */
  evictedLegs: number;
  /** Open ones dropped from memory 5 minutes after emission. */
  forgottenLegs: number;
  /** Attempts without a verdict because events were lost or the table was full. */
  unjudgedAttempts: number;
}

export class LegAssembler {
  readonly counters: AssemblerCounters = {
    strayPackets: 0,
    evictedLegs: 0,
    forgottenLegs: 0,
    unjudgedAttempts: 0,
  };
  taps: TapTable;
  dropReasons: Readonly<Record<string, string>> = {};
  readonly #options: AssemblerOptions;
  /** Oldest first. */
  readonly #legs = new Map<string, OpenLeg>();
  /** Legs with a time limit running, and attempts without a verdict: few, and looked at on each tick. */
  readonly #waiting = new Set<OpenLeg>();
  readonly #unjudged = new Set<Attempt>();
  readonly #attempts = new AttemptIndex();
  #nextLegId = 1;
  #lastLossAtNs: bigint | null = null;
  #sweptAtNs = 0n;

  constructor(taps: TapTable, options: AssemblerOptions) {
    this.taps = taps;
    this.#options = options;
  }

  get openLegs(): number {
    return this.#legs.size;
  }

  /** Ring events were lost about now: silence of attempts under way proves nothing. */
  noteLoss(nowNs: bigint): void {
    this.#lastLossAtNs = nowNs;
  }

  /** One packet, drop or ICMP error. Packets at interfaces that are no taps are passed over. */
  push(packet: PacketFrame): void {
    if (packet.type === 'drop') {
      this.#addDrop(packet);
      return;
    }
    if (packet.type === 'icmpRx' || packet.type === 'icmpTx') {
      this.#addIcmp(packet);
      return;
    }
    if (roleOfPacket(this.taps, packet) === null) return;
    if ((packet.tcpFlags & (TCP_SYN | TCP_ACK)) === TCP_SYN) {
      this.#addSyn(packet);
      return;
    }
    this.#addPacket(packet);
  }

  /** Emits what is due at `nowNs` (CLOCK_MONOTONIC, never going back). */
  tick(nowNs: bigint): void {
    for (const leg of this.#waiting) this.#checkTime(leg, nowNs);
    for (const attempt of this.#unjudged) this.#judge(attempt, nowNs);
    if (nowNs - this.#sweptAtNs >= SWEEP_EVERY_NS) this.#sweep(nowNs);
  }

  #addSyn(packet: PacketFrame): void {
    const key = forwardKey(packet);
    const known = this.#legs.get(key);
    if (known !== undefined && known.clientIsn === packet.seq) {
      known.synCount++;
      known.lastSynAtNs = packet.tsNs;
      addConntrack(known, packet);
      return;
    }
    if (known !== undefined) this.#replace(known, packet.tsNs);
    const leg = this.#open(packet);
    if (leg === null) return;
    addConntrack(leg, packet);
    if (this.#legs.size > this.#options.maxOpenLegs) this.#evictOldest();
  }

  #open(packet: PacketFrame): OpenLeg | null {
    const role = roleOfPacket(this.taps, packet);
    if (role === null || (packet.type !== 'rx' && packet.type !== 'tx')) return null;
    const found = this.#attempts.find(packet);
    const isRoomy = found !== undefined && found.legs.length < MAX_LEGS_OF_ATTEMPT;
    const attempt = isRoomy ? found : this.#newAttempt(packet);
    const leg = newLeg(packet, {
      legId: this.#nextLegId++,
      tap: { netns: packet.netns, ifindex: packet.ifindex, role, synDirection: packet.type },
      start: this.#options.clock.split(packet.tsNs),
      attempt,
    });
    addLeg(attempt, leg);
    this.#attempts.add(attempt, leg);
    this.#legs.set(leg.key, leg);
    this.#waiting.add(leg);
    return leg;
  }

  #newAttempt(packet: PacketFrame): Attempt {
    const attempt = newAttempt(packet);
    this.#unjudged.add(attempt);
    return attempt;
  }

  #addPacket(packet: PacketFrame): void {
    const forward = this.#legs.get(forwardKey(packet));
    if (forward !== undefined) {
      // The client speaks on: it was answered, even if the answer came another way.
      if (isLaterThanSyn(forward, packet)) this.#setAnswered(forward.attempt);
      addForward(forward, packet);
      this.#afterPacket(forward, packet);
      return;
    }
    const answered = this.#legs.get(answerKey(packet));
    if (answered === undefined || !isAnswerTo(answered, packet)) {
      this.counters.strayPackets++;
      return;
    }
    const isRefused = isRst(packet) && answered.serverIsn === null;
    addAnswer(answered, packet);
    if (isRefused) answered.attempt.rst ??= evidenceOf(packet, '');
    else this.#waiting.add(answered);
    this.#afterPacket(answered, packet);
  }

  #setAnswered(attempt: Attempt): void {
    attempt.isAnswered = true;
    this.#unjudged.delete(attempt);
  }

  #afterPacket(leg: OpenLeg, packet: PacketFrame): void {
    if (leg.serverIsn !== null || leg.firstResponseNs !== null) this.#setAnswered(leg.attempt);
    if (leg.clientFinNs !== null || leg.serverFinNs !== null) this.#waiting.add(leg);
    if (leg.end !== 'open') this.#emit(leg, TELLS.end, packet.tsNs);
    else if (leg.firstResponseNs !== null) this.#emit(leg, TELLS.response, packet.tsNs);
  }

  #addDrop(packet: PacketFrame): void {
    const attempt = this.#attempts.find(packet);
    if (attempt === undefined) return;
    const reason = this.dropReasons[String(packet.reason)] ?? '';
    if (reason === 'OTHERHOST') {
      this.#withdraw(packet);
      return;
    }
    if (COPY_DROP_REASONS.has(reason)) return;
    const last = attempt.legs.at(-1);
    if (last !== undefined && packet.tsNs < last.firstSynAtNs) return;
    attempt.drop ??= evidenceOf(packet, reason);
  }

  /** A switch flooded a copy to an interface whose machine is not the receiver: no hop of the connection. */
  #withdraw(packet: PacketFrame): void {
    const leg = this.#legs.get(forwardKey({ ...packet, type: 'rx' }));
    if (leg === undefined || leg.clientIsn !== packet.seq) return;
    if (leg.attempt.openLegs === 1) this.#unjudged.delete(leg.attempt);
    this.#close(leg);
    leg.attempt.legs = leg.attempt.legs.filter((each) => each !== leg);
  }

  #addIcmp(packet: PacketFrame): void {
    const attempt = isRejection(packet) ? this.#attempts.find(packet) : undefined;
    if (attempt === undefined) return;
    attempt.icmp ??= evidenceOf(packet, '');
    const leg = this.#legs.get(quotedKey(packet));
    if (leg === undefined || leg.clientIsn !== packet.seq || leg.serverIsn !== null) return;
    leg.end = 'unanswered';
    leg.endNs = stampNs(leg, packet.tsNs);
    this.#emit(leg, TELLS.unanswered, packet.tsNs);
  }

  #checkTime(leg: OpenLeg, nowNs: bigint): void {
    const sinceNs = (stamp: number) => nowNs - leg.firstSynAtNs - BigInt(stamp - leg.synNs);
    const finNs = leg.clientFinNs ?? leg.serverFinNs;
    if (finNs !== null && sinceNs(finNs) >= ONE_FIN_NS) {
      endByOneFin(leg);
      this.#emit(leg, TELLS.end, nowNs);
      return;
    }
    if (leg.ackNs !== null) {
      if (sinceNs(leg.ackNs) >= ESTABLISHED_NS) this.#emit(leg, TELLS.established, nowNs);
      return;
    }
    if (nowNs - leg.firstSynAtNs < UNANSWERED_NS) return;
    // A SYN-ACK without an ACK is a half-open connection: told as open, with what is missing left null.
    if (leg.serverIsn !== null) {
      this.#emit(leg, TELLS.established, nowNs);
      return;
    }
    if (leg.end === 'open' && leg.firstResponseNs === null) leg.end = 'unanswered';
    this.#emit(leg, TELLS.unanswered, nowNs);
  }

  #emit(leg: OpenLeg, tells: number, nowNs: bigint): void {
    const isWaitingForFin = leg.clientFinNs !== null || leg.serverFinNs !== null;
    if (!isWaitingForFin || tells === TELLS.end) this.#waiting.delete(leg);
    if (tells > leg.told) {
      leg.told = tells;
      leg.emittedAtNs = nowNs;
      this.#options.emit(legRecord(leg, this.#options.hasher));
      leg.revision = Math.min(leg.revision + 1, 0xff);
    }
    const isOver = leg.end === 'fin' || leg.end === 'reset';
    if (isOver && leg.attempt.isAnswered) this.#close(leg);
  }

  #judge(attempt: Attempt, nowNs: bigint): void {
    const verdict = judge(attempt, nowNs, this.#lastLossAtNs);
    if (verdict.kind === 'wait') return;
    this.#unjudged.delete(attempt);
    if (verdict.kind === 'nothing') return;
    if (verdict.kind === 'unknown') this.counters.unjudgedAttempts++;
    else this.#options.emit(refusalRecord(verdict, this.#options.hasher));
  }

  /** The same tuple began anew: the old connection is over, unseen. */
  #replace(leg: OpenLeg, nowNs: bigint): void {
    this.#flush(leg, nowNs);
    this.#close(leg);
  }

  #evictOldest(): void {
    const oldest = this.#legs.values().next().value;
    if (oldest === undefined) return;
    if (oldest.told === TELLS.nothing || oldest.end === 'open') this.counters.evictedLegs++;
    this.#flush(oldest, oldest.lastSynAtNs);
    this.#close(oldest);
  }

  /** Emits a leg that was never told about, as it stands. */
  #flush(leg: OpenLeg, nowNs: bigint): void {
    if (leg.told === TELLS.nothing) this.#emit(leg, TELLS.established, nowNs);
  }

  #close(leg: OpenLeg): void {
    if (this.#legs.get(leg.key) !== leg) return;
    this.#legs.delete(leg.key);
    this.#waiting.delete(leg);
    const { attempt } = leg;
    attempt.openLegs--;
    if (attempt.openLegs > 0) return;
    this.#attempts.delete(attempt);
    if (this.#unjudged.delete(attempt)) this.counters.unjudgedAttempts++;
  }

  #sweep(nowNs: bigint): void {
    this.#sweptAtNs = nowNs;
    for (const leg of this.#legs.values()) {
      if (leg.emittedAtNs === null) continue;
      const limitNs = forgetAtNs(leg, leg.emittedAtNs);
      if (nowNs < limitNs) continue;
      if (leg.end === 'open') this.counters.forgottenLegs++;
      this.#close(leg);
    }
  }
}

function forgetAtNs(leg: OpenLeg, emittedAtNs: bigint): bigint {
  if (leg.end === 'open') return emittedAtNs + FORGET_OPEN_NS;
  if (leg.end === 'unanswered') return leg.lastSynAtNs + FORGET_UNANSWERED_NS;
  return leg.lastSynAtNs + FORGET_RESET_NS;
}
