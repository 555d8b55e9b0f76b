/**
 * Who carries which tuple, written as a log and read only when somebody asks. Most tuples are never asked for, so
 * writing must be cheap: one word of a small array of heads and the next entry of a ring; nothing is ever removed.
 *
 *   heads[bucket of key] ──► entry ──► older entry of this bucket ──► … until older than the ring's tail
 *   entry: key, connection, sequence number of the older entry
 *
 * An entry says nothing once its connection left; where the ring is full the tail gives way if it says nothing,
 * and goes back to the front if it does. A tuple that thousands reuse costs its writers nothing.
 */
import { C, CONNECTION_WORDS, type Pools } from './pools.ts';

const ENTRY_WORDS = 3;
const ENTRIES_PER_CONNECTION = 2;
const TWO_32 = 0x1_0000_0000;
/** So many entries are moved from the tail to the front to make room for one. */
const MAX_MOVED = 16;
const MAX_COMPARED = 8;

/** A place is an age: 1 is the newest entry. It holds until the next add. 0: none. */
export class TupleLog {
  readonly #pools: Pools;
  readonly #capacity: number;
  readonly #heads: Uint32Array;
  readonly #entries: Uint32Array;
  #write = 0;
  #count = 0;
  /** Sequence number of the next entry, modulo 2^32. No head points at 0 in the beginning. */
  #next = 1;
  /** Entries that gave way though their connection is open. */
  refused = 0;
  /** The last entry that gave way did so because nearly all others are needed too. */
  isCrowded = false;

  constructor(pools: Pools) {
    this.#pools = pools;
    this.#capacity = pools.capacity * ENTRIES_PER_CONNECTION;
    this.#heads = new Uint32Array(this.#capacity);
    this.#entries = new Uint32Array(this.#capacity * ENTRY_WORDS);
  }

  get byteLength(): number {
    return this.#heads.byteLength + this.#entries.byteLength;
  }

  /** Entries of earlier holders of this number count no more. */
  begin(connection: number): void {
    this.#pools.words[connection * CONNECTION_WORDS + C.firstEntry] = this.#next;
  }

  add(key: number, connection: number): void {
    if (this.#count === this.#capacity) this.#makeRoom();
    this.#append(key, connection);
  }

  /** Reads what add() will need. Loads that do not wait for each other cost little more than one. */
  touch(key: number): number {
    return this.#heads[this.#bucketOf(key)] as number;
  }

  newest(key: number): number {
    return this.#placeOf(this.#heads[this.#bucketOf(key)] as number);
  }

  older(place: number): number {
    const older = this.#placeOf(this.#entries[this.#indexOf(place) + 2] as number);
    return older > place ? older : 0;
  }

  /** The open connection that carries this key by the entry at `place`; -1: another key, or it left. */
  connectionAt(place: number, key: number): number {
    const at = this.#indexOf(place);
    if (this.#entries[at] !== key) return -1;
    const connection = this.#entries[at + 1] as number;
    return this.#isOpen(connection, place) ? connection : -1;
  }

  #bucketOf(key: number): number {
    return Math.floor((key / TWO_32) * this.#capacity);
  }

  #indexOf(place: number): number {
    const index = this.#write - place;
    return (index < 0 ? index + this.#capacity : index) * ENTRY_WORDS;
  }

  #placeOf(sequence: number): number {
    const place = (this.#next - sequence) >>> 0;
    return place <= this.#count ? place : 0;
  }

  #isOpen(connection: number, place: number): boolean {
    const first = this.#pools.words[connection * CONNECTION_WORDS + C.firstEntry] as number;
    return this.#pools.isUsed(connection) && (this.#next - first) >>> 0 >= place;
  }

  #append(key: number, connection: number): void {
    const bucket = this.#bucketOf(key);
    const at = this.#write * ENTRY_WORDS;
    this.#entries[at] = key;
    this.#entries[at + 1] = connection;
    this.#entries[at + 2] = this.#heads[bucket] as number;
    this.#heads[bucket] = this.#next;
    this.#next = (this.#next + 1) >>> 0;
    this.#write = this.#write + 1 === this.#capacity ? 0 : this.#write + 1;
    this.#count += 1;
  }

  /** A younger entry says the same. Looks at a few only: to keep both does no harm. */
  #isRepeated(key: number, connection: number): boolean {
    let place = this.newest(key);
    for (let looked = 0; place > 0 && looked < MAX_COMPARED; looked++) {
      const at = this.#indexOf(place);
      if (this.#entries[at] === key && this.#entries[at + 1] === connection) return true;
      place = this.older(place);
    }
    return false;
  }

  #makeRoom(): void {
    for (let moved = 0; moved < MAX_MOVED; moved++) {
      const place = this.#count;
      const at = this.#indexOf(place);
      const [key, connection] = [this.#entries[at] as number, this.#entries[at + 1] as number];
      this.#count -= 1;
      if (!this.#isOpen(connection, place) || this.#isRepeated(key, connection)) return;
      this.#append(key, connection);
      // All of its entries are younger than the tail; sequence numbers come round after 2^32.
      const first = (this.#next - this.#count) >>> 0;
      this.#pools.words[connection * CONNECTION_WORDS + C.firstEntry] = first;
    }
    this.#count -= 1;
    this.refused += 1;
    this.isCrowded = true;
  }
}
