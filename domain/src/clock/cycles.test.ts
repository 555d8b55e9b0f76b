import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Leg } from '../reconstruct/evidence.ts';
import { trips, type WorldSpec } from './builders.ts';
import { NO_CLOCKS, observe } from './clocks.ts';

const world: WorldSpec = {
  seed: 3,
  clocks: {
    n1: { offsetNs: 3e9, driftPpm: 40 },
    n2: { offsetNs: -2e9, driftPpm: -30 },
    n3: { offsetNs: 40_000, driftPpm: 5 },
  },
  connections: 600,
  durationNs: 20e9,
  upNs: 20_000,
  downNs: 300_000,
  jitterNs: 50_000,
  stampSigmaNs: 100,
};

function legsOf(spec: WorldSpec): Leg[] {
  return trips(spec).flatMap(({ near, far }) => [near, far]);
}

/** As if another machine stamped under the name n3, but only towards n1. */
function displaced(legs: readonly Leg[], byNs: number): Leg[] {
  const peers = new Map<string, Set<string>>();
  for (const leg of legs) {
    const key = leg.isnPairHash ?? '';
    peers.set(key, (peers.get(key) ?? new Set()).add(leg.node));
  }
  return legs.map((leg) => {
    const isBetween = leg.node === 'n3' && peers.get(leg.isnPairHash ?? '')?.has('n1') === true;
    return isBetween ? { ...leg, startUs: leg.startUs + byNs / 1000 } : leg;
  });
}

test('honest clocks close every triangle, however asymmetric the ways between them', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1000, max: 5_000_000 }), (seed, upNs) => {
      const clocks = observe(NO_CLOCKS, legsOf({ ...world, seed, upNs }));
      expect(clocks.pairs.size).toBe(3);
      expect(clocks.faults).toEqual([]);
    }),
    { numRuns: 10 },
  );
});

test('with three clocks a broken triangle accuses all three pairs, and says by how much', () => {
  const clocks = observe(NO_CLOCKS, displaced(legsOf(world), 2_000_000));
  expect(clocks.faults).toHaveLength(1);
  const [fault] = clocks.faults;
  expect(fault?.errorNs).toBeGreaterThan(1_900_000);
  expect(fault?.allowedNs).toBeLessThan(800_000);
  expect([...clocks.suspects].sort()).toEqual(['test|n1|n2', 'test|n1|n3', 'test|n2|n3']);
});

test('with a fourth clock only the wrong pair is accused', () => {
  const four = {
    ...world,
    connections: 1500,
    clocks: { ...world.clocks, n4: { offsetNs: 7, driftPpm: 1 } },
  };
  const clocks = observe(NO_CLOCKS, displaced(legsOf(four), 2_000_000));
  expect(clocks.faults).toHaveLength(2);
  expect([...clocks.suspects]).toEqual(['test|n1|n3']);
});
