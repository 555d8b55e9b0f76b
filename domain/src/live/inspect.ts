/**
 * What the typed rows alone can say about a connection: the order of its legs, whether physics and conntrack agree
 * with it, and whether it is complete. The same rules as order.ts and agree.ts, as bits instead of warnings; the
 * path document and its words come from reconstruct().
 */
import { FLAG, ROW, ROW_WORDS, stampNs } from './legRow.ts';
import type { LiveTable } from './liveTable.ts';
import { C, CONNECTION_WORDS } from './pools.ts';

export const VERDICT = {
  /** Every leg saw SYN-ACK and ACK, and one saw a response. */
  complete: 1,
  /** The handshake times put a leg behind one with a lower TTL. */
  ttlDisagrees: 2,
  /** The time to the client falls along the way: refutes the join. */
  impossibleTimes: 4,
  /** What a node's conntrack sends is not what the next machine receives. */
  tupleDisagrees: 8,
  /** A router between two legs that nobody saw. */
  ttlGap: 16,
} as const;

/** As in order.ts. */
const PHYSICS_MARGIN_NS = 50_000;

/** Rows of one connection in the order of the SYN, reused from call to call. */
export class Inspector {
  readonly #table: LiveTable;
  #order = new Int32Array(64);
  #toServer = new Float64Array(64);
  count = 0;

  constructor(table: LiveTable) {
    this.#table = table;
  }

  rowAt(place: number): number {
    return this.#order[place] as number;
  }

  /** Orders the legs of a connection and answers VERDICT bits. 0 for a connection without legs. */
  inspect(connection: number): number {
    this.#gather(connection);
    if (this.count === 0) return 0;
    let verdict = this.#isComplete() ? VERDICT.complete : 0;
    for (let place = 1; place < this.count; place++) {
      verdict |= this.#compare(this.#order[place - 1] as number, this.#order[place] as number);
    }
    return verdict;
  }

  #gather(connection: number): void {
    const { rows, pools } = this.#table;
    this.count = 0;
    let hasAllDurations = true;
    let row = (pools.words[connection * CONNECTION_WORDS + C.head] as number) - 1;
    while (row >= 0) {
      if (this.count === this.#order.length) this.#grow();
      const base = row * ROW_WORDS;
      if (((rows[base + ROW.flags] as number) & FLAG.noSynAck) !== 0) hasAllDurations = false;
      this.#order[this.count] = row;
      this.count += 1;
      row = (rows[base + ROW.next] as number) - 1;
    }
    for (let place = 0; place < this.count; place++) {
      const base = (this.#order[place] as number) * ROW_WORDS;
      this.#toServer[place] = hasAllDurations ? stampNs(rows, base, 1) - stampNs(rows, base, 0) : 0;
    }
    this.#sort();
  }

  /** Insertion sort: a connection has a handful of legs, and they come nearly in order. */
  #sort(): void {
    for (let place = 1; place < this.count; place++) {
      const row = this.#order[place] as number;
      const toServer = this.#toServer[place] as number;
      let to = place;
      while (to > 0 && this.#isBefore(row, toServer, to - 1)) {
        this.#order[to] = this.#order[to - 1] as number;
        this.#toServer[to] = this.#toServer[to - 1] as number;
        to -= 1;
      }
      this.#order[to] = row;
      this.#toServer[to] = toServer;
    }
  }

  /** Longer handshake first; then higher TTL; then what leaves a machine before what enters the next. */
  #isBefore(row: number, toServer: number, place: number): boolean {
    const nesting = (this.#toServer[place] as number) - toServer;
    if (nesting !== 0) return nesting < 0;
    const { rows, taps } = this.#table;
    const [a, b] = [row * ROW_WORDS, (this.#order[place] as number) * ROW_WORDS];
    const ttl =
      ((rows[b + ROW.counts] as number) & 0xff) - ((rows[a + ROW.counts] as number) & 0xff);
    if (ttl !== 0) return ttl < 0;
    const left = taps.list[rows[a + ROW.tap] as number]?.tap.synDirection;
    const right = taps.list[rows[b + ROW.tap] as number]?.tap.synDirection;
    return left !== right && left === 'tx';
  }

  #isComplete(): boolean {
    const { rows } = this.#table;
    let hasResponse = false;
    for (let place = 0; place < this.count; place++) {
      const flags = rows[(this.#order[place] as number) * ROW_WORDS + ROW.flags] as number;
      if ((flags & (FLAG.noSynAck | FLAG.noAck)) !== 0) return false;
      if ((flags & FLAG.noResponse) === 0) hasResponse = true;
    }
    return hasResponse;
  }

  #compare(before: number, row: number): number {
    const { rows, taps } = this.#table;
    const [a, b] = [before * ROW_WORDS, row * ROW_WORDS];
    const fall =
      ((rows[a + ROW.counts] as number) & 0xff) - ((rows[b + ROW.counts] as number) & 0xff);
    let verdict = fall < 0 ? VERDICT.ttlDisagrees : fall > 1 ? VERDICT.ttlGap : 0;
    const flags = (rows[a + ROW.flags] as number) | (rows[b + ROW.flags] as number);
    if ((flags & (FLAG.noSynAck | FLAG.noAck)) === 0) {
      const grows =
        stampNs(rows, b, 2) - stampNs(rows, b, 1) - (stampNs(rows, a, 2) - stampNs(rows, a, 1));
      if (grows < -PHYSICS_MARGIN_NS) verdict |= VERDICT.impossibleTimes;
    }
    if (((rows[a + ROW.flags] as number) & FLAG.noReply) !== 0) return verdict;
    const isSameNode =
      taps.list[rows[a + ROW.tap] as number]?.source.node ===
      taps.list[rows[b + ROW.tap] as number]?.source.node;
    return isSameNode || this.#isSent(a, b) ? verdict : verdict | VERDICT.tupleDisagrees;
  }

  /** The reply tuple of `a`, turned round, is the tuple at `b`. */
  #isSent(a: number, b: number): boolean {
    const { rows } = this.#table;
    const ports = rows[a + ROW.reply + 2] as number;
    return (
      rows[a + ROW.reply] === rows[b + ROW.tuple + 1] &&
      rows[a + ROW.reply + 1] === rows[b + ROW.tuple] &&
      ((ports << 16) | (ports >>> 16)) >>> 0 === rows[b + ROW.tuple + 2]
    );
  }

  #grow(): void {
    const order = new Int32Array(this.#order.length * 2);
    order.set(this.#order);
    this.#order = order;
    this.#toServer = new Float64Array(order.length);
  }
}
