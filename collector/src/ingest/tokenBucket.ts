/** So much a second, and what was not used for a while at once. Whoever finds anything in it may take all he has. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #most: number;
  #level: number;
  #atMs: number;

  /** Full at first; `burstS` seconds' worth fit in. */
  constructor(perSecond: number, burstS: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#most = perSecond * burstS;
    this.#level = this.#most;
    this.#atMs = nowMs;
  }

  /** How long nothing may be taken, in milliseconds; 0: now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#level > 0 ? 0 : (1 - this.#level) / this.#perMs;
  }

  /** What is taken beyond the level is a debt that later ones wait for: a batch is never cut in two. */
  take(count: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level -= count;
  }

  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#level = Math.min(this.#most, this.#level + passedMs * this.#perMs);
    this.#atMs = nowMs;
  }
}
