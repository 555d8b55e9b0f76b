/**
 * Legs of connections that only conntrack tells of: those that were there before eBPF looked, and all of them where
 * eBPF cannot be had. They have tuples before and after NAT, a beginning and an end, and nothing in between.
 *
 *   old      told as it was found: open, synCount 0, beginning when it was found; told again when it ends
 *   new      over within 0.3 s: told once. Else told as open, and again at its end
 *            no answer within 3 s: told as unanswered, and again if one comes after all
 *            refused by this machine itself: the refusal, too
 */
import type { LegRecord, RefusalRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { ConntrackFrame } from '../frames/frame.ts';
import type { KernelClock } from '../kernelClock.ts';
import type { TapTable } from '../taps.ts';
import { type Entry, endOf, hasReply, lastedNs, recordOf, TCP_STATE } from './entry.ts';

const SECOND_NS = 1_000_000_000n;
const RIPE_NS = 300_000_000n;
const UNANSWERED_NS = 3n * SECOND_NS;
/** As long as the assembler remembers an open leg, and an unanswered one. */
const FORGET_OPEN_NS = 300n * SECOND_NS;
const FORGET_UNANSWERED_NS = 150n * SECOND_NS;
/** Above every id that the loader gives to a leg. */
const FIRST_LEG_ID = 2 ** 52;

export interface ConntrackLegsOptions {
  readonly maxEntries: number;
  readonly clock: KernelClock;
  readonly emit: (record: LegRecord | RefusalRecord) => void;
}

export class ConntrackLegs {
  taps: TapTable;
  /** Ended early in memory because there were too many. */
  evicted = 0;
  readonly #options: ConntrackLegsOptions;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** Whose first record waits. */
  readonly #untold = new Set<Entry>();
  #nextLegId = FIRST_LEG_ID;

  constructor(taps: TapTable, options: ConntrackLegsOptions) {
    this.taps = taps;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  push(frame: ConntrackFrame): void {
    const key = `${frame.netns}/${frame.id}`;
    const known = this.#entries.get(key);
    const entry = known ?? this.#begin(frame, key);
    if (entry === null) return;
    entry.isAnswered ||= hasReply(frame);
    const end = endOf(frame);
    if (end !== null) this.#end(entry, frame, end);
    else if (frame.event === 'destroy') this.#forget(entry);
    else if (entry.isOld && entry.told === null) this.#tell(entry, 'open', null);
    else if (entry.told === 'unanswered' && entry.isAnswered) this.#tell(entry, 'open', null);
  }

  /** `nowNs`: CLOCK_MONOTONIC, never going back. */
  tick(nowNs: bigint): void {
    for (const entry of this.#untold) {
      const ageNs = nowNs - entry.heardNs;
      if (entry.isAnswered && ageNs >= RIPE_NS) this.#tell(entry, 'open', null);
      else if (ageNs >= UNANSWERED_NS) this.#tell(entry, 'unanswered', null);
    }
    for (const entry of this.#entries.values()) {
      const ageNs = nowNs - entry.heardNs;
      if (ageNs < FORGET_UNANSWERED_NS) break;
      if (ageNs >= FORGET_OPEN_NS || entry.told === 'unanswered') this.#forget(entry);
    }
  }

  /** The loader that knew these is gone; the next one tells anew what is still there. */
  noteBreak(): void {
    this.#entries.clear();
    this.#untold.clear();
  }

  /** Null where nothing is to be told: it is over, and nobody told of it before. */
  #begin(frame: ConntrackFrame, key: string): Entry | null {
    const isLate = frame.event === 'update' && frame.tcpState > TCP_STATE.established;
    if (isLate || frame.event === 'destroy') return null;
    const isOld = frame.event === 'old';
    const readNs = this.#realtime(frame.tsNs);
    const entry: Entry = {
      key,
      legId: this.#nextLegId++,
      tap: this.#tapOf(frame),
      isOld,
      startNs: isOld ? readNs : (frame.startRealtimeNs ?? frame.eventRealtimeNs ?? readNs),
      heardNs: frame.tsNs,
      original: frame.original,
      reply: frame.reply,
      ...{ isAnswered: false, revision: 0, told: null },
    };
    this.#entries.set(key, entry);
    this.#untold.add(entry);
    if (this.#entries.size > this.#options.maxEntries) this.#evictOldest();
    return entry;
  }

  #end(entry: Entry, frame: ConntrackFrame, end: 'fin' | 'reset'): void {
    // Where only the disappearance was seen, the end was a TIME_WAIT before.
    const isPrompt = frame.event !== 'destroy' || end === 'reset';
    const endNs = frame.eventRealtimeNs ?? this.#realtime(frame.tsNs);
    this.#tell(entry, end, isPrompt ? endNs : null);
    if (end === 'reset' && !entry.isAnswered && this.#isOwn(frame)) this.#refuse(entry, endNs);
    this.#forget(entry);
  }

  #tell(entry: Entry, end: LegRecord['end'], endNs: bigint | null): void {
    this.#untold.delete(entry);
    this.#options.emit(recordOf(entry, end, endNs));
    entry.told = end;
    entry.revision++;
  }

  /** What answers with a reset behind another machine is that machine's to tell. */
  #isOwn({ reply }: ConntrackFrame): boolean {
    return this.taps.addresses.some(({ ip }) => ip === reply.src.ip);
  }

  #refuse(entry: Entry, endNs: bigint): void {
    this.#options.emit({
      kind: 'refusal',
      seq: 0,
      startUs: Number(entry.startNs / 1000n),
      tap: entry.tap,
      tuple: entry.original,
      clientIsnHash: null,
      ...{ refusal: 'reset', evidence: 'rst' },
      afterNs: lastedNs(entry, endNs) ?? 0,
      synCount: 1,
      ...{ icmpType: 0, icmpCode: 0, reason: '' },
    });
  }

  /** Of no interface: conntrack sees a connection on its way through the machine, or out of it. */
  #tapOf({ netns, original }: ConntrackFrame): Tap {
    const isHost = netns === this.taps.hostNetns;
    const isOwn = isHost && this.taps.addresses.some(({ ip }) => ip === original.src.ip);
    return {
      ...{ netns, ifindex: 0, role: isHost ? 'other' : 'pod' },
      synDirection: isOwn ? 'tx' : 'rx',
    };
  }

  #realtime(tsNs: bigint): bigint {
    const { startUs, restNs } = this.#options.clock.split(tsNs);
    return BigInt(startUs) * 1000n + BigInt(restNs);
  }

  #forget(entry: Entry): void {
    this.#untold.delete(entry);
    this.#entries.delete(entry.key);
  }

  #evictOldest(): void {
    const oldest = this.#entries.values().next().value;
    if (oldest === undefined) return;
    this.evicted++;
    if (oldest.told === null) this.#tell(oldest, oldest.isAnswered ? 'open' : 'unanswered', null);
    this.#forget(oldest);
  }
}
