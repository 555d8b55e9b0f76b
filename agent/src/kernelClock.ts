/** CLOCK_MONOTONIC stamps of the kernel to what records carry, and the time up to which the stream was read. */
import type { ClockFrame } from './frames/frame.ts';

/** Events reach the agent within the loader's poll (20 ms) and the pipe; a stream quiet this long is drained. */
const QUIET_NS = 100_000_000n;

const TWO_32_US = 4_294_967;
/** 2^32 ns are TWO_32_US microseconds and so many nanoseconds. */
const TWO_32_REST_NS = 296;

/** Splits stamps into an absolute start in whole microseconds and nanoseconds from there. */
export class KernelClock {
  #realtimeMinusMonotonicNs: bigint | null = null;

  /** The offset in whole microseconds, and the nanoseconds (0 to 999) above them. */
  #offsetUs = 0;
  #offsetRestNs = 0;
  /** What splitWords() cut off, 0 to 999. */
  restNs = 0;

  /** False until the first clock frame: stamps mean nothing before. */
  get isSet(): boolean {
    return this.#realtimeMinusMonotonicNs !== null;
  }

  update(frame: ClockFrame): void {
    const offsetNs = frame.realtimeMinusMonotonicNs;
    this.#realtimeMinusMonotonicNs = offsetNs;
    this.#offsetRestNs = Number(((offsetNs % 1000n) + 1000n) % 1000n);
    this.#offsetUs = Number((offsetNs - BigInt(this.#offsetRestNs)) / 1000n);
  }

  /** `startUs` is CLOCK_REALTIME rounded down; `restNs` (0 to 999) is what that cut off. */
  split(tsNs: bigint): { startUs: number; restNs: number } {
    const realtimeNs = tsNs + (this.#realtimeMinusMonotonicNs ?? 0n);
    const positiveNs = realtimeNs < 0n ? 0n : realtimeNs;
    return { startUs: Number(positiveNs / 1000n), restNs: Number(positiveNs % 1000n) };
  }

  /** The same for a stamp in halves, without BigInt, which would allocate: answers startUs and leaves restNs. */
  splitWords(high: number, low: number): number {
    const ns = high * TWO_32_REST_NS + low + this.#offsetRestNs;
    const us = high * TWO_32_US + Math.floor(ns / 1000) + this.#offsetUs;
    this.restNs = us < 0 ? 0 : ns % 1000;
    return Math.max(0, us);
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
