/**
 * Who held a key when. Intervals are half open, [fromUs, toUs); several may overlap (an address that was given to
 * the next Pod before the last one's end was told). Mutable and bounded by forget(); all times in microseconds.
 */

export interface Interval<K, V> {
  readonly key: K;
  readonly value: V;
  /** Somewhere in [earliestUs, fromUs] it began. */
  readonly earliestUs: number;
  readonly fromUs: number;
  /** Infinity: still so. */
  toUs: number;
  /** The one that began before it. */
  older: Interval<K, V> | null;
}

export class IntervalMap<K, V> {
  readonly #newest = new Map<K, Interval<K, V>>();
  /** In the order of closing. */
  #closed: Interval<K, V>[] = [];
  #forgotten = 0;

  get size(): number {
    return this.#newest.size;
  }

  keys(): Iterable<K> {
    return this.#newest.keys();
  }

  /** Answers the interval, to be closed by close(). */
  open(key: K, value: V, earliestUs: number, fromUs: number): Interval<K, V> {
    const newest = this.#newest.get(key);
    if (newest === undefined || newest.fromUs <= fromUs) {
      const opened = {
        key,
        value,
        earliestUs,
        fromUs,
        toUs: Number.POSITIVE_INFINITY,
        older: null,
      };
      return this.#set(key, { ...opened, older: newest ?? null });
    }
    let after = newest;
    while (after.older !== null && after.older.fromUs > fromUs) after = after.older;
    const toUs = Number.POSITIVE_INFINITY;
    after.older = { key, value, earliestUs, fromUs, toUs, older: after.older };
    return after.older;
  }

  close(interval: Interval<K, V>, atUs: number): void {
    interval.toUs = atUs;
    this.#closed.push(interval);
  }

  /** The last to begin of those that hold the key at `atUs`; else one that may have begun by then. */
  at(key: K, atUs: number): V | undefined {
    let interval = this.#newest.get(key) ?? null;
    if (interval === null) return undefined;
    if (interval.fromUs <= atUs && atUs < interval.toUs) return interval.value;
    let possible: V | undefined;
    for (; interval !== null; interval = interval.older) {
      if (interval.fromUs <= atUs) {
        if (atUs < interval.toUs) return interval.value;
      } else if (interval.earliestUs <= atUs && atUs < interval.toUs) possible = interval.value;
    }
    return possible;
  }

  /** The last to begin of those of which it is not certain that they had begun. */
  possibleAt(key: K, atUs: number): V | undefined {
    for (let each = this.#newest.get(key) ?? null; each !== null; each = each.older)
      if (atUs < each.fromUs && each.earliestUs <= atUs) return each.value;
    return undefined;
  }

  /** All that hold the key at `atUs`, for certain or perhaps. */
  allAt(key: K, atUs: number): V[] {
    const found: V[] = [];
    for (let each = this.#newest.get(key) ?? null; each !== null; each = each.older)
      if (each.earliestUs <= atUs && atUs < each.toUs) found.push(each.value);
    return found;
  }

  newestOf(key: K): Interval<K, V> | undefined {
    return this.#newest.get(key);
  }

  /** Lets go of what ended before `beforeUs`; answers whose it was. */
  forget(beforeUs: number): Set<K> {
    const keys = new Set<K>();
    let next = this.#closed[this.#forgotten];
    while (next !== undefined && next.toUs < beforeUs) {
      this.#drop(next);
      keys.add(next.key);
      this.#forgotten += 1;
      next = this.#closed[this.#forgotten];
    }
    // Shifting each by itself would move all the others.
    if (this.#forgotten >= 1024 && this.#forgotten * 2 >= this.#closed.length) {
      this.#closed = this.#closed.slice(this.#forgotten);
      this.#forgotten = 0;
    }
    return keys;
  }

  #set(key: K, interval: Interval<K, V>): Interval<K, V> {
    this.#newest.set(key, interval);
    return interval;
  }

  #drop(interval: Interval<K, V>): void {
    const { key } = interval;
    const newest = this.#newest.get(key);
    if (newest === undefined) return;
    if (newest === interval) {
      if (interval.older === null) this.#newest.delete(key);
      else this.#newest.set(key, interval.older);
      return;
    }
    let after: Interval<K, V> = newest;
    while (after.older !== null && after.older !== interval) after = after.older;
    if (after.older === interval) after.older = interval.older;
  }
}
