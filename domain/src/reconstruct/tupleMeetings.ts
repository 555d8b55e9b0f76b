/**
 * Who has to be looked at together for a tuple's sake. Tuples are reused within a second, so that one was carried by
 * two connections says nothing by itself. It does where somebody knows a connection by its tuple alone (`wants`: a
 * PROXY header, a leg without sequence numbers), and where one connection was sent and another received, each at one
 * end only: a firewall that draws sequence numbers of its own may lie between. Then all that carried it meet, because
 * whether the tuple was reused has to be seen.
 */
import { tupleKey } from '../model/tuple.ts';
import type { WireRecord } from '../wire/v1.ts';

/** Records that start within this time meet; the clocks of two nodes may differ by less than this. */
const SLOT_US = 10_000_000;

export type TupleRole = 'has' | 'wants' | 'sent' | 'received';

export interface TupleUse {
  readonly key: string;
  readonly role: TupleRole;
}

/** Null: the record has to do with no tuple. Keys of different prefixes never meet. */
export function tupleUseOf(record: WireRecord, prefix = ''): TupleUse | null {
  switch (record.kind) {
    case 'leg': {
      const { tap, isnPairHash, clientIsnHash } = record;
      const key = prefix + tupleKey(record.tuple);
      if (isnPairHash === null) return { key, role: clientIsnHash === null ? 'wants' : 'has' };
      if (tap.role !== 'uplink') return { key, role: 'has' };
      return { key, role: tap.synDirection === 'tx' ? 'sent' : 'received' };
    }
    case 'refusal':
      return {
        key: prefix + tupleKey(record.tuple),
        role: record.clientIsnHash === null ? 'wants' : 'has',
      };
    case 'proxyHeader':
      return record.claimed === null
        ? null
        : { key: prefix + tupleKey(record.claimed), role: 'wants' };
    default:
      return null;
  }
}

const SENT = 1;
const RECEIVED = 2;

interface Meeting {
  isWanted: boolean;
  /** By holder: at which ends its tuple was seen. */
  readonly ends: Map<string, number>;
  sentOnly: number;
  receivedOnly: number;
}

/** Tuples in slots of 10 s, each use in its own and the next: two within 10 s of each other share one. */
export class TupleMeetings {
  readonly #slots = new Map<number, Map<string, Meeting>>();

  /**
   * Notes that `holder` (a key that names a connection, or a record) uses a tuple. Answers holders with which it has
   * to be looked at together, and those with one another; of such as met before it may be only one.
   */
  note({ key, role }: TupleUse, holder: string, startUs: number): readonly string[] {
    const slot = Math.floor(startUs / SLOT_US);
    const own = this.#noteIn(slot, key, role, holder);
    const next = this.#noteIn(slot + 1, key, role, holder);
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

  #noteIn(slot: number, key: string, role: TupleRole, holder: string): readonly string[] {
    const meeting = this.#meetingOf(slot, key);
    const before = meeting.ends.get(holder);
    const ends = (before ?? 0) | (role === 'sent' ? SENT : role === 'received' ? RECEIVED : 0);
    if (before === undefined || before !== ends) {
      meeting.ends.set(holder, ends);
      count(meeting, before ?? 0, -1);
      count(meeting, ends, 1);
    }
    if (meeting.isWanted) return before === undefined ? firstOther(meeting.ends, holder) : NOBODY;
    meeting.isWanted = role === 'wants' || (meeting.sentOnly > 0 && meeting.receivedOnly > 0);
    return meeting.isWanted && meeting.ends.size > 1 ? [...meeting.ends.keys()] : NOBODY;
  }

  #meetingOf(slot: number, key: string): Meeting {
    const meetings = this.#slots.get(slot) ?? new Map<string, Meeting>();
    if (meetings.size === 0) this.#slots.set(slot, meetings);
    const known = meetings.get(key);
    if (known !== undefined) return known;
    const meeting = { isWanted: false, ends: new Map(), sentOnly: 0, receivedOnly: 0 };
    meetings.set(key, meeting);
    return meeting;
  }

  #forgetIn(slot: number, key: string, holder: string): void {
    const meetings = this.#slots.get(slot);
    const meeting = meetings?.get(key);
    if (meetings === undefined || meeting === undefined) return;
    count(meeting, meeting.ends.get(holder) ?? 0, -1);
    meeting.ends.delete(holder);
    if (meeting.ends.size === 0) meetings.delete(key);
    if (meetings.size === 0) this.#slots.delete(slot);
  }
}

const NOBODY: readonly string[] = [];

function count(meeting: Meeting, ends: number, by: number): void {
  if (ends === SENT) meeting.sentOnly += by;
  if (ends === RECEIVED) meeting.receivedOnly += by;
}

/** All that met are together already: one stands for all. */
function firstOther(ends: ReadonlyMap<string, number>, holder: string): readonly string[] {
  for (const other of ends.keys()) if (other !== holder) return [other];
  return NOBODY;
}
