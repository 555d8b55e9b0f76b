import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pools } from './pools.ts';
import { TupleLog } from './tupleLog.ts';

const CONNECTIONS = 8;
/** Two share the first bucket, two the last. */
const KEYS = [0, 1, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff];

function carriersOf(log: TupleLog, key: number): Set<number> {
  const found = new Set<number>();
  for (let place = log.newest(key); place > 0; place = log.older(place)) {
    const connection = log.connectionAt(place, key);
    if (connection >= 0) found.add(connection);
  }
  return found;
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ add: fc.constantFrom(...KEYS), to: fc.nat(CONNECTIONS - 1) }),
    },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(CONNECTIONS - 1) }) },
  ),
  { maxLength: 120 },
);

test('the open connections that carry a tuple are found, and no others, however often the ring goes round', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const pools = new Pools(CONNECTIONS, 1000);
      const log = new TupleLog(pools);
      const carried = new Map<number, Set<number>>();
      const open: number[] = [];
      for (const step of given) {
        if ('leave' in step) {
          const [left] = open.splice(step.leave, 1);
          if (left === undefined) continue;
          pools.release(left);
          carried.delete(left);
          continue;
        }
        if (open.length < CONNECTIONS && open[step.to] === undefined) {
          const made = pools.create(0);
          log.begin(made);
          carried.set(made, new Set());
          open.push(made);
        }
        const connection = open[step.to] ?? (open.at(-1) as number);
        // Two entries a connection: what the ring is made for.
        const keys = carried.get(connection) as Set<number>;
        if (keys.size === 2 || keys.has(step.add)) continue;
        log.add(step.add, connection);
        keys.add(step.add);
      }
      for (const key of KEYS) {
        const expected = open.filter((connection) => carried.get(connection)?.has(key));
        expect(carriersOf(log, key)).toEqual(new Set(expected));
      }
      expect(log.refused).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('what is written down twice takes no room for ever', () => {
  const pools = new Pools(4, 1000);
  const log = new TupleLog(pools);
  const connection = pools.create(0);
  log.begin(connection);
  for (let round = 0; round < 100; round++)
    for (const key of [7, 0x8000_0000]) log.add(key, connection);
  expect(log.refused).toBe(0);
  expect([...carriersOf(log, 7)]).toEqual([connection]);
});

test('where more is carried than there is room for, the oldest gives way and is counted', () => {
  const pools = new Pools(4, 1000);
  const log = new TupleLog(pools);
  const connection = pools.create(0);
  log.begin(connection);
  for (let key = 0; key < 9; key++) log.add(key * 1000, connection);
  expect(log.refused).toBe(1);
  expect(log.isCrowded).toBe(true);
  expect([...carriersOf(log, 8000)]).toEqual([connection]);
});
