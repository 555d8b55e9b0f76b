/** Which minutes have paths that their roll-up may lack, and when each is due to be counted again. */

/** Writes about one minute come in bursts: after so long without one it is counted. */
const QUIET_MS = 1000;
/** Counting may take so much of the time: a minute that is dear to count is counted less often, but this often. */
const MAX_SHARE = 0.05;
const MAX_INTERVAL_MS = 60_000;
/** Counted together when they lie side by side. */
const MAX_TOGETHER = 60;
const MINUTE_S = 60;

interface News {
  readonly sinceMs: number;
  readonly lastMs: number;
}

export class DirtyMinutes {
  readonly #news = new Map<number, News>();
  /** When the minutes of the last hours were counted. */
  readonly #countedMs = new Map<number, number>();
  readonly #minIntervalMs: number;
  #costMs = 0;

  /** The present minute has news all the time: it is counted so often, or less if that is dear, and so is a late one. */
  constructor(minIntervalMs: number) {
    this.#minIntervalMs = minIntervalMs;
  }

  get size(): number {
    return this.#news.size;
  }

  /** Seconds since the epoch; null: all is counted. */
  get oldestS(): number | null {
    let oldest: number | null = null;
    for (const startS of this.#news.keys()) oldest = Math.min(oldest ?? startS, startS);
    return oldest;
  }

  /** Since when the news that waited longest waits. */
  get waitingSinceMs(): number | null {
    let since: number | null = null;
    for (const { sinceMs } of this.#news.values()) since = Math.min(since ?? sinceMs, sinceMs);
    return since;
  }

  has(fromS: number, toS: number): boolean {
    for (const startS of this.#news.keys()) if (startS >= fromS && startS < toS) return true;
    return false;
  }

  add(startS: number, nowMs: number): void {
    const sinceMs = this.#news.get(startS)?.sinceMs ?? nowMs;
    this.#news.set(startS, { sinceMs, lastMs: nowMs });
  }

  /** The next range to count, its minutes taken out; null where none is due. `isFinal`: all are. */
  take(nowMs: number, isFinal: boolean): { fromS: number; toS: number } | null {
    const due = [...this.#news]
      .filter(([startS, news]) => isFinal || this.#isDue(startS, news, nowMs))
      .map(([startS]) => startS)
      .sort((a, b) => a - b);
    const [fromS] = due;
    if (fromS === undefined) return null;
    let toS = fromS;
    for (const startS of due.slice(0, MAX_TOGETHER)) {
      if (startS !== toS) break;
      this.#news.delete(startS);
      toS += MINUTE_S;
    }
    return { fromS, toS };
  }

  counted(range: { fromS: number; toS: number }, times: { nowMs: number; tookMs: number }): void {
    this.#costMs = times.tookMs;
    for (let startS = range.fromS; startS < range.toS; startS += MINUTE_S)
      this.#countedMs.set(startS, times.nowMs);
    for (const [startS, countedMs] of this.#countedMs)
      if (times.nowMs - countedMs > this.#intervalMs) this.#countedMs.delete(startS);
  }

  get #intervalMs(): number {
    const dearMs = Math.min(MAX_INTERVAL_MS, this.#costMs / MAX_SHARE);
    return Math.max(this.#minIntervalMs, dearMs);
  }

  #isDue(startS: number, { sinceMs, lastMs }: News, nowMs: number): boolean {
    const countedMs = this.#countedMs.get(startS) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - countedMs < this.#intervalMs) return false;
    return nowMs - lastMs >= QUIET_MS || nowMs - sinceMs >= this.#minIntervalMs;
  }
}
