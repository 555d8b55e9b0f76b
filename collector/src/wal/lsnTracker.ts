/** Which batches are done: all up to a number, and some beyond. */
export class LsnTracker {
  #upTo: number;
  readonly #beyond = new Set<number>();

  constructor(upTo: number) {
    this.#upTo = upTo;
  }

  /** All batches up to this one are done. */
  get upTo(): number {
    return this.#upTo;
  }

  isDone(lsn: number): boolean {
    return lsn <= this.#upTo || this.#beyond.has(lsn);
  }

  add(lsn: number): void {
    if (lsn <= this.#upTo) return;
    this.#beyond.add(lsn);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
  }
}
