/** Ids of legs in records: loaders count from 0, and one that begins anew must not give an id again. */
export class LegIds {
  /** Added to the ids of the loader that runs now. */
  #base = 0;
  #nextBase = 0;

  /** Of the id that the loader gave. */
  of(id: number): number {
    const legId = this.#base + id;
    if (legId >= this.#nextBase) this.#nextBase = legId + 1;
    return legId;
  }

  /** Another loader begins. */
  begin(): void {
    this.#base = this.#nextBase;
  }
}
