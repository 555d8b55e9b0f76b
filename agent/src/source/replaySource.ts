/** Plays one node's recording in real time, in step with the other nodes of its timeline. */
import type { Frame } from '../frames/frame.ts';
import type { Recording } from '../recording.ts';
import type { FrameSink, FrameSource } from './frameSource.ts';
import { ReplayTimeline, type TimedFrame } from './replayTimeline.ts';

const STEP_MS = 20;
const CLOCK_EVERY_NS = 10_000_000_000n;

export interface ReplayClock {
  monotonicNs(): bigint;
  realtimeNs(): bigint;
}

/** process.hrtime is CLOCK_MONOTONIC, as are the kernel's stamps. */
export const SYSTEM_CLOCK: ReplayClock = {
  monotonicNs: () => process.hrtime.bigint(),
  realtimeNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1_000n,
};

export class ReplaySource implements FrameSource {
  readonly recording: Recording;
  readonly #timeline: ReplayTimeline;
  readonly #clock: ReplayClock;
  readonly #frames: readonly TimedFrame[];
  #timer: NodeJS.Timeout | null = null;
  #sink: FrameSink | null = null;
  #loop = 0;
  #next = 0;
  #clockAtNs: bigint | null = null;

  constructor(recording: Recording, timeline: ReplayTimeline, clock: ReplayClock = SYSTEM_CLOCK) {
    this.recording = recording;
    this.#timeline = timeline;
    this.#clock = clock;
    this.#frames = timeline.timed(recording);
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#timeline.begin(this.#clock.monotonicNs());
    this.step();
    this.#timer = setInterval(() => this.step(), STEP_MS);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#sink = null;
  }

  /** Delivers what is due by now. Runs by timer; tests with a clock of their own call it. */
  step(): void {
    const nowNs = this.#clock.monotonicNs();
    const beganAtNs = this.#timeline.begin(nowNs);
    const frames: Frame[] = this.#dueClock(nowNs);
    const loopStartNs = () => beganAtNs + BigInt(this.#loop) * this.#timeline.periodNs;
    for (;;) {
      const timed = this.#frames[this.#next];
      if (timed === undefined) break;
      if (loopStartNs() + timed.atNs > nowNs) break;
      frames.push(this.#timeline.shift(timed, this.#loop));
      this.#next++;
    }
    if (frames.length > 0) this.#sink?.onFrames(frames);
    this.#startNextLoop(nowNs - beganAtNs);
  }

  /** A new loop begins with the clock; after a long halt of this process the missed loops are left out. */
  #startNextLoop(elapsedNs: bigint): void {
    const isOver = this.#next >= this.#frames.length;
    const current = Number(elapsedNs / this.#timeline.periodNs);
    if (!isOver || !this.#timeline.isLooping || current <= this.#loop) return;
    this.#loop = current;
    this.#next = 0;
    this.#clockAtNs = null;
    this.step();
  }

  #dueClock(nowNs: bigint): Frame[] {
    if (this.#clockAtNs !== null && nowNs - this.#clockAtNs < CLOCK_EVERY_NS) return [];
    this.#clockAtNs = nowNs;
    return [this.#timeline.clock(this.#loop, nowNs, this.#clock.realtimeNs())];
  }
}

/** One source per recording (node), all on one timeline. `loopEveryMs` null plays once. */
export function replaySources(
  recordings: readonly Recording[],
  options: { loopEveryMs: number | null; clock?: ReplayClock },
): ReplaySource[] {
  const timeline = new ReplayTimeline(recordings, options);
  return recordings.map((recording) => new ReplaySource(recording, timeline, options.clock));
}
