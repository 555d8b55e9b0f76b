/**
 * Plays recordings of several nodes in step: what happened at the same time then happens at the same time now.
 *
 *   then   node1  ...s1....a1......        node2  ....s2..a2......     (CLOCK_REALTIME of the recording)
 *              └ first event of all = origin
 *   now    begin ...s1....a1......│...s1....a1......│                  (this machine's CLOCK_MONOTONIC)
 *          loop 0                  loop 1 = begin + period
 *
 * Each loop adds its own constant to all sequence numbers, the same on all nodes. That keeps every relation
 * (ack = ISN + 1, equal ISNs on two nodes) and makes each loop new connections.
 */
import { randomBytes } from 'node:crypto';
import type {
  BurstFrame,
  ClockFrame,
  ConntrackStatsFrame,
  Frame,
  HelloFrame,
  StatsFrame,
} from '../frames/frame.ts';
import type { Recording } from '../recording.ts';

/** Pause between loops, so that late verdicts (3.2 s) of one do not meet the next. */
const PAUSE_NS = 4_000_000_000n;
const GOLDEN_RATIO = 0x9e37_79b1;

type EventFrame = Exclude<Frame, HelloFrame | ClockFrame | StatsFrame | ConntrackStatsFrame>;

/** A recorded frame and when it happened, in nanoseconds after the origin of the timeline. */
export interface TimedFrame {
  readonly atNs: bigint;
  readonly frame: Frame;
}

export class ReplayTimeline {
  readonly periodNs: bigint;
  readonly isLooping: boolean;
  readonly #originNs: bigint;
  readonly #isnSalt: number;
  /** More than any recorded leg's id: each loop has ids of its own. */
  readonly #legIds: number;
  #beganAtNs: bigint | null = null;
  #offset: { loop: number; ns: bigint } | null = null;

  /** `loopEveryMs` null plays once; a period too short for the recordings is lengthened. */
  constructor(recordings: readonly Recording[], options: { loopEveryMs: number | null }) {
    const times = recordings
      .flatMap((each) => realtimes(each.frames).map((timed) => timed.realtimeNs))
      .sort((a, b) => Number(a - b));
    const first = times[0] ?? 0n;
    const last = times.at(-1) ?? first;
    const leastNs = last - first + PAUSE_NS;
    const wantedNs = BigInt(options.loopEveryMs ?? 0) * 1_000_000n;
    this.#originNs = first;
    const isTooShort = wantedNs < leastNs;
    this.periodNs = isTooShort ? leastNs : wantedNs;
    this.isLooping = options.loopEveryMs !== null;
    this.#isnSalt = randomBytes(4).readUInt32LE();
    this.#legIds = recordings
      .flatMap((each) => each.frames)
      .reduce((most, frame) => (frame.kind === 'leg' ? Math.max(most, frame.id + 1) : most), 0);
  }

  /** The first source to start sets the beginning for all. */
  begin(monotonicNs: bigint): bigint {
    this.#beganAtNs ??= monotonicNs;
    return this.#beganAtNs;
  }

  /** Frames of one recording with their times, in order; without clock frames, which the replay makes itself. */
  timed(recording: Recording): TimedFrame[] {
    return realtimes(recording.frames)
      .filter((each) => each.frame.kind !== 'clock')
      .map(({ frame, realtimeNs }) => ({ frame, atNs: realtimeNs - this.#originNs }));
  }

  /** This machine's clock. All sources of a loop get the same offset, or nodes would differ by its jitter. */
  clock(loop: number, monotonicNs: bigint, realtimeNs: bigint): ClockFrame {
    if (this.#offset?.loop !== loop) this.#offset = { loop, ns: realtimeNs - monotonicNs };
    return { kind: 'clock', monotonicNs, realtimeMinusMonotonicNs: this.#offset.ns };
  }

  /** The frame as it happens in this loop: fresh time, fresh sequence numbers. */
  shift(timed: TimedFrame, loop: number): Frame {
    const { frame } = timed;
    if (!isEvent(frame)) return frame;
    const tsNs = (this.#beganAtNs ?? 0n) + BigInt(loop) * this.periodNs + timed.atNs;
    const delta = (this.#isnSalt + Math.imul(loop, GOLDEN_RATIO)) >>> 0;
    const move = (isn: number) => (isn + delta) >>> 0;
    if (frame.kind === 'packet') return { ...frame, tsNs, seq: move(frame.seq) };
    if (frame.kind === 'leg') {
      const { clientIsn, serverIsn } = frame;
      return {
        ...frame,
        id: frame.id + loop * this.#legIds,
        tsNs,
        synNs: tsNs - (frame.tsNs - frame.synNs),
        clientIsn: move(clientIsn),
        serverIsn: serverIsn === null ? null : move(serverIsn),
      };
    }
    if (frame.kind === 'exchange') {
      return {
        ...frame,
        legId: frame.legId + loop * this.#legIds,
        tsNs,
        startNs: tsNs - (frame.tsNs - frame.startNs),
        clientIsn: move(frame.clientIsn),
        serverIsn: move(frame.serverIsn),
      };
    }
    if (frame.kind === 'conntrack')
      return {
        ...frame,
        tsNs,
        ...{ eventRealtimeNs: null, startRealtimeNs: null, stopRealtimeNs: null },
      };
    if (frame.kind === 'proxyHeader' || frame.kind === 'flight' || frame.kind === 'head') {
      return { ...frame, tsNs, seq: move(frame.seq), ack: move(frame.ack) };
    }
    const burst = (each: BurstFrame) => ({
      ...each,
      isnLocal: move(each.isnLocal),
      isnRemote: move(each.isnRemote),
    });
    return {
      ...frame,
      tsNs,
      subject: burst(frame.subject),
      lastRead: frame.lastRead === null ? null : burst(frame.lastRead),
      oldest: frame.oldest === null ? null : burst(frame.oldest),
    };
  }
}

/** Hello and stats have no stamp of their own: they happen with the event before them. Never going back. */
function realtimes(frames: readonly Frame[]): { frame: Frame; realtimeNs: bigint }[] {
  const firstClock = frames.find((frame) => frame.kind === 'clock');
  let offsetNs = firstClock?.kind === 'clock' ? firstClock.realtimeMinusMonotonicNs : 0n;
  const firstEvent = frames.find(isEvent);
  let nowNs = firstEvent === undefined ? 0n : firstEvent.tsNs + offsetNs;
  return frames.map((frame) => {
    if (frame.kind === 'clock') offsetNs = frame.realtimeMinusMonotonicNs;
    if (isEvent(frame) && frame.tsNs + offsetNs > nowNs) nowNs = frame.tsNs + offsetNs;
    return { frame, realtimeNs: isEvent(frame) ? frame.tsNs + offsetNs : nowNs };
  });
}

const NO_EVENTS: ReadonlySet<Frame['kind']> = new Set([
  'hello',
  'clock',
  'stats',
  'conntrackStats',
]);

function isEvent(frame: Frame): frame is EventFrame {
  return !NO_EVENTS.has(frame.kind);
}
