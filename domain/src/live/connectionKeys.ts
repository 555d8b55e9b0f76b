/** By what a connection is found: its ISN pair, its client's ISN, and the tuples of its legs. */
import { KeyIndex, MAX_SAME_KEY, mixKey } from './keyIndex.ts';
import { FLAG, ROW, ROW_WORDS } from './legRow.ts';
import { C, CONNECTION_WORDS, type Pools, STATE } from './pools.ts';

/** Kinds of key; the value of an index entry is connection << 3 | wanted << 2 | kind. */
export const PAIR = 1;
export const CLIENT = 2;
const TUPLE = 3;
const WANTED = 4;
/** Pair, client and the tuples before and after NAT. */
const KEYS_PER_CONNECTION = 4;

export class ConnectionKeys {
  readonly #rows: Uint32Array;
  readonly #pools: Pools;
  readonly #keys: KeyIndex;
  /** So many connections carry one tuple that another is not found by it. */
  crowdedTuples = 0;
  /** Keys for which there was no room. */
  refused = 0;

  constructor(rows: Uint32Array, pools: Pools) {
    this.#rows = rows;
    this.#pools = pools;
    this.#keys = new KeyIndex(pools.capacity * KEYS_PER_CONNECTION);
  }

  get byteLength(): number {
    return this.#keys.byteLength;
  }

  /** Entries in use. */
  get size(): number {
    return this.#keys.size;
  }

  get hasRoom(): boolean {
    return this.#keys.size + 8 < this.#pools.capacity * KEYS_PER_CONNECTION;
  }

  /** Makes a connection findable by a hash; false: no room. */
  add(connection: number, kind: number, high: number, low: number): boolean {
    return this.#keys.insert(mixKey(high, low, kind), (connection << 3) | kind);
  }

  /** The connection whose hash at `word` this is; -1: none. */
  find(kind: number, word: number, high: number, low: number): number {
    const key = mixKey(high, low, kind);
    const { words } = this.#pools;
    for (let cursor = this.#keys.first(key); ; cursor = this.#keys.next(cursor)) {
      const value = this.#keys.valueAt(cursor, key);
      if (value === -1) return -1;
      if (value < 0 || (value & 3) !== kind) continue;
      const base = (value >>> 3) * CONNECTION_WORDS + word;
      if (words[base] === high && words[base + 1] === low) return value >>> 3;
    }
  }

  /** Makes the leg findable by its tuples: as it was seen, and before and after NAT. */
  indexForms(row: number, connection: number): void {
    const base = row * ROW_WORDS;
    const flags = this.#rows[base + ROW.flags] as number;
    const isBare = (flags & (FLAG.noPair | FLAG.noClient)) === (FLAG.noPair | FLAG.noClient);
    this.#indexForm(row, ROW.tuple, connection, isBare);
    if ((flags & FLAG.noOriginal) === 0) this.#indexForm(row, ROW.original, connection, isBare);
    if ((flags & FLAG.noReply) === 0) this.#indexForm(row, ROW.reply, connection, isBare);
  }

  #indexForm(row: number, word: number, connection: number, isWanted: boolean): void {
    if (!isWanted && this.#isCarried(row, word)) return;
    this.#indexTuple(connection, this.#formKey(row * ROW_WORDS + word, word), isWanted);
  }

  #formKey(at: number, word: number): number {
    const [a, b] = [this.#rows[at] as number, this.#rows[at + 1] as number];
    const ports = this.#rows[at + 2] as number;
    return word === ROW.reply ? mixKey(b, a, turn(ports)) : mixKey(a, b, ports);
  }

  /** Most taps see what the tap before them saw, and NAT starts from it: a comparison spares the look-up. */
  #isCarried(row: number, word: number): boolean {
    const rows = this.#rows;
    const at = row * ROW_WORDS + word;
    const isReply = word === ROW.reply;
    const src = rows[isReply ? at + 1 : at] as number;
    const dst = rows[isReply ? at : at + 1] as number;
    const ports = isReply ? turn(rows[at + 2] as number) : (rows[at + 2] as number);
    if (word !== ROW.tuple && this.#isTuple(row, src, dst, ports)) return true;
    const before = (rows[row * ROW_WORDS + ROW.next] as number) - 1;
    return before >= 0 && this.#isTuple(before, src, dst, ports);
  }

  #isTuple(row: number, src: number, dst: number, ports: number): boolean {
    const at = row * ROW_WORDS + ROW.tuple;
    return this.#rows[at] === src && this.#rows[at + 1] === dst && this.#rows[at + 2] === ports;
  }

  /** Equal keys of unequal tuples bring strangers together now and then: reconstruct() parts them. */
  #indexTuple(connection: number, key: number, isWanted: boolean): void {
    let isKnown = false;
    let looked = 0;
    let cursor = this.#keys.first(key);
    for (;;) {
      const value = this.#keys.valueAt(cursor, key);
      if (value === -1) break;
      if (value >= 0 && (value & 3) === TUPLE) {
        if (++looked > MAX_SAME_KEY) {
          this.crowdedTuples += 1;
          return;
        }
        const other = value >>> 3;
        if (other === connection) {
          isKnown = true;
          if (isWanted && (value & WANTED) === 0) this.#keys.setAt(cursor, value | WANTED);
          if (!isWanted) isWanted = (value & WANTED) !== 0;
        } else if (isWanted || (value & WANTED) !== 0) this.#pools.union(connection, other);
      }
      cursor = this.#keys.next(cursor);
    }
    if (isKnown) return;
    const value = (connection << 3) | (isWanted ? WANTED : 0) | TUPLE;
    if (!this.#keys.insert(key, value >>> 0)) this.refused += 1;
  }

  forgetKeys(connection: number): void {
    const base = connection * CONNECTION_WORDS;
    const state = this.#pools.words[base + C.state] as number;
    if ((state & STATE.hasPair) !== 0) this.#forgetKey(connection, base + C.pair, PAIR);
    if ((state & STATE.hasClient) !== 0) this.#forgetKey(connection, base + C.client, CLIENT);
    for (let row = (this.#pools.words[base + C.head] as number) - 1; row >= 0; ) {
      this.forgetForms(row, connection);
      row = (this.#rows[row * ROW_WORDS + ROW.next] as number) - 1;
    }
  }

  #forgetKey(connection: number, at: number, kind: number): void {
    const { words } = this.#pools;
    const key = mixKey(words[at] as number, words[at + 1] as number, kind);
    this.#keys.remove(key, (connection << 3) | kind, 0);
  }

  /** What a row before this one carries as well goes with that one. */
  forgetForms(row: number, connection: number): void {
    const flags = this.#rows[row * ROW_WORDS + ROW.flags] as number;
    this.#forgetForm(row, ROW.tuple, connection);
    if ((flags & FLAG.noOriginal) === 0) this.#forgetForm(row, ROW.original, connection);
    if ((flags & FLAG.noReply) === 0) this.#forgetForm(row, ROW.reply, connection);
  }

  #forgetForm(row: number, word: number, connection: number): void {
    if (this.#isCarried(row, word)) return;
    const key = this.#formKey(row * ROW_WORDS + word, word);
    this.#keys.remove(key, (connection << 3) | TUPLE, WANTED);
  }

  /** Brings together all that carry this tuple, now and later. Words as in a row: addresses folded, ports. */
  wantTuple(connection: number, src: number, dst: number, ports: number): void {
    this.#indexTuple(connection, mixKey(src, dst, ports), true);
  }

  /** Takes back wantTuple. */
  unwantTuple(connection: number, src: number, dst: number, ports: number): void {
    this.#keys.remove(mixKey(src, dst, ports), (connection << 3) | TUPLE, WANTED);
  }
}

function turn(ports: number): number {
  return ((ports << 16) | (ports >>> 16)) >>> 0;
}
