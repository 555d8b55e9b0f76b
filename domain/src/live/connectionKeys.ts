/** By what a connection is found: its ISN pair, its client's ISN, and the tuples of its legs. */
import { KeyIndex, MAX_SAME_KEY, mixKey } from './keyIndex.ts';
import { AT, FLAG, ROW, ROW_WORDS } from './legRow.ts';
import { C, CONNECTION_WORDS, type Pools, STATE } from './pools.ts';
import { TupleLog } from './tupleLog.ts';

/** Kinds of key; the value of an index entry is connection << 1 | kind. */
export const PAIR = 0;
export const CLIENT = 1;
const KEYS_PER_CONNECTION = 2;
/** Wanted tuples are few as a rule: their index begins small and doubles, up to this many a connection. */
const WANTED_AT_FIRST = 1024;
const MAX_WANTED_PER_CONNECTION = 3;
/** So many rows before a new one are searched for its tuples; to write one down twice does no harm. */
const MAX_ROWS_COMPARED = 4;
/** So far the log is read for one wanted tuple. */
const MAX_READ = 1024;

export class ConnectionKeys {
  readonly #rows: Uint32Array;
  readonly #pools: Pools;
  readonly #keys: KeyIndex;
  readonly #carried: TupleLog;
  #wanted = new KeyIndex(WANTED_AT_FIRST);
  /** So many connections carry one tuple that not all are found by it. */
  crowdedTuples = 0;
  #refused = 0;

  constructor(rows: Uint32Array, pools: Pools) {
    this.#rows = rows;
    this.#pools = pools;
    this.#keys = new KeyIndex(pools.capacity * KEYS_PER_CONNECTION);
    this.#carried = new TupleLog(pools);
  }

  get byteLength(): number {
    return this.#keys.byteLength + this.#carried.byteLength + this.#wanted.byteLength;
  }

  /** Hashes and wanted tuples in use. */
  get size(): number {
    return this.#keys.size + this.#wanted.size;
  }

  get hasRoom(): boolean {
    return this.#keys.size + 4 < this.#keys.maxEntries && !this.#carried.isCrowded;
  }

  /** Keys for which there was no room. */
  get refused(): number {
    return this.#refused + this.#carried.refused;
  }

  /** A new connection: nothing is known of it. */
  begin(connection: number): void {
    this.#carried.begin(connection);
  }

  /** Makes a connection findable by a hash; false: no room. */
  add(connection: number, kind: number, high: number, low: number): boolean {
    return this.#keys.insert(mixKey(high, low, kind), ((connection << 1) | kind) >>> 0);
  }

  /** The connection whose hash at `word` this is; -1: none. */
  find(kind: number, word: number, high: number, low: number): number {
    return this.#findKey(mixKey(high, low, kind), kind, word, high, low);
  }

  /** As find, of the ISN pair at `at`, whose key is known. */
  findPair(view: DataView, at: number, key: number): number {
    return this.#findKey(key, PAIR, C.pair, view.getUint32(at), view.getUint32(at + 4));
  }

  #findKey(key: number, kind: number, word: number, high: number, low: number): number {
    const { words } = this.#pools;
    for (let cursor = this.#keys.first(key); ; cursor = this.#keys.next(cursor)) {
      const value = this.#keys.valueAt(cursor, key);
      if (value === -1) return -1;
      if (value < 0 || (value & 1) !== kind) continue;
      const base = (value >>> 1) * CONNECTION_WORDS + word;
      if (words[base] === high && words[base + 1] === low) return value >>> 1;
    }
  }

  /** Reads the slot that a search for this hash begins with. */
  touch(key: number): number {
    return this.#keys.touch(key);
  }

  /** Of a leg whose pair is new: reads the slots that its other keys will go to. */
  touchNew(view: DataView, at: number): number {
    const clientHigh = view.getUint32(at + AT.client);
    const client = mixKey(clientHigh, view.getUint32(at + AT.client + 4), CLIENT);
    const tuple = this.#carried.touch(tupleKey(view, at + AT.tuple));
    const reply = this.#carried.touch(replyKey(view, at + AT.reply));
    return this.#keys.touch(client) ^ tuple ^ reply;
  }

  /** Reads the slots that forgetKeys() of this connection will need. */
  touchOld(connection: number): number {
    const { words } = this.#pools;
    const at = connection * CONNECTION_WORDS;
    const pair = mixKey(words[at + C.pair] as number, words[at + C.pair + 1] as number, PAIR);
    const client = mixKey(
      words[at + C.client] as number,
      words[at + C.client + 1] as number,
      CLIENT,
    );
    return this.#keys.touch(pair) ^ this.#keys.touch(client);
  }

  /** Makes the leg findable by its tuples: as it was seen, and before and after NAT. */
  indexForms(row: number, connection: number): void {
    const flags = this.#rows[row * ROW_WORDS + ROW.flags] as number;
    const isWanted = isBare(flags);
    this.#indexForm(row, ROW.tuple, connection, isWanted);
    if ((flags & FLAG.noOriginal) === 0) this.#indexForm(row, ROW.original, connection, isWanted);
    if ((flags & FLAG.noReply) === 0) this.#indexForm(row, ROW.reply, connection, isWanted);
  }

  #indexForm(row: number, word: number, connection: number, isWanted: boolean): void {
    if (isWanted) this.#want(connection, this.#formKey(row, word));
    else if (!this.#isCarried(row, word)) this.#carry(connection, this.#formKey(row, word));
  }

  #formKey(row: number, word: number): number {
    const at = row * ROW_WORDS + word;
    const a = this.#rows[at] as number;
    const b = this.#rows[at + 1] as number;
    const ports = this.#rows[at + 2] as number;
    return word === ROW.reply ? mixKey(b, a, turn(ports)) : mixKey(a, b, ports);
  }

  /** Most taps see what a tap before them saw, and NAT starts from it: a comparison spares the entry. */
  #isCarried(row: number, word: number): boolean {
    const rows = this.#rows;
    const at = row * ROW_WORDS + word;
    const isReply = word === ROW.reply;
    const src = rows[isReply ? at + 1 : at] as number;
    const dst = rows[isReply ? at : at + 1] as number;
    const ports = isReply ? turn(rows[at + 2] as number) : (rows[at + 2] as number);
    if (word !== ROW.tuple && this.#isTuple(row, src, dst, ports)) return true;
    let before = (rows[row * ROW_WORDS + ROW.next] as number) - 1;
    for (let looked = 0; before >= 0 && looked < MAX_ROWS_COMPARED; looked++) {
      if (this.#isTuple(before, src, dst, ports) || this.#isReply(before, src, dst, ports))
        return true;
      before = (rows[before * ROW_WORDS + ROW.next] as number) - 1;
    }
    return false;
  }

  #isTuple(row: number, src: number, dst: number, ports: number): boolean {
    const at = row * ROW_WORDS + ROW.tuple;
    return this.#rows[at + 2] === ports && this.#rows[at] === src && this.#rows[at + 1] === dst;
  }

  #isReply(row: number, src: number, dst: number, ports: number): boolean {
    const at = row * ROW_WORDS + ROW.reply;
    return (
      this.#rows[at + 2] === turn(ports) &&
      this.#rows[at] === dst &&
      this.#rows[at + 1] === src &&
      ((this.#rows[row * ROW_WORDS + ROW.flags] as number) & FLAG.noReply) === 0
    );
  }

  /** Equal keys of unequal tuples bring strangers together now and then: reconstruct() parts them. */
  #carry(connection: number, key: number): void {
    if (this.#wanted.size > 0) this.#unionWanting(connection, key);
    this.#carried.add(key, connection);
  }

  /** Meets all that carry or want this tuple, and all that will. */
  #want(connection: number, key: number): void {
    this.#unionWanting(connection, key);
    let met = 0;
    let read = 0;
    for (let place = this.#carried.newest(key); place > 0; place = this.#carried.older(place)) {
      const other = this.#carried.connectionAt(place, key);
      if (++read > MAX_READ || (other >= 0 && ++met > MAX_SAME_KEY)) {
        this.crowdedTuples += 1;
        break;
      }
      if (other >= 0) this.#pools.union(connection, other);
    }
    if (this.#wanted.has(key, connection)) return;
    if (this.#wanted.isFull && !this.#growWanted()) this.#refused += 1;
    else this.#wanted.insert(key, connection);
  }

  #unionWanting(connection: number, key: number): void {
    let looked = 0;
    for (let cursor = this.#wanted.first(key); ; cursor = this.#wanted.next(cursor)) {
      const other = this.#wanted.valueAt(cursor, key);
      if (other === -1) return;
      if (other < 0) continue;
      if (++looked > MAX_SAME_KEY) {
        this.crowdedTuples += 1;
        return;
      }
      this.#pools.union(connection, other);
    }
  }

  #growWanted(): boolean {
    const most = this.#pools.capacity * MAX_WANTED_PER_CONNECTION;
    if (this.#wanted.maxEntries >= most) return false;
    const grown = new KeyIndex(Math.min(most, this.#wanted.maxEntries * 2));
    grown.takeAll(this.#wanted);
    this.#wanted = grown;
    return true;
  }

  /** The log's entries end with the connection. */
  forgetKeys(connection: number): void {
    const base = connection * CONNECTION_WORDS;
    const state = this.#pools.words[base + C.state] as number;
    if ((state & STATE.hasPair) !== 0) this.#forgetKey(connection, base + C.pair, PAIR);
    if ((state & STATE.hasClient) !== 0) this.#forgetKey(connection, base + C.client, CLIENT);
    this.#carried.isCrowded = false;
    if ((state & (STATE.hasPair | STATE.hasClient)) !== 0) return;
    const row = (this.#pools.words[base + C.head] as number) - 1;
    if (row >= 0) this.#forgetWanted(row, connection);
  }

  #forgetKey(connection: number, at: number, kind: number): void {
    const { words } = this.#pools;
    const key = mixKey(words[at] as number, words[at + 1] as number, kind);
    this.#keys.remove(key, ((connection << 1) | kind) >>> 0);
  }

  /** A leg without any ISN is alone in its connection. */
  #forgetWanted(row: number, connection: number): void {
    for (const word of [ROW.tuple, ROW.original, ROW.reply])
      this.#wanted.remove(this.#formKey(row, word), connection);
  }

  /** Brings together all that carry this tuple, now and later. Words as in a row: addresses folded, ports. */
  wantTuple(connection: number, src: number, dst: number, ports: number): void {
    this.#want(connection, mixKey(src, dst, ports));
  }

  /** Takes back wantTuple. */
  unwantTuple(connection: number, src: number, dst: number, ports: number): void {
    this.#wanted.remove(mixKey(src, dst, ports), connection);
  }
}

function isBare(flags: number): boolean {
  return (flags & (FLAG.noPair | FLAG.noClient)) === (FLAG.noPair | FLAG.noClient);
}

/** The key of an IPv4 tuple in a record; of others some number. */
function tupleKey(view: DataView, at: number): number {
  return mixKey(view.getUint32(at + 12), view.getUint32(at + 28), view.getUint32(at + 32, true));
}

/** As tupleKey, of a reply: it is written down turned round. */
function replyKey(view: DataView, at: number): number {
  const ports = turn(view.getUint32(at + 32, true));
  return mixKey(view.getUint32(at + 28), view.getUint32(at + 12), ports);
}

function turn(ports: number): number {
  return ((ports << 16) | (ports >>> 16)) >>> 0;
}
