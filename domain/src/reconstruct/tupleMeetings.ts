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

interface Meeting {
  isWanted: boolean;
  readonly ends: Map<string, Ends>;
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
    const meeting = this.#meetingOf(slot, key);
    const before = meeting.ends.get(holder);
    meeting.ends.set(holder, withEnd(before ?? NO_ENDS, role, ttl));
    if (meeting.isWanted) return before === undefined ? firstOther(meeting.ends, holder) : NOBODY;
    meeting.isWanted = role === 'wants' || (meeting.ends.size > 1 && hasBreak(meeting.ends));
    return meeting.isWanted && meeting.ends.size > 1 ? [...meeting.ends.keys()] : NOBODY;
  }

  #meetingOf(slot: number, key: string): Meeting {
    const meetings = this.#slots.get(slot) ?? new Map<string, Meeting>();
    if (meetings.size === 0) this.#slots.set(slot, meetings);
    const known = meetings.get(key);
    if (known !== undefined) return known;
    const meeting = { isWanted: false, ends: new Map() };
    meetings.set(key, meeting);
    return meeting;
  }

  #forgetIn(slot: number, key: string, holder: string): void {
    const meetings = this.#slots.get(slot);
    const meeting = meetings?.get(key);
    if (meetings === undefined || meeting === undefined) return;
    meeting.ends.delete(holder);
    if (meeting.ends.size === 0) meetings.delete(key);
    if (meetings.size === 0) this.#slots.delete(slot);
  }
}

const NOBODY: readonly string[] = [];

const NO_ENDS: Ends = { sentTtl: null, receivedTtl: null };

function withEnd(known: Ends, role: TupleRole, ttl: number): Ends {
  const { sentTtl, receivedTtl } = known;
  if (role === 'sent') return { sentTtl: Math.max(ttl, sentTtl ?? 0), receivedTtl };
  if (role === 'received') return { sentTtl, receivedTtl: Math.min(ttl, receivedTtl ?? ttl) };
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
