import type { Path } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../../test/samples/paths.ts';
import { PathShedder } from './pathShedder.ts';

const plain = samplePaths().find(
  ({ outcome, extraHops, hops }) =>
    outcome === 'served' && extraHops === 0 && hops.every(({ extra }) => extra !== true),
) as Path;
/** The tail of the id decides: 0 is kept at every rate, 1 at none. */
const path = (tail: number, part: Partial<Path> = {}): Path => ({
  ...plain,
  pathId: `${plain.pathId.slice(0, -8)}${tail.toString(16).padStart(8, '0')}`,
  ...part,
});

function setUp() {
  const state = { exponent: 0, isFull: false, nowMs: 0 };
  const shedder = new PathShedder({
    exponent: () => state.exponent,
    isFull: () => state.isFull,
    nowMs: () => state.nowMs,
  });
  const weigh = (one: Path) => shedder.weigh(one, null).weight;
  return { state, shedder, weigh };
}

test('without an overload everything stands for itself', () => {
  const { weigh } = setUp();
  expect([path(0), path(1)].map(weigh)).toEqual([1, 1]);
});

test('the first path of a service is kept; then the hash chooses, and weights hold what was shed before', () => {
  const { state, shedder, weigh } = setUp();
  state.exponent = 1;
  expect([path(1), path(3), path(5), path(2), path(4), path(7)].map(weigh)).toEqual([
    1, 0, 0, 3, 1, 0,
  ]);
  const other = { namespace: 'shop', name: 'rare', port: '' };
  expect(weigh(path(1, { service: other }))).toBe(1);
  expect(shedder.counts).toEqual({ shed: 3, unweighed: 0 });
  state.exponent = 0;
  expect([path(9), path(9)].map(weigh)).toEqual([2, 1]);
});

test('who is kept at a lower rate is kept at every higher one', () => {
  const { state, weigh } = setUp();
  const kept = [1, 2, 3].map((exponent) => {
    state.exponent = exponent;
    return Array.from({ length: 64 }, (_, tail) => tail).filter((tail) => weigh(path(tail)) > 0);
  });
  const [half = [], quarter = [], eighth = []] = kept;
  expect(quarter.every((tail) => half.includes(tail))).toBe(true);
  expect(eighth.every((tail) => quarter.includes(tail))).toBe(true);
  expect(eighth).toHaveLength(8);
});

test('refusals, extra hops and what did not end well are never shed', () => {
  const { state, weigh } = setUp();
  state.exponent = 10;
  state.isFull = true;
  weigh(path(1));
  const extraHop = plain.hops.map((hop) => ({ ...hop, extra: true }));
  const special = [
    path(1, { outcome: 'reset' }),
    path(1, { outcome: 'dropped' }),
    path(1, { outcome: 'unknown' }),
    path(1, { extraHops: 1 }),
    path(1, { hops: extraHop }),
  ];
  expect(special.map(weigh)).toEqual([1, 1, 1, 1, 1]);
  expect(weigh(path(0))).toBe(0);
});

test('later versions follow the first, unless they are none to shed; the sum of weights stays the number of paths', () => {
  const { state, shedder, weigh } = setUp();
  state.exponent = 1;
  weigh(path(1));
  const shed = shedder.weigh(path(3), null);
  expect(shedder.weigh(path(3, { version: 2 }), shed)).toBe(shed);
  const heavy = shedder.weigh(path(2), null);
  expect(heavy.weight).toBe(2);
  expect(shedder.weigh(path(2, { version: 2 }), heavy)).toBe(heavy);
  // It is a path with an extra hop, now: it stands for itself, and the other is owed again.
  expect(shedder.weigh(path(2, { extraHops: 1 }), heavy).weight).toBe(1);
  expect(weigh(path(4))).toBe(2);
  // Shed, counted in the weight of another, and stored after all: one less for the next.
  expect(shedder.weigh(path(3, { extraHops: 1 }), shed).weight).toBe(1);
  expect([path(5), path(7), path(6)].map(weigh)).toEqual([0, 0, 2]);
});

test('a path that is withdrawn gives back what it stood for', () => {
  const { state, shedder, weigh } = setUp();
  state.exponent = 1;
  weigh(path(1));
  const shed = shedder.weigh(path(3), null);
  const heavy = shedder.weigh(path(2), null);
  shedder.withdraw(heavy);
  expect(weigh(path(4))).toBe(2);
  shedder.withdraw(shed);
  expect([path(5), path(6)].map(weigh)).toEqual([0, 1]);
});

test('what no path of the service took in time is counted as in no weight', () => {
  const { state, shedder, weigh } = setUp();
  state.exponent = 1;
  expect([path(1), path(3), path(5)].map(weigh)).toEqual([1, 0, 0]);
  state.exponent = 0;
  state.nowMs = 60_001;
  expect(weigh(path(7))).toBe(1);
  expect(shedder.counts).toEqual({ shed: 2, unweighed: 2 });
});
