/**
 * The live road: batches as they come from the agents, paths as soon as their connections are quiet.
 *
 *   addBatch ──► typed tables (join) ──takeDue──► order, physics, conntrack ──► Evidence ──► reconstruct()
 *                     └─ keepMs without news ──► forgotten
 *
 * Objects are made only of what is due. Time is a parameter of every call; nothing here waits or reads a clock.
 */

import { parseIp } from '../model/ip.ts';
import type { Tuple } from '../model/tuple.ts';
import type {
  Evidence,
  Exchange,
  Leg,
  ProxyHeader,
  ProxyLink,
  Refusal,
} from '../reconstruct/evidence.ts';
import { decodeRecord, type WireProblem } from '../wire/binary.ts';
import { SCHEMA_VERSION, type Sourced, type WireRecord } from '../wire/v1.ts';
import { Inspector, VERDICT } from './inspect.ts';
import { foldAddress, isLegalLeg, isLegSize, LEG_CODE } from './legRow.ts';
import { LiveTable, type LiveTableOptions } from './liveTable.ts';
import { Materialiser } from './materialise.ts';
import { AHEAD, ReadAhead } from './readAhead.ts';
import type { Source } from './taps.ts';

const HEAD_BYTES = 4;
const MAX_LEAVING_POOLS = 4096;

export interface LiveRoadOptions extends LiveTableOptions {
  readonly quietMs: number;
  readonly maxDelayMs: number;
  /** Refusals, proxy links and PROXY headers kept as objects. */
  readonly maxOtherRecords: number;
}

/** What may belong to one path, or to a few. */
export interface DuePool {
  readonly evidence: Evidence;
  /** VERDICT bits of its connections: `complete` only where all are, the others where one is. */
  readonly verdict: number;
}

export class LiveRoad {
  readonly table: LiveTable;
  readonly #options: LiveRoadOptions;
  readonly #ahead: ReadAhead;
  readonly #inspector: Inspector;
  readonly #materialiser: Materialiser;
  readonly #others = new Map<number, Map<string, Sourced>>();
  #otherCount = 0;
  /** What sets had to say that left before their time; answered by the next takeDue. */
  #leaving: DuePool[] = [];
  #startMs: number | null = null;
  #hand = 0;
  readonly #old = new Uint32Array(AHEAD);

  constructor(options: LiveRoadOptions) {
    this.#options = options;
    this.table = new LiveTable(options);
    this.#ahead = new ReadAhead(this.table);
    this.#inspector = new Inspector(this.table);
    this.#materialiser = new Materialiser(this.table);
  }

  /**
   * Takes the records of a batch that begin at `offset` (after the envelope). Bad ones are answered as problems,
   * their neighbours are kept. `nowMs` never falls.
   */
  addRecords(bytes: Uint8Array, offset: number, source: Source, nowMs: number): WireProblem[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const now = this.#sinceStart(nowMs);
    const sourceId = this.table.taps.sourceId(source);
    const problems: WireProblem[] = [];
    for (let at = offset, aheadTo = offset, index = 0; at < bytes.length; index++) {
      if (at >= aheadTo) aheadTo = this.#ahead.legs(view, at);
      const left = bytes.length - at;
      const size = left >= HEAD_BYTES ? view.getUint16(at + 2, true) : 0;
      if (size < HEAD_BYTES || size > left) {
        problems.push(cut(index, size, left));
        break;
      }
      const isLeg =
        view.getUint8(at) === LEG_CODE &&
        view.getUint8(at + 1) === SCHEMA_VERSION &&
        isLegSize(size) &&
        isLegalLeg(view, at);
      if (isLeg) this.#addLeg(view, at, sourceId, now);
      else {
        const other = new DataView(bytes.buffer, bytes.byteOffset + at, size);
        const decoded = decodeRecord(other, `records[${index}]`);
        if ('problem' in decoded) problems.push(decoded.problem);
        else this.#addOther(decoded.record, source, now);
      }
      at += size;
    }
    return problems;
  }

  /** Up to `limit` pools with news that had time to become complete, the oldest news first. */
  takeDue(nowMs: number, limit: number, isFinal = false): DuePool[] {
    const left = this.#leaving;
    this.#leaving = [];
    return [...left, ...this.takeDueRoots(nowMs, limit, isFinal).map((root) => this.#poolOf(root))];
  }

  /**
   * As takeDue, without making an object: sets of connections, by number, for verdictOf and evidenceOf. A number
   * holds until the next call of addRecords or expire. Leaves what was evicted to takeDue.
   */
  takeDueRoots(nowMs: number, limit: number, isFinal = false): number[] {
    const { quietMs, maxDelayMs } = this.#options;
    const now = this.#sinceStart(nowMs);
    return this.table.pools.takeDue(now, isFinal ? 0 : quietMs, isFinal ? 0 : maxDelayMs, limit);
  }

  /** VERDICT bits of a set, from the typed rows alone. */
  verdictOf(root: number): number {
    let all: number = VERDICT.complete;
    let some = 0;
    let legs = 0;
    const { pools } = this.table;
    let connection = root;
    do {
      const verdict = this.#inspector.inspect(connection);
      legs += this.#inspector.count;
      if (this.#inspector.count > 0) all &= verdict;
      some |= verdict;
      connection = pools.nextMember(connection);
    } while (connection !== root);
    return (some & ~VERDICT.complete) | (legs > 0 ? all : 0);
  }

  /** Looks at up to `budget` connections and forgets the sets that had their time. Answers how many left. */
  expire(nowMs: number, budget: number): number {
    const { pools } = this.table;
    const now = this.#sinceStart(nowMs);
    let released = 0;
    for (let left = budget; left > 0; ) {
      const end = Math.min(pools.capacity, this.#hand + left);
      const from = this.#hand;
      let count = 0;
      while (this.#hand < end && count < AHEAD) {
        this.#hand = pools.nextOld(this.#hand, end, now);
        if (this.#hand < end && this.#isOld(this.#hand, now)) this.#old[count++] = this.#hand;
        this.#hand += 1;
      }
      this.#hand = Math.min(this.#hand, end);
      left -= this.#hand - from;
      if (this.#hand === pools.capacity) this.#hand = 0;
      released += this.#releaseOld(count);
    }
    return released;
  }

  #isOld(connection: number, now: number): boolean {
    const { pools } = this.table;
    if (!pools.isUsed(connection)) return false;
    const root = pools.rootOf(connection);
    return !pools.isDirty(root) && now - pools.lastMs(root) >= this.#options.keepMs;
  }

  #releaseOld(count: number): number {
    const { pools } = this.table;
    let released = 0;
    this.#ahead.old(this.#old, count);
    for (let place = 0; place < count; place++) {
      const connection = this.#old[place] as number;
      // Another of its set may have taken it along.
      if (pools.isUsed(connection)) released += this.#release(pools.rootOf(connection));
    }
    return released;
  }

  /** The records of a set as objects, for reconstruct(). */
  evidenceOf(root: number): Evidence {
    const legs: Leg[] = [];
    const refusals: Refusal[] = [];
    const proxyLinks: ProxyLink[] = [];
    const proxyHeaders: ProxyHeader[] = [];
    const exchanges: Exchange[] = [];
    let connection = root;
    do {
      this.#materialiser.legsOf(connection, legs);
      for (const record of this.#others.get(connection)?.values() ?? []) {
        if (record.kind === 'refusal') refusals.push(record);
        else if (record.kind === 'proxyLink') proxyLinks.push(record);
        else if (record.kind === 'proxyHeader') proxyHeaders.push(record);
        else if (record.kind === 'exchange') exchanges.push(record);
      }
      connection = this.table.pools.nextMember(connection);
    } while (connection !== root);
    return { legs, refusals, proxyLinks, proxyHeaders, exchanges };
  }

  #sinceStart(nowMs: number): number {
    this.#startMs ??= nowMs;
    return nowMs - this.#startMs;
  }

  #addLeg(view: DataView, at: number, sourceId: number, now: number): void {
    if (!this.table.hasRoom) this.#makeRoom();
    this.table.addLeg(view, at, sourceId, now, this.#ahead.connectionAt(at));
  }

  /** Full: of the next sets under the hand, one without news leaves, else the one that was quiet longest. */
  #makeRoom(): void {
    const { pools } = this.table;
    let oldest = -1;
    for (let looked = 0, seen = 0; looked < pools.capacity && seen < 16; looked++) {
      this.#hand = this.#hand + 1 >= pools.capacity ? 0 : this.#hand + 1;
      if (!pools.isUsed(this.#hand)) continue;
      seen += 1;
      const root = pools.rootOf(this.#hand);
      const isBetter =
        oldest < 0 ||
        (pools.isDirty(root) === pools.isDirty(oldest)
          ? pools.lastMs(root) < pools.lastMs(oldest)
          : !pools.isDirty(root));
      if (isBetter) oldest = root;
    }
    if (oldest < 0) return;
    this.#ahead.forget();
    if (pools.isDirty(oldest)) {
      if (this.#leaving.length < MAX_LEAVING_POOLS) this.#leaving.push(this.#poolOf(oldest));
      else this.table.counts.droppedPools += 1;
      pools.clean(oldest);
    }
    this.table.counts.evictedConnections += this.#release(oldest);
  }

  #release(root: number): number {
    const members = this.table.release(root, (connection) => {
      const records = this.#others.get(connection);
      if (records === undefined) return;
      for (const record of records.values()) {
        const tuple = wantedTuple(record);
        if (tuple !== null) this.table.keys.unwantTuple(connection, ...tupleWords(tuple));
      }
      this.#otherCount -= records.size;
      this.#others.delete(connection);
    });
    return members;
  }

  #addOther(record: WireRecord, source: Source, now: number): void {
    if (record.kind === 'leg') return;
    const connection = this.#placeOf(record, now);
    if (connection < 0 || this.#otherCount >= this.#options.maxOtherRecords) {
      this.table.counts.full += 1;
      return;
    }
    const records = this.#others.get(connection) ?? new Map<string, Sourced>();
    this.#others.set(connection, records);
    const key = `${source.cluster}|${source.node}|${source.bootId}|${record.seq}`;
    if (records.has(key)) return;
    const { cluster, node, bootId } = source;
    records.set(key, { ...record, cluster, node, bootId });
    this.#otherCount += 1;
    const tuple = wantedTuple(record);
    if (tuple !== null) this.table.keys.wantTuple(connection, ...tupleWords(tuple));
    this.table.pools.touch(connection, now);
  }

  /** The connection that a record speaks of; links bring several together. */
  #placeOf(record: WireRecord, now: number): number {
    const { table } = this;
    const ofPair = (text: string) => table.connectionOfPair(...hashWords(text), now);
    if (record.kind === 'proxyHeader' || record.kind === 'exchange')
      return ofPair(record.isnPairHash);
    if (record.kind === 'proxyLink') {
      const subject = ofPair(record.subject.isnPairHash);
      for (const burst of [record.lastRead, record.oldest]) {
        const other = burst === null ? -1 : ofPair(burst.isnPairHash);
        if (subject >= 0 && other >= 0) table.pools.union(subject, other);
      }
      return subject;
    }
    return record.clientIsnHash === null
      ? table.connectionOfNothing(now)
      : table.connectionOfClient(...hashWords(record.clientIsnHash), now);
  }

  #poolOf(root: number): DuePool {
    return { evidence: this.evidenceOf(root), verdict: this.verdictOf(root) };
  }
}

function cut(index: number, size: number, left: number): WireProblem {
  return {
    field: `records[${index}].size`,
    text: `${size} bytes announced, ${left} left`,
    remedy: 'the rest of the batch cannot be read; resend it from this record on',
  };
}

/**
 * The tuple by which this record looks for connections; null: it has none. A refusal knows its own by sequence numbers
 * and looks all the same: a PROXY header that names the tuple may mean either of them.
 */
function wantedTuple(record: WireRecord): Tuple | null {
  if (record.kind === 'proxyHeader') return record.claimed;
  return record.kind === 'refusal' ? record.tuple : null;
}

function hashWords(text: string): [number, number] {
  return [Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16)];
}

function tupleWords({ src, dst }: Tuple): [number, number, number] {
  const fold = (ip: string) => {
    const bytes = parseIp(ip) ?? new Uint8Array(16);
    return foldAddress(new DataView(bytes.buffer), 0);
  };
  return [fold(src.ip), fold(dst.ip), ((dst.port << 16) | src.port) >>> 0];
}
