import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TupleMeetings, type TupleRole } from './tupleMeetings.ts';

const T0_US = 1_790_000_000_000_000;
const SLOT_US = 10_000_000;

interface Use {
  readonly holder: string;
  readonly role: TupleRole;
  readonly startUs?: number;
  readonly ttl?: number;
}

/** Sets of holders that are to be looked at together, each sorted, in the order of their first. */
function meet(uses: readonly Use[]): string[][] {
  const meetings = new TupleMeetings();
  const sets = new Map(uses.map(({ holder }) => [holder, new Set([holder])]));
  for (const { holder, role, startUs, ttl } of uses) {
    const own = ttl ?? (role === 'sent' ? 64 : 63);
    const others = meetings.note({ key: 't', role, ttl: own }, holder, startUs ?? T0_US);
    for (const other of others) {
      const [a, b] = [sets.get(holder) as Set<string>, sets.get(other) as Set<string>];
      for (const each of b) sets.set(each, a.add(each));
    }
  }
  return [...new Set(sets.values())].map((set) => [...set].sort()).sort();
}

const connection = (holder: string): Use[] => [
  { holder, role: 'sent' },
  { holder, role: 'received' },
  { holder, role: 'has' },
];

test('a tuple that two connections carried from end to end, one after the other, brings nobody together', () => {
  expect(meet([...connection('a'), ...connection('b')])).toEqual([['a'], ['b']]);
});

test('who knows a connection by its tuple alone meets all that carried it', () => {
  const wanted: Use = { holder: 'header', role: 'wants' };
  expect(meet([...connection('a'), wanted, ...connection('b')])).toEqual([['a', 'b', 'header']]);
});

test('what was sent and never received meets what was received and never sent, and all that carried the tuple', () => {
  const uses: Use[] = [
    ...connection('a'),
    { holder: 'front', role: 'sent' },
    { holder: 'back', role: 'received' },
  ];
  expect(meet(uses)).toEqual([['a', 'back', 'front']]);
  expect(meet(uses.slice(0, 4))).toEqual([['a'], ['front']]);
  // As it was sent, so it came: nothing stands between, and the other end of each was lost.
  expect(meet(uses.map((use) => ({ ...use, ttl: 64 })))).toEqual([['a'], ['back'], ['front']]);
});

test('within 10 s tuples meet, beyond 20 s they do not', () => {
  const at = (sinceUs: number): Use[] => [
    { holder: 'leg', role: 'has' },
    { holder: 'header', role: 'wants', startUs: T0_US + sinceUs },
  ];
  for (const sinceUs of [-SLOT_US, -1, 0, 1, SLOT_US]) expect(meet(at(sinceUs))).toHaveLength(1);
  for (const sinceUs of [-2 * SLOT_US, 2 * SLOT_US]) expect(meet(at(sinceUs))).toHaveLength(2);
});

const useArbitrary = fc.record({
  holder: fc.constantFrom('a', 'b', 'c', 'd'),
  role: fc.constantFrom<TupleRole>('has', 'wants', 'sent', 'received'),
});

test('who meets whom in the end does not leave out anybody that another order would bring together for good', () => {
  fc.assert(
    fc.property(fc.array(useArbitrary, { maxLength: 12 }), (uses) => {
      // Complete connections first: what an order can add is what seemed one-sided for a moment.
      const ends = new Map<string, Set<TupleRole>>();
      for (const { holder, role } of uses)
        ends.set(holder, (ends.get(holder) ?? new Set()).add(role));
      const only = (role: TupleRole, other: TupleRole) =>
        [...ends.values()].some((roles) => roles.has(role) && !roles.has(other));
      const isWanted =
        uses.some(({ role }) => role === 'wants') ||
        (only('sent', 'received') && only('received', 'sent'));
      const sets = meet(uses);
      if (isWanted) expect(sets).toHaveLength(Math.min(1, ends.size));
    }),
    { numRuns: 2000 },
  );
});

test('what is forgotten is met no more, and leaves nothing behind', () => {
  const meetings = new TupleMeetings();
  meetings.note({ key: 't', role: 'sent', ttl: 64 }, 'a', T0_US);
  meetings.note({ key: 't', role: 'received', ttl: 64 }, 'a', T0_US);
  meetings.forget('t', 'a', T0_US);
  expect(meetings.size).toBe(0);
  expect(meetings.note({ key: 't', role: 'wants', ttl: 0 }, 'b', T0_US)).toEqual([]);
});
