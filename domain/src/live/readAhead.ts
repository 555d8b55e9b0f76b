/**
 * Reads what the next legs, or the next connections to be forgotten, will need: slots far apart in large tables.
 * Such loads overlap as long as none waits for another; one after the other, as the work itself would make them,
 * each costs the whole way to memory. What is read here is used soon, while it lies in the nearest cache.
 */
import { PAIR } from './connectionKeys.ts';
import { mixKey } from './keyIndex.ts';
import { AT, isLegSize, LEG_CODE, ROW, ROW_WORDS } from './legRow.ts';
import type { LiveTable } from './liveTable.ts';
import { C, CONNECTION_WORDS } from './pools.ts';

/** Read ahead together: few enough to stay in the nearest cache, enough to overlap. */
export const AHEAD = 32;
const HEAD_BYTES = 4;

export class ReadAhead {
  readonly #table: LiveTable;
  /** Where the legs begin that were read ahead, the keys of their ISN pairs, and their connections; -1: not known. */
  readonly #places = new Uint32Array(AHEAD);
  readonly #pairKeys = new Uint32Array(AHEAD);
  readonly #connections = new Int32Array(AHEAD);
  #count = 0;
  #next = 0;
  /** What was read: the loads would be left out if nobody used them. */
  touched = 0;

  constructor(table: LiveTable) {
    this.#table = table;
  }

  /** Reads ahead for the next legs from the record at `at` on. Answers where the first record begins that it left. */
  legs(view: DataView, at: number): number {
    const { keys } = this.#table;
    const end = this.#collect(view, at);
    let touched = 0;
    for (let n = 0; n < this.#count; n++) {
      const place = this.#places[n] as number;
      const high = view.getUint32(place + AT.pair);
      const key = mixKey(high, view.getUint32(place + AT.pair + 4), PAIR);
      this.#pairKeys[n] = key;
      touched ^= keys.touch(key);
    }
    for (let n = 0; n < this.#count; n++) {
      const place = this.#places[n] as number;
      const connection = keys.findPair(view, place + AT.pair, this.#pairKeys[n] as number);
      this.#connections[n] = connection;
      if (connection < 0) touched ^= keys.touchNew(view, place);
    }
    this.touched ^= touched;
    return end;
  }

  #collect(view: DataView, from: number): number {
    this.#count = 0;
    this.#next = 0;
    let at = from;
    while (this.#count < AHEAD && at + HEAD_BYTES <= view.byteLength) {
      const size = view.getUint16(at + 2, true);
      if (size < HEAD_BYTES || at + size > view.byteLength) return view.byteLength;
      if (isLegSize(size) && view.getUint8(at) === LEG_CODE) this.#places[this.#count++] = at;
      at += size;
    }
    return at;
  }

  /** The connection of the leg at `at`, asked for in the order of the records; -1: not known yet. */
  connectionAt(at: number): number {
    while (this.#next < this.#count && (this.#places[this.#next] as number) < at) this.#next += 1;
    if (this.#next >= this.#count || this.#places[this.#next] !== at) return -1;
    return this.#connections[this.#next] as number;
  }

  /** Connections left: what was found for the legs ahead may be another by now. */
  forget(): void {
    this.#count = 0;
  }

  /** Reads what release() of these connections will need. */
  old(connections: Uint32Array, count: number): void {
    const { keys, pools, rows } = this.#table;
    let touched = 0;
    for (let place = 0; place < count; place++) {
      const connection = connections[place] as number;
      const head = pools.words[connection * CONNECTION_WORDS + C.head] as number;
      touched ^= keys.touchOld(connection);
      if (head > 0) touched ^= rows[(head - 1) * ROW_WORDS + ROW.start] as number;
    }
    this.touched ^= touched;
  }
}
