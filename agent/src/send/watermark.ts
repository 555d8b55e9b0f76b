/** Up to which time every record that was made is stored: how long records waited before they were cut into batches. */
export class Watermark {
  #oldestQueuedAtMs = 0;
  /** Of records that may be in the outbox now. */
  #longestWaitMs = 0;

  /** Has the oldest record waited since then (monotonic)? Meaningless while the queue is empty. */
  isAsOld(sinceMs: number): boolean {
    return this.#oldestQueuedAtMs <= sinceMs;
  }

  /** The first record comes into an empty queue. */
  queueBegins(nowMs: number): void {
    this.#oldestQueuedAtMs = nowMs;
  }

  /** A batch is cut. What is left in the queue is younger; taken for as old, it is only flushed sooner. */
  cut(nowMs: number, isOutboxEmpty: boolean): void {
    const waitedMs = nowMs - this.#oldestQueuedAtMs;
    this.#longestWaitMs = isOutboxEmpty ? waitedMs : Math.max(this.#longestWaitMs, waitedMs);
  }

  /** Batches of another sender come to this one's outbox. */
  takeOver(other: Watermark): void {
    this.#longestWaitMs = Math.max(this.#longestWaitMs, other.#longestWaitMs);
  }

  /**
   * Wall-clock microseconds. `oldestCutAtMs`: of the oldest batch that is not stored, by the wall clock; null: all
   * are. `nowMs` is monotonic.
   */
  untilUs(state: {
    readonly nowMs: number;
    readonly wallMs: number;
    readonly isQueueEmpty: boolean;
    readonly oldestCutAtMs: number | null;
  }): number {
    const { nowMs, wallMs, isQueueEmpty, oldestCutAtMs } = state;
    if (oldestCutAtMs !== null) return Math.floor((oldestCutAtMs - this.#longestWaitMs) * 1000);
    return Math.floor((wallMs - (isQueueEmpty ? 0 : nowMs - this.#oldestQueuedAtMs)) * 1000);
  }
}
