/**
 * Open legs in typed arrays, joined as they come: by the ISN pair, by the client's ISN where no SYN-ACK was seen,
 * and by tuples where a PROXY header or a leg without any ISN asks for one. It only gathers, and rather too much
 * than too little: what belongs together is reconstruct()'s to decide.
 *
 * Rows and connections come from free lists and leave by age, and what is far apart is read ahead (readAhead.ts), so
 * the cost of a leg hardly depends on how many are open. Everything is bounded: what finds no room is counted and answered, never lost in silence.
 */
import { CLIENT, ConnectionKeys, PAIR } from './connectionKeys.ts';
import { AT, FLAG, LEG_BYTES, legBytesAt, packLeg, ROW, ROW_WORDS, u53 } from './legRow.ts';
import { C, CONNECTION_WORDS, LEG_COUNT, Pools, STATE } from './pools.ts';
import { Taps } from './taps.ts';

const MAX_CONNECTION_LEGS = 1024;
const FORM_WORDS = ROW_WORDS - ROW.tuple;

export interface LiveTableOptions {
  readonly maxLegs: number;
  readonly maxConnections: number;
  /** Sets without news for so long are forgotten. */
  readonly keepMs: number;
}

/** Grow only; metrics read the differences. */
export interface LiveCounts {
  legs: number;
  repeatedLegs: number;
  /** No room in a table; evict and try again, or give up. */
  full: number;
  /** A connection has more legs than anybody believes. */
  crowdedLegs: number;
  evictedConnections: number;
  /** Evicted with news that nobody had room for. */
  droppedPools: number;
}

export class LiveTable {
  readonly counts: LiveCounts = {
    legs: 0,
    repeatedLegs: 0,
    full: 0,
    crowdedLegs: 0,
    evictedConnections: 0,
    droppedPools: 0,
  };
  readonly pools: Pools;
  readonly taps = new Taps();
  readonly rows: Uint32Array;
  /** Records of rows that do not fit their words: IPv6, stamps above 18 minutes. */
  readonly bytesOfRow = new Map<number, Uint8Array>();
  readonly keys: ConnectionKeys;
  readonly #maxLegs: number;
  /** Head + 1 of a list of chains of rows; the first row of a chain holds the next chain in its `start`. */
  #freeChain = 0;
  #freshRow = 0;
  openLegs = 0;
  readonly #formsBefore = new Uint32Array(FORM_WORDS);

  constructor({ maxLegs, maxConnections, keepMs }: LiveTableOptions) {
    this.#maxLegs = maxLegs;
    this.rows = new Uint32Array(maxLegs * ROW_WORDS);
    this.pools = new Pools(maxConnections, keepMs);
    this.keys = new ConnectionKeys(this.rows, this.pools);
  }

  /** Bytes of all typed arrays, whether in use or not, and of the records kept beside them. */
  get byteLength(): number {
    const kept = this.bytesOfRow.size * (LEG_BYTES + 160);
    return (
      this.rows.byteLength +
      this.pools.byteLength +
      this.keys.byteLength +
      this.taps.byteLength +
      kept
    );
  }

  get hasRoom(): boolean {
    return (
      this.openLegs < this.#maxLegs &&
      this.pools.used + 4 < this.pools.capacity &&
      this.keys.hasRoom
    );
  }

  /**
   * Takes the legal leg record at `at`, whose pair is that of the connection `known` (-1: to be looked for). Answers
   * its connection; -1: there was no room.
   */
  addLeg(view: DataView, at: number, sourceId: number, nowMs: number, known: number): number {
    const connection = this.#connectionOf(view, at, nowMs, known);
    if (connection < 0 || this.openLegs >= this.#maxLegs) {
      this.counts.full += 1;
      return -1;
    }
    this.counts.legs += 1;
    const tap = this.taps.tapId(view, at, sourceId);
    const twin = this.#twinOf(connection, view, at, tap);
    if (twin >= 0) {
      this.counts.repeatedLegs += 1;
      if (this.#isNewer(view, at, twin, tap)) {
        this.#replace(twin, connection, view, at, tap);
        this.pools.touch(connection, nowMs);
      }
      return connection;
    }
    return this.#append(connection, view, at, tap, nowMs);
  }

  /** The connection of an ISN pair, made where there is none. -1: no room. */
  connectionOfPair(high: number, low: number, nowMs: number): number {
    return this.#findOrCreate(PAIR, C.pair, STATE.hasPair, high, low, nowMs);
  }

  connectionOfClient(high: number, low: number, nowMs: number): number {
    return this.#findOrCreate(CLIENT, C.client, STATE.hasClient, high, low, nowMs);
  }

  /** A connection of which nothing is known but tuples. */
  connectionOfNothing(nowMs: number): number {
    return this.#create(nowMs);
  }

  /** Frees a set, after `forget` was called for each of its connections. Answers how many those were. */
  release(root: number, forget: (connection: number) => void): number {
    let released = 0;
    for (let connection = root, next = root; released === 0 || connection !== root; ) {
      next = this.pools.nextMember(connection);
      forget(connection);
      this.keys.forgetKeys(connection);
      this.#freeRows(connection);
      this.pools.release(connection);
      connection = next;
      released += 1;
    }
    return released;
  }

  /** The chain of a connection's rows becomes a free one as it is: old rows are far away, and only one is touched. */
  #freeRows(connection: number): void {
    const at = connection * CONNECTION_WORDS;
    const head = this.pools.words[at + C.head] as number;
    if (head === 0) return;
    if (this.bytesOfRow.size > 0) {
      for (let row = head - 1; row >= 0; row = this.#nextRow(row)) this.bytesOfRow.delete(row);
    }
    this.rows[(head - 1) * ROW_WORDS + ROW.start] = this.#freeChain;
    this.#freeChain = head;
    this.openLegs -= (this.pools.words[at + C.state] as number) & LEG_COUNT;
  }

  #takeRow(): number {
    if (this.#freeChain === 0) return this.#freshRow++;
    const row = this.#freeChain - 1;
    const nextChain = this.rows[row * ROW_WORDS + ROW.start] as number;
    const next = this.#nextRow(row);
    if (next >= 0) this.rows[next * ROW_WORDS + ROW.start] = nextChain;
    this.#freeChain = next >= 0 ? next + 1 : nextChain;
    return row;
  }

  #nextRow(row: number): number {
    return (this.rows[row * ROW_WORDS + ROW.next] as number) - 1;
  }

  #create(nowMs: number): number {
    const connection = this.pools.create(nowMs);
    if (connection >= 0) this.keys.begin(connection);
    return connection;
  }

  #connectionOf(view: DataView, at: number, nowMs: number, known: number): number {
    if (known >= 0) return this.#withClient(known, view, at);
    const pairHigh = view.getUint32(at + AT.pair);
    const pairLow = view.getUint32(at + AT.pair + 4);
    const clientHigh = view.getUint32(at + AT.client);
    const clientLow = view.getUint32(at + AT.client + 4);
    if (pairHigh === 0 && pairLow === 0) {
      return clientHigh !== 0 || clientLow !== 0
        ? this.connectionOfClient(clientHigh, clientLow, nowMs)
        : this.connectionOfNothing(nowMs);
    }
    const connection = this.connectionOfPair(pairHigh, pairLow, nowMs);
    return connection < 0 ? connection : this.#withClient(connection, view, at);
  }

  /** The connection of a pair is found by its client's ISN too, as soon as a leg brings that. */
  #withClient(connection: number, view: DataView, at: number): number {
    const { words } = this.pools;
    const base = connection * CONNECTION_WORDS;
    if (((words[base + C.state] as number) & STATE.hasClient) !== 0) return connection;
    const clientHigh = view.getUint32(at + AT.client);
    const clientLow = view.getUint32(at + AT.client + 4);
    if (clientHigh === 0 && clientLow === 0) return connection;
    const other = this.keys.find(CLIENT, C.client, clientHigh, clientLow);
    words[base + C.state] = (words[base + C.state] as number) | STATE.hasClient;
    words[base + C.client] = clientHigh;
    words[base + C.client + 1] = clientLow;
    if (other >= 0) this.pools.union(connection, other);
    else this.keys.add(connection, CLIENT, clientHigh, clientLow);
    return connection;
  }

  #findOrCreate(
    kind: number,
    word: number,
    flag: number,
    high: number,
    low: number,
    nowMs: number,
  ): number {
    const found = this.keys.find(kind, word, high, low);
    if (found >= 0) return found;
    if (!this.keys.hasRoom) return -1;
    const connection = this.#create(nowMs);
    if (connection < 0) return -1;
    const { words } = this.pools;
    const base = connection * CONNECTION_WORDS;
    words[base + word] = high;
    words[base + word + 1] = low;
    words[base + C.state] = (words[base + C.state] as number) | flag;
    this.keys.add(connection, kind, high, low);
    return connection;
  }

  #append(connection: number, view: DataView, at: number, tap: number, nowMs: number): number {
    const { words } = this.pools;
    const base = connection * CONNECTION_WORDS;
    const state = words[base + C.state] as number;
    if ((state & LEG_COUNT) >= MAX_CONNECTION_LEGS) {
      this.counts.crowdedLegs += 1;
      return connection;
    }
    const row = this.#takeRow();
    this.openLegs += 1;
    this.rows[row * ROW_WORDS + ROW.next] = words[base + C.head] as number;
    words[base + C.head] = row + 1;
    words[base + C.state] = state + 1;
    this.#fill(row, connection, view, at, tap);
    this.keys.indexForms(row, connection);
    this.pools.touch(connection, nowMs);
    return connection;
  }

  #fill(row: number, connection: number, view: DataView, at: number, tap: number): void {
    const base = row * ROW_WORDS;
    const { rows, taps } = this;
    rows[base + ROW.tap] = tap;
    rows[base + ROW.start] = u53(view, at + AT.startUs) - (taps.startBase[tap] as number);
    rows[base + ROW.seq] = u53(view, at + AT.seq) - (taps.seqBase[tap] as number);
    rows[base + ROW.legId] = u53(view, at + AT.legId) - (taps.legIdBase[tap] as number);
    const flags = packLeg(view, at, rows, base, this.#hashFlags(connection, view, at));
    if ((flags & FLAG.needsBytes) !== 0) {
      const from = view.byteOffset + at;
      const end = from + legBytesAt(view, at);
      this.bytesOfRow.set(row, new Uint8Array(view.buffer.slice(from, end)));
    } else if (this.bytesOfRow.size > 0) this.bytesOfRow.delete(row);
  }

  /** The hashes of a leg are those of its connection, or none; else its record keeps them. */
  #hashFlags(connection: number, view: DataView, at: number): number {
    const { words } = this.pools;
    const base = connection * CONNECTION_WORDS;
    const [high, low] = [view.getUint32(at + AT.server), view.getUint32(at + AT.server + 4)];
    if ((high | low) !== 0 && ((words[base + C.state] as number) & STATE.hasServer) === 0) {
      words[base + C.state] = (words[base + C.state] as number) | STATE.hasServer;
      words[base + C.server] = high;
      words[base + C.server + 1] = low;
    }
    const hasPair = (view.getUint32(at + AT.pair) | view.getUint32(at + AT.pair + 4)) !== 0;
    return (
      (hasPair ? 0 : FLAG.noPair) |
      compareHash(view, at + AT.client, words, base + C.client, FLAG.noClient) |
      compareHash(view, at + AT.server, words, base + C.server, FLAG.noServer)
    );
  }

  /** The row that holds an earlier record of the same leg; -1: none. */
  #twinOf(connection: number, view: DataView, at: number, tap: number): number {
    const { rows } = this;
    const legId = u53(view, at + AT.legId) - (this.taps.legIdBase[tap] as number);
    let row = (this.pools.words[connection * CONNECTION_WORDS + C.head] as number) - 1;
    while (row >= 0) {
      const base = row * ROW_WORDS;
      if (rows[base + ROW.tap] === tap && rows[base + ROW.legId] === legId) return row;
      row = (rows[base + ROW.next] as number) - 1;
    }
    return -1;
  }

  /** As clean() decides: the later revision, and among equal ones the earlier seq. */
  #isNewer(view: DataView, at: number, row: number, tap: number): boolean {
    const base = row * ROW_WORDS;
    const known = ((this.rows[base + ROW.counts] as number) >>> 8) & 0xff;
    const revision = view.getUint8(at + AT.revision);
    if (revision !== known) return revision > known;
    const seq = u53(view, at + AT.seq) - (this.taps.seqBase[tap] as number);
    return seq < (this.rows[base + ROW.seq] as number);
  }

  /** A later record of a leg may carry other tuples than the one it replaces. */
  #replace(row: number, connection: number, view: DataView, at: number, tap: number): void {
    const from = row * ROW_WORDS + ROW.tuple;
    const before = this.#formsBefore;
    for (let word = 0; word < FORM_WORDS; word++) before[word] = this.rows[from + word] as number;
    this.#fill(row, connection, view, at, tap);
    let isSame = true;
    for (let word = 0; word < FORM_WORDS; word++)
      if (before[word] !== this.rows[from + word]) isSame = false;
    if (!isSame) this.keys.indexForms(row, connection);
  }
}

/** 0: the connection's; `nullFlag`: none; NEEDS_BYTES: one of its own. */
function compareHash(
  view: DataView,
  at: number,
  words: Uint32Array,
  word: number,
  nullFlag: number,
): number {
  const [high, low] = [view.getUint32(at), view.getUint32(at + 4)];
  if ((high | low) === 0) return nullFlag;
  return words[word] === high && words[word + 1] === low ? 0 : FLAG.needsBytes;
}
