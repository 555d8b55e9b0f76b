/**
 * Open addressing from a 32-bit key to connections: two words a slot, linear probing, deletion by shifting back
 * (no tombstones, so the cost stays flat for ever). One key may have several values; the caller compares in full.
 */
const EMPTY = 0xffff_ffff;
const LOAD = 0.7;
/** A key that very many hold (one tuple reused without end) is not searched further than this. */
export const MAX_SAME_KEY = 64;

export class KeyIndex {
  readonly #slots: Uint32Array;
  readonly #slotCount: number;
  readonly #maxEntries: number;
  size = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
    this.#slotCount = Math.ceil(maxEntries / LOAD) + MAX_SAME_KEY;
    this.#slots = new Uint32Array(this.#slotCount * 2).fill(EMPTY);
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  get maxEntries(): number {
    return this.#maxEntries;
  }

  get isFull(): boolean {
    return this.size >= this.#maxEntries;
  }

  /** A cursor on the first slot that may hold `key`; go on with next(). */
  first(key: number): number {
    return Math.floor((key / 0x1_0000_0000) * this.#slotCount);
  }

  next(cursor: number): number {
    return cursor + 1 === this.#slotCount ? 0 : cursor + 1;
  }

  /** The value under the cursor where the key is `key`; -1: the chain ends here; -2: another key. */
  valueAt(cursor: number, key: number): number {
    const value = this.#slots[cursor * 2 + 1] as number;
    if (value === EMPTY) return -1;
    return this.#slots[cursor * 2] === key ? value : -2;
  }

  /** Reads what a search for `key` will need. Loads that do not wait for each other cost little more than one. */
  touch(key: number): number {
    return this.#slots[this.first(key) * 2 + 1] as number;
  }

  has(key: number, value: number): boolean {
    for (let cursor = this.first(key); ; cursor = this.next(cursor)) {
      const found = this.valueAt(cursor, key);
      if (found === -1) return false;
      if (found === value) return true;
    }
  }

  /** Adds a value; false: full. `value` below 2^32 - 1. */
  insert(key: number, value: number): boolean {
    if (this.isFull) return false;
    let cursor = this.first(key);
    while (this.#slots[cursor * 2 + 1] !== EMPTY) cursor = this.next(cursor);
    this.#slots[cursor * 2] = key;
    this.#slots[cursor * 2 + 1] = value;
    this.size += 1;
    return true;
  }

  /** Takes all entries of a smaller index. */
  takeAll(from: KeyIndex): void {
    for (let at = 0; at < from.#slots.length; at += 2) {
      const value = from.#slots[at + 1] as number;
      if (value !== EMPTY) this.insert(from.#slots[at] as number, value);
    }
  }

  /** Removes the entry of this key whose value is `value`; nothing where there is none. */
  remove(key: number, value: number): void {
    let cursor = this.first(key);
    for (;;) {
      const found = this.valueAt(cursor, key);
      if (found === -1) return;
      if (found === value) break;
      cursor = this.next(cursor);
    }
    this.#closeGap(cursor);
    this.size -= 1;
  }

  /** Moves back each follower that would not be found across the gap. */
  #closeGap(start: number): void {
    let gap = start;
    let cursor = this.next(start);
    while (this.#slots[cursor * 2 + 1] !== EMPTY) {
      const home = this.first(this.#slots[cursor * 2] as number);
      const isReachable =
        gap <= cursor ? gap < home && home <= cursor : gap < home || home <= cursor;
      if (!isReachable) {
        this.#slots[gap * 2] = this.#slots[cursor * 2] as number;
        this.#slots[gap * 2 + 1] = this.#slots[cursor * 2 + 1] as number;
        gap = cursor;
      }
      cursor = this.next(cursor);
    }
    this.#slots[gap * 2 + 1] = EMPTY;
  }
}

/** Hashes of two kinds share one index: the salt `c` keeps them apart, the kind in the value decides. Tuples too are mixed by this. */
export function mixKey(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ c, 0x9e37_79b1);
  hash = Math.imul(hash ^ b ^ (hash >>> 15), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
