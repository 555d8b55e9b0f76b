/**
 * Leg frames, drops and ICMP errors in; legs and refusals out. Knows no clock: time is that of the frames and of `tick`.
 *
 *   a connection that is over within 0.3 s      one frame, one record; nothing is remembered
 *   any other       SYN + 0.3 s ──► frame ──► emitted as it stands: open; later frames ──► revisions, the last with the end
 *                                    └ no answer: attempt ──► SYN + 2.25 s: emitted: unanswered; refusal: see verdict.ts
 *
 * An emitted leg stays in memory for its end: 5 minutes while open (a later end then comes as the last revision there
 * is), 70 s after the last SYN while unanswered (longer than the gaps between repetitions), 10 s after a reset.
 */
import type { LegRecord, RefusalRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { LegFrame, PacketFrame } from '../frames/frame.ts';
import type { TapDirection } from '../frames/layout.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import type { Place, TapTable } from '../taps.ts';
import { AttemptIndex, addDrop, addLeg, newAttempt, sightOfLeg, sightOfPacket } from './attempt.ts';
import { evidenceOf, isQuoteOf, isRejection, rstOf } from './evidence.ts';
import { LegIds } from './legIds.ts';
import {
  endOf,
  forgetAtNs,
  hasOneFin,
  isAnswered,
  isRefused,
  LAST_REVISION,
  legRecord,
  namesOf,
  RIPE_NS,
  reopen,
  TELLS,
} from './openLeg.ts';
import { hasEvidence, JUDGED_NS, SilentLegs } from './silentLegs.ts';
import type { AssemblerCounters, Attempt, OpenLeg } from './state.ts';
import { TapCache } from './tapCache.ts';
import { hasMoreToTell, judge, loneRefusal, tellRefusal } from './verdict.ts';
import { WaitingEvidence } from './waitingEvidence.ts';

const SECOND_NS = 1_000_000_000n;
/** Before silence is told (verdict.ts): where the SYN went explains it. */
const UNANSWERED_NS = 2_250_000_000n;
const ONE_FIN_NS = SECOND_NS;
const SWEEP_EVERY_NS = 10n * SECOND_NS;
const SHED_MEMORY_NS = 3n * SECOND_NS; // statistics, which tell of shedding, come once a second
/** A SYN crosses a handful of taps on one node; more is a loop. */
const MAX_LEGS_OF_ATTEMPT = 64;

export interface AssemblerOptions {
  readonly maxOpenLegs: number;
  readonly hasher: IsnHasher;
  readonly clock: KernelClock;
  readonly emit: (record: LegRecord | RefusalRecord) => void;
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
  /** By leg id, oldest first. */
  readonly #legs = new Map<number, OpenLeg>();
  /** Legs with a time limit running, and attempts without a verdict: few, and looked at on each tick. */
  readonly #waiting = new Set<OpenLeg>();
  readonly #unjudged = new Set<Attempt>();
  readonly #silent = new SilentLegs();
  readonly #attempts = new AttemptIndex();
  readonly #taps = new TapCache();
  readonly #evidence = new WaitingEvidence();
  readonly ids = new LegIds();
  #lastLossAtNs: bigint | null = null;
  #shedUntilNs = 0n;
  #sweptAtNs = 0n;

  constructor(taps: TapTable, options: AssemblerOptions) {
    this.taps = taps;
    this.#options = options;
  }

  get openLegs(): number {
    return this.#legs.size;
  }

  /** No time limit runs. */
  get isQuiet(): boolean {
    return this.#waiting.size === 0 && this.#unjudged.size === 0 && this.#evidence.isEmpty;
  }

  /** Events were lost about now: silence of attempts under way proves nothing. */
  noteLoss(nowNs: bigint): void {
    this.#lastLossAtNs = nowNs;
  }

  /** Legs are being left out, or lost, because there are too many: drops and ICMP errors may have to stand alone. */
  noteShedding(nowNs: bigint): void {
    const untilNs = nowNs + SHED_MEMORY_NS;
    if (untilNs > this.#shedUntilNs) this.#shedUntilNs = untilNs;
  }

  /** The loader ended and another begins: it counts legs anew and knows none of those that are open. */
  noteBreak(nowNs: bigint): void {
    this.noteLoss(nowNs);
    this.ids.begin();
  }

  /** Frames at interfaces that are no taps are passed over. */
  push(frame: LegFrame | PacketFrame): void {
    if (frame.kind === 'leg') this.#addLeg(frame);
    else this.#addEvidence(frame);
  }

  /** Emits what is due at `nowNs` (CLOCK_MONOTONIC, never going back). */
  tick(nowNs: bigint): void {
    this.#retryEvidence(nowNs);
    for (const leg of this.#waiting) this.#checkTime(leg, nowNs);
    for (const attempt of this.#unjudged) this.#judge(attempt, nowNs);
    if (nowNs - this.#sweptAtNs >= SWEEP_EVERY_NS) this.#sweep(nowNs);
  }

  /** What the legs that are open are called, `netns tuple`. */
  openTuples(): Set<string> {
    const open = [...this.#legs.values()].filter(({ end }) => end === 'open');
    return new Set(open.flatMap(({ frame }) => namesOf(frame)));
  }

  isOpen(legId: number): boolean {
    return this.#legs.has(legId);
  }

  /** Null where that is no tap. */
  tapOf(place: Place, direction: TapDirection): Tap | null {
    return this.#taps.of(this.taps, place, direction);
  }

  #addLeg(frame: LegFrame): void {
    const legId = this.ids.of(frame.id);
    const known = this.#legs.get(legId);
    if (known !== undefined) {
      known.frame = frame;
      this.#advance(known);
      return;
    }
    const tap = this.tapOf(frame, frame.direction);
    if (tap === null) return;
    const end = endOf(frame);
    if (end !== null && isAnswered(frame)) {
      const wasTold = frame.tsNs - frame.synNs >= RIPE_NS;
      this.#options.emit(
        legRecord(
          frame,
          { legId, tap, revision: wasTold ? LAST_REVISION : 0, ...end },
          this.#options,
        ),
      );
      return;
    }
    this.#open(frame, legId, tap);
  }

  #open(frame: LegFrame, legId: number, tap: Tap): void {
    const attempt = isAnswered(frame) ? this.#settledAttempt(frame) : this.#attemptOf(frame);
    const leg: OpenLeg = {
      ...{ legId, tap, frame, attempt, end: 'open', endNs: null },
      ...{ revision: 0, told: TELLS.nothing, emittedAtNs: null },
    };
    if (attempt !== null) {
      addLeg(attempt, leg);
      this.#attempts.add(attempt, leg);
    }
    this.#legs.set(legId, leg);
    this.#waiting.add(leg);
    this.#advance(leg);
    const tooMany = attempt?.isAnswered === false ? this.#silent.add(leg) : null;
    if (tooMany !== null) this.#evictSilent(tooMany);
    if (this.#legs.size > this.#options.maxOpenLegs) this.#evictOldest();
  }

  #attemptOf(frame: LegFrame): Attempt {
    const found = this.#attempts.find(sightOfLeg(frame));
    if (found !== undefined && found.legs.length < MAX_LEGS_OF_ATTEMPT) return found;
    const attempt = newAttempt(frame);
    if (!this.#evidence.isTold(frame)) this.#unjudged.add(attempt);
    return attempt;
  }

  /** An answer at one tap is an answer for all: another tap may not have seen it. */
  #settledAttempt(frame: LegFrame): Attempt | null {
    const found = this.#attempts.find(sightOfLeg(frame));
    if (found === undefined) return null;
    this.#setAnswered(found);
    return found.legs.length < MAX_LEGS_OF_ATTEMPT ? found : null;
  }

  #setAnswered(attempt: Attempt): void {
    attempt.isAnswered = true;
    this.#silent.deleteAll(attempt);
    this.#unjudged.delete(attempt);
  }

  /** Takes over what the leg's newest frame says, and emits what it can say now. */
  #advance(leg: OpenLeg): void {
    const { frame, attempt } = leg;
    const end = endOf(frame);
    if (isAnswered(frame) && attempt !== null) this.#setAnswered(attempt);
    if (isRefused(frame) && attempt !== null) attempt.rst ??= rstOf(frame);
    if (attempt !== null && hasMoreToTell(attempt)) this.#unjudged.add(attempt);
    if (end !== null && leg.end !== 'fin') Object.assign(leg, end);
    else if (end === null && isAnswered(frame)) reopen(leg);
    if (end !== null) this.#emit(leg, TELLS.end, frame.tsNs);
    else if (frame.responseNs !== null) this.#emit(leg, TELLS.response, frame.tsNs);
    else if (frame.ackNs !== null) this.#emit(leg, TELLS.established, frame.tsNs);
    if (end === null && hasOneFin(frame)) this.#waiting.add(leg);
  }

  #addEvidence(packet: PacketFrame): void {
    if (this.#applyEvidence(packet)) return;
    if (this.#evidence.push(packet)) return;
    this.noteShedding(packet.tsNs);
    this.#giveUp(packet);
  }

  /** Once more, when the legs of their SYN must be known. */
  #retryEvidence(nowNs: bigint): void {
    for (const packet of this.#evidence.takeDue(nowNs))
      if (!this.#applyEvidence(packet)) this.#giveUp(packet);
  }

  /** Nobody heard of its SYN. While legs are left out that is no wonder, and a refusal is never left out. */
  #giveUp(packet: PacketFrame): void {
    const tap = packet.tsNs > this.#shedUntilNs ? null : this.#taps.of(this.taps, packet, 'rx');
    const reason = this.dropReasons[String(packet.reason)] ?? '';
    const refusal = tap === null ? null : loneRefusal(packet, tap, reason, this.#options);
    if (refusal === null) {
      this.counters.strayPackets++;
      return;
    }
    this.#evidence.noteTold(packet);
    this.#options.emit(refusal);
  }

  #applyEvidence(packet: PacketFrame): boolean {
    const attempt = this.#attempts.find(sightOfPacket(packet));
    if (attempt === undefined) return false;
    const reason = this.dropReasons[String(packet.reason)] ?? '';
    if (packet.type === 'drop') addDrop(attempt, evidenceOf(packet, reason));
    else if (isRejection(packet)) this.#addIcmp(attempt, packet);
    if (hasMoreToTell(attempt)) this.#unjudged.add(attempt);
    return true;
  }

  #addIcmp(attempt: Attempt, packet: PacketFrame): void {
    attempt.icmp ??= evidenceOf(packet, '');
    const leg = attempt.legs.find((each) => isQuoteOf(packet, each.frame));
    if (leg === undefined || isAnswered(leg.frame)) return;
    leg.end = 'unanswered';
    leg.endNs = Math.max(0, Number(packet.tsNs - leg.frame.synNs));
    this.#emit(leg, TELLS.unanswered, packet.tsNs);
  }

  #checkTime(leg: OpenLeg, nowNs: bigint): void {
    const { frame } = leg;
    const finNs = frame.clientFinNs ?? frame.serverFinNs;
    if (finNs !== null && nowNs - frame.synNs - BigInt(finNs) >= ONE_FIN_NS) {
      // One FIN is enough after a while: the other side's may never come, or was not seen.
      Object.assign(leg, { end: 'fin', endNs: finNs });
      this.#emit(leg, TELLS.end, nowNs);
      return;
    }
    if (frame.ackNs !== null || nowNs - frame.synNs < UNANSWERED_NS) return;
    // A SYN-ACK without an ACK is a half-open connection: told as open, with what is missing left null.
    if (frame.serverIsn !== null) {
      this.#emit(leg, TELLS.established, nowNs);
      return;
    }
    if (leg.end === 'open' && frame.responseNs === null) leg.end = 'unanswered';
    this.#emit(leg, TELLS.unanswered, nowNs);
  }

  #emit(leg: OpenLeg, tells: number, nowNs: bigint): void {
    if (!hasOneFin(leg.frame) || tells === TELLS.end) this.#waiting.delete(leg);
    if (tells > leg.told) {
      leg.told = tells;
      leg.emittedAtNs = nowNs;
      this.#options.emit(legRecord(leg.frame, leg, this.#options));
      leg.revision++;
    }
    const isOver = leg.end === 'fin' || leg.end === 'reset';
    if (isOver && leg.attempt?.isAnswered !== false) this.#close(leg);
  }

  #judge(attempt: Attempt, nowNs: bigint): void {
    const verdict = judge(attempt, nowNs, this.#lastLossAtNs);
    if (verdict.kind === 'wait') return;
    this.#unjudged.delete(attempt);
    if (verdict.kind === 'nothing') return;
    if (verdict.kind === 'unknown') this.counters.unjudgedAttempts++;
    else this.#options.emit(tellRefusal(attempt, verdict, this.#options));
  }

  #evictOldest(): void {
    const oldest = this.#legs.values().next().value;
    if (oldest === undefined) return;
    oldest.isGivenUp = true;
    if (oldest.told === TELLS.nothing || oldest.end === 'open') this.counters.evictedLegs++;
    if (oldest.told === TELLS.nothing) this.#emit(oldest, TELLS.established, oldest.frame.tsNs);
    this.#close(oldest);
  }

  /** A refusal is never left out: what there is to say of it is said before it is forgotten. */
  #evictSilent(leg: OpenLeg): void {
    const { attempt, frame } = leg;
    // What is heard of it from now on stands alone.
    this.noteShedding(frame.tsNs);
    if (attempt !== null && hasEvidence(attempt) && this.#unjudged.has(attempt))
      this.#judge(attempt, attempt.firstSynAtNs + JUDGED_NS);
    if (leg.told === TELLS.nothing) {
      leg.end = 'unanswered';
      this.#emit(leg, TELLS.unanswered, frame.tsNs);
    }
    this.#close(leg);
  }

  #close(leg: OpenLeg): void {
    if (!this.#legs.delete(leg.legId)) return;
    this.#waiting.delete(leg);
    this.#silent.delete(leg);
    const { attempt } = leg;
    if (attempt === null) return;
    attempt.openLegs--;
    if (attempt.openLegs > 0) return;
    this.#attempts.delete(attempt);
    if (this.#unjudged.delete(attempt) && attempt.told === null) this.counters.unjudgedAttempts++;
  }

  #sweep(nowNs: bigint): void {
    this.#sweptAtNs = nowNs;
    for (const leg of this.#legs.values()) {
      if (leg.emittedAtNs === null || nowNs < forgetAtNs(leg, leg.emittedAtNs)) continue;
      if (leg.end === 'open') this.counters.forgottenLegs++;
      this.#close(leg);
    }
  }
}
