/**
 * Who has to be looked at together for a tuple's sake. Tuples are reused within a second, so that one was carried by
 * two connections says nothing by itself. It does where somebody knows a connection by its tuple alone (`wants`: a
 * PROXY header, a leg without sequence numbers), and where one connection was sent and another received, each at one
 * end only and with a router between by their TTLs: a firewall that draws sequence numbers of its own may stand there
 * (bridge.ts asks the same). Then all that carried it meet, because whether the tuple was reused has to be seen.
 */
import { tupleKey } from '../model/tuple.ts';
import type { WireRecord } from '../wire/v1.ts';

/** Records that start within this time meet; the clocks of two nodes may differ by less than this. */
const SLOT_US = 10_000_000;

export type TupleRole = 'has' | 'wants' | 'sent' | 'received';

export interface TupleUse {
  readonly key: string;
  readonly role: TupleRole;
  /** Of the SYN where it was sent or received; of no meaning else. */
  readonly ttl: number;
}

/** Null: the record has to do with no tuple. Keys of different prefixes never meet. */
export function tupleUseOf(record: WireRecord, prefix = ''): TupleUse | null {
  switch (record.kind) {
    case 'leg': {
      const { tap, isnPairHash, clientIsnHash } = record;
      const key = prefix + tupleKey(record.tuple);
      const ttl = record.synTtl;
      if (isnPairHash === null) return { key, role: clientIsnHash === null ? 'wants' : 'has', ttl };
      if (tap.role !== 'uplink') return { key, role: 'has', ttl };
      return { key, role: tap.synDirection === 'tx' ? 'sent' : 'received', ttl };
    }
    case 'refusal':
      return {
        key: prefix + tupleKey(record.tuple),
        role: record.clientIsnHash === null ? 'wants' : 'has',
        ttl: 0,
      };
    case 'proxyHeader':
      return record.claimed === null
        ? null
        : { key: prefix + tupleKey(record.claimed), role: 'wants', ttl: 0 };
    default:
      return null;
  }
}

/** At which ends a connection's tuple was seen; null: not there. */
interface Ends {
  /** The greatest TTL with which it was sent, the smallest with which it was received. */
  readonly sentTtl: number | null;
  readonly receivedTtl: number | null;
}

/** Of one holder only (nearly all), which is kept in the fields; of several, which are kept in `all`. */
interface Meeting {
  isWanted: boolean;
  only: string;
  ends: Ends;
  all: Map<string, Ends> | null;
}

/** Tuples in slots of 10 s, each use in its own and the next: two within 10 s of each other share one. */
export class TupleMeetings {
  readonly #slots = new Map<number, Map<string, Meeting>>();

  /**
   * Notes that `holder` (a key that names a connection, or a record) uses a tuple. Answers holders with which it has
   * to be looked at together, and those with one another; of such as met before it may be only one.
   */
  note(use: TupleUse, holder: string, startUs: number): readonly string[] {
    const slot = Math.floor(startUs / SLOT_US);
    const own = this.#noteIn(slot, use, holder);
    const next = this.#noteIn(slot + 1, use, holder);
    return own.length === 0 ? next : next.length === 0 ? own : [...own, ...next];
  }

  forget(key: string, holder: string, startUs: number): void {
    const slot = Math.floor(startUs / SLOT_US);
    this.#forgetIn(slot, key, holder);
    this.#forgetIn(slot + 1, key, holder);
  }

  get size(): number {
    let size = 0;
    for (const meetings of this.#slots.values()) size += meetings.size;
    return size;
  }

  #noteIn(slot: number, { key, role, ttl }: TupleUse, holder: string): readonly string[] {
    const meetings = this.#slots.get(slot) ?? new Map<string, Meeting>();
    if (meetings.size === 0) this.#slots.set(slot, meetings);
    const meeting = meetings.get(key);
    if (meeting === undefined) {
      const ends = withEnd(NO_ENDS, role, ttl);
      meetings.set(key, { isWanted: role === 'wants', only: holder, ends, all: null });
      return NOBODY;
    }
    const isKnown = noteHolder(meeting, holder, role, ttl);
    const { all } = meeting;
    if (meeting.isWanted) return isKnown || all === null ? NOBODY : firstOther(all, holder);
    meeting.isWanted = role === 'wants' || (all !== null && all.size > 1 && hasBreak(all));
    return meeting.isWanted && all !== null && all.size > 1 ? [...all.keys()] : NOBODY;
  }

  #forgetIn(slot: number, key: string, holder: string): void {
    const meetings = this.#slots.get(slot);
    const meeting = meetings?.get(key);
    if (meetings === undefined || meeting === undefined) return;
    const { all, only } = meeting;
    all?.delete(holder);
    if (all === null ? only === holder : all.size === 0) meetings.delete(key);
    if (meetings.size === 0) this.#slots.delete(slot);
  }
}

/** Answers whether it was there before. */
function noteHolder(meeting: Meeting, holder: string, role: TupleRole, ttl: number): boolean {
  if (meeting.all === null && meeting.only === holder) {
    meeting.ends = withEnd(meeting.ends, role, ttl);
    return true;
  }
  meeting.all ??= new Map([[meeting.only, meeting.ends]]);
  const before = meeting.all.get(holder);
  meeting.all.set(holder, withEnd(before ?? NO_ENDS, role, ttl));
  return before !== undefined;
}

const NOBODY: readonly string[] = [];

const NO_ENDS: Ends = { sentTtl: null, receivedTtl: null };

function withEnd(known: Ends, role: TupleRole, ttl: number): Ends {
  const { sentTtl, receivedTtl } = known;
  if (role === 'sent' && (sentTtl === null || ttl > sentTtl)) return { sentTtl: ttl, receivedTtl };
  if (role === 'received' && (receivedTtl === null || ttl < receivedTtl))
    return { sentTtl, receivedTtl: ttl };
  return known;
}

/** Was one only sent, and another only received, with a router between? */
function hasBreak(ends: ReadonlyMap<string, Ends>): boolean {
  let sentOnly = 0;
  let receivedOnly = Number.POSITIVE_INFINITY;
  for (const { sentTtl, receivedTtl } of ends.values()) {
    if (receivedTtl === null && sentTtl !== null) sentOnly = Math.max(sentOnly, sentTtl);
    if (sentTtl === null && receivedTtl !== null)
      receivedOnly = Math.min(receivedOnly, receivedTtl);
  }
  return sentOnly > receivedOnly;
}

/** All that met are together already: one stands for all. */
function firstOther(ends: ReadonlyMap<string, Ends>, holder: string): readonly string[] {
  for (const other of ends.keys()) if (other !== holder) return [other];
  return NOBODY;
}
