/** CLOCK_MONOTONIC stamps of the kernel to what records carry, and the time up to which the stream was read. */
import type { ClockFrame } from './frames/frame.ts';

/** Events reach the agent within the loader's poll (20 ms) and the pipe; a stream quiet this long is drained. */
const QUIET_NS = 100_000_000n;

/** Splits stamps into an absolute start in whole microseconds and nanoseconds from there. */
export class KernelClock {
  #realtimeMinusMonotonicNs: bigint | null = null;

  /** False until the first clock frame: stamps mean nothing before. */
  get isSet(): boolean {
    return this.#realtimeMinusMonotonicNs !== null;
  }

  update(frame: ClockFrame): void {
    this.#realtimeMinusMonotonicNs = frame.realtimeMinusMonotonicNs;
  }

  /** `startUs` is CLOCK_REALTIME rounded down; `restNs` (0 to 999) is what that cut off. */
  split(tsNs: bigint): { startUs: number; restNs: number } {
    const realtimeNs = tsNs + (this.#realtimeMinusMonotonicNs ?? 0n);
    const positiveNs = realtimeNs < 0n ? 0n : realtimeNs;
    return { startUs: Number(positiveNs / 1000n), restNs: Number(positiveNs % 1000n) };
  }
}

/**
 * "Now" for every judgement about silence. It is the time of the newest event read, not the wall clock: while
 * events wait unread in the pipe, an answer may be among them, and the clock of the reader would call it missing.
 *
 *   events     e1   e2      e3                      (kernel time)
 *   read                e1 e2      e3               (agent, late)
 *   now        ----e1--e2---------e3.......(quiet for 100 ms: wall clock − 100 ms)
 */
export class StreamClock {
  #nowNs = 0n;
  #lastReadAtNs: bigint | null = null;

  get nowNs(): bigint {
    return this.#nowNs;
  }

  /** An event of kernel time `tsNs` was read. */
  sawEvent(tsNs: bigint): void {
    if (tsNs > this.#nowNs) this.#nowNs = tsNs;
  }

  /** Bytes arrived at `wallNs` (CLOCK_MONOTONIC, as process.hrtime.bigint() reads). */
  sawBytes(wallNs: bigint): void {
    this.#lastReadAtNs = wallNs;
  }

  /** Call regularly with CLOCK_MONOTONIC; moves time on while the stream is quiet. */
  tick(wallNs: bigint): bigint {
    this.#lastReadAtNs ??= wallNs;
    const isQuiet = wallNs - this.#lastReadAtNs >= QUIET_NS;
    if (isQuiet) this.sawEvent(wallNs - QUIET_NS);
    return this.#nowNs;
  }
}
