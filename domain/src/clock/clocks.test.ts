import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  arriving,
  type ClockSpec,
  offsetTruthNs,
  reading,
  T0_US,
  type Trip,
  trips,
  type WorldSpec,
} from './builders.ts';
import { type ClockBounds, NO_CLOCKS, observe, offsetOf } from './clocks.ts';
import { compareStamps } from './oneWay.ts';
import { boundsAt } from './pairClock.ts';
import { sampleOf } from './samples.ts';
import type { OffsetBound } from './window.ts';

const second = 1e9;

const clockSpec = fc.record({
  offsetNs: fc.integer({ min: -5 * second, max: 5 * second }),
  driftPpm: fc.double({ min: -50, max: 50, noNaN: true }),
});

const worldSpec: fc.Arbitrary<WorldSpec> = fc.record({
  seed: fc.nat(),
  clocks: fc.record({ n1: clockSpec, n2: clockSpec }),
  connections: fc.integer({ min: 2, max: 300 }),
  durationNs: fc.integer({ min: 10e6, max: 150 * second }),
  upNs: fc.integer({ min: 1_000, max: 5_000_000 }),
  downNs: fc.integer({ min: 1_000, max: 5_000_000 }),
  jitterNs: fc.integer({ min: 0, max: 500_000 }),
  lossShare: fc.constantFrom(0, 0.1),
  synLossShare: fc.constantFrom(0, 0.1),
  stampSigmaNs: fc.constant(100),
});

function learn(world: WorldSpec, all: readonly Trip[]): ClockBounds {
  return observe(NO_CLOCKS, arriving(world, all));
}

/** The bound of the offset at the trip's SYN-ACK, and the truth relative to the same base. */
function boundOf(
  clocks: ClockBounds,
  world: WorldSpec,
  trip: Trip,
): { bound: OffsetBound; truthNs: number } | null {
  const sample = sampleOf(trip.near, trip.far);
  const bound = sample === null ? null : offsetOf(clocks, sample);
  if (bound === null) return null;
  const truthNs = offsetTruthNs(world, 'n1', 'n2', trip.atNs) - bound.baseUs * 1000;
  return { bound, truthNs };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

interface Live {
  readonly widthsNs: number[];
  readonly errorsNs: number[];
  covered: number;
  steps: number;
}

/** Evidence second by second; the question is always the offset now. */
function watch(world: WorldSpec, fromNs: number): Live {
  const all = trips(world);
  const live: Live = { widthsNs: [], errorsNs: [], covered: 0, steps: 0 };
  let clocks = NO_CLOCKS;
  for (let tNs = second; tNs <= world.durationNs; tNs += second) {
    const fresh = all.filter((trip) => trip.atNs <= tNs && trip.atNs > tNs - second);
    clocks = observe(clocks, arriving({ ...world, seed: world.seed + tNs }, fresh));
    const pair = clocks.pairs.get('test|n1|n2');
    if (tNs < fromNs || pair === undefined) continue;
    const [bound] = boundsAt(pair, T0_US + reading(clockOf(world), tNs) / 1000);
    if (bound === undefined) continue;
    const truthNs = offsetTruthNs(world, 'n1', 'n2', tNs) - bound.baseUs * 1000;
    live.widthsNs.push(bound.highNs - bound.lowNs);
    live.errorsNs.push(Math.abs((bound.highNs + bound.lowNs) / 2 - truthNs));
    live.covered += bound.lowNs <= truthNs && truthNs <= bound.highNs ? 1 : 0;
    live.steps = pair.steps;
  }
  return live;
}

function clockOf(world: WorldSpec): ClockSpec {
  return world.clocks.n1 ?? { offsetNs: 0, driftPpm: 0 };
}

test('the offset is inside its bound whatever the offset, drift, asymmetry and loss', () => {
  fc.assert(
    fc.property(worldSpec, (world) => {
      const all = trips(world);
      const clocks = learn(world, all);
      expect(clocks.faults).toEqual([]);
      for (const pair of clocks.pairs.values()) expect(pair.steps).toBe(0);
      for (const trip of all) {
        const known = boundOf(clocks, world, trip);
        if (known === null) continue;
        expect(known.bound.lowNs).toBeLessThanOrEqual(known.truthNs);
        expect(known.bound.highNs).toBeGreaterThanOrEqual(known.truthNs);
        const oneWay = compareStamps(trip.near, trip.far, clocks).oneWay;
        expect(oneWay?.lowNs).toBeLessThanOrEqual(trip.oneWayNs);
        expect(oneWay?.highNs).toBeGreaterThanOrEqual(trip.oneWayNs);
      }
    }),
    { numRuns: 30 },
  );
});

const quiet: WorldSpec = {
  seed: 7,
  clocks: { n1: { offsetNs: 3.2e9, driftPpm: 17 }, n2: { offsetNs: -1.7e9, driftPpm: -26 } },
  connections: 3600,
  durationNs: 90 * second,
  upNs: 20_000,
  downNs: 20_000,
  jitterNs: 30_000,
  stampSigmaNs: 300,
};
const wandering = (wanderPpm: number): WorldSpec['clocks'] => ({
  n1: { offsetNs: 3.2e9, driftPpm: 17, wanderPpm },
  n2: { offsetNs: -1.7e9, driftPpm: -26 },
});
/** The truth lies at the rim of the bound: where a clock that leaves the line would show first. */
const edge: WorldSpec = { ...quiet, upNs: 1000, downNs: 40_000, jitterNs: 10_000 };
const CASES: readonly (readonly [name: string, world: WorldSpec, goalShare: number])[] = [
  ['40 connections/s, symmetric 20 µs', quiet, 1],
  ['5 connections/s', { ...quiet, connections: 450 }, 1],
  ['1 connection in 5 s', { ...quiet, connections: 18 }, 1],
  ['asymmetric 20/300 µs', { ...quiet, downNs: 300_000 }, 1],
  ['jitter 1 ms', { ...quiet, jitterNs: 1_000_000 }, 1],
  ['legs lost 10 %, SYNs lost 5 %', { ...quiet, lossShare: 0.1, synLossShare: 0.05 }, 1],
  ['all the delay in one direction', edge, 1],
  ['  and rate wanders 0.1 ppm', { ...edge, clocks: wandering(0.1) }, 1],
  ['  and rate wanders 0.3 ppm', { ...edge, clocks: wandering(0.3) }, 0],
  ['  and rate wanders 1 ppm', { ...edge, clocks: wandering(1) }, 0],
  ['  and rate wanders 4 ppm', { ...edge, clocks: wandering(4) }, 0],
];

test('how wide the bound is, and how often it holds', () => {
  const lines = CASES.map(([name, world, goalShare]) => {
    const { widthsNs, errorsNs, covered, steps } = watch(world, 10 * second);
    const share = covered / widthsNs.length;
    expect(widthsNs.length).toBeGreaterThan(70);
    expect(share).toBeGreaterThanOrEqual(goalShare);
    const us = (ns: number) => (ns / 1000).toFixed(1).padStart(8);
    const [width, widest] = [quantile(widthsNs, 0.5), quantile(widthsNs, 0.95)];
    return `${name.padEnd(36)}${us(width)}${us(widest)}${us(quantile(errorsNs, 0.5))}${(100 * share).toFixed(1).padStart(8)} %${String(steps).padStart(5)}`;
  });
  const head = 'offset of two clocks, 80 s, µs        width     p95   error   holds  steps';
  process.stdout.write(`${[head, ...lines].join('\n')}\n`);
});

test('a step is noticed, said, and forgotten within ten seconds', () => {
  const steps = fc.constantFrom(2e9, -2e9, 5e6, -300_000);
  fc.assert(
    fc.property(fc.nat(), steps, fc.constantFrom('n1', 'n2'), (seed, byNs, node) => {
      const stepped = {
        ...(quiet.clocks[node] as ClockSpec),
        steps: [{ atNs: 30 * second, byNs }],
      };
      const world = { ...quiet, seed, clocks: { ...quiet.clocks, [node]: stepped } };
      const small = { ...world, connections: 1800, durationNs: 60 * second };
      const live = watch(small, 40 * second);
      expect(live.steps).toBe(1);
      expect(live.covered).toBe(live.widthsNs.length);
      expect(quantile(live.widthsNs, 1)).toBeLessThan(250_000);
    }),
    { numRuns: 8 },
  );
});

test('a path just after a step carries the warning; one sample that fits nothing does not', () => {
  const stepped = { offsetNs: 0, driftPpm: 0, steps: [{ atNs: 30 * second, byNs: 7e6 }] };
  const world = { ...quiet, clocks: { n1: { offsetNs: 0, driftPpm: 0 }, n2: stepped } };
  const all = trips({ ...world, connections: 600, durationNs: 60 * second });
  const before = all.filter((trip) => trip.atNs < 30 * second);
  const last = all.at(-1) as Trip;
  const legsOfAll = (list: readonly Trip[]) => list.flatMap(({ near, far }) => [near, far]);
  const clocks = observe(NO_CLOCKS, legsOfAll(all));
  expect(compareStamps(last.near, last.far, clocks).warnings).toMatchObject([
    {
      code: 'clockStepped',
      text: expect.stringContaining('clock of n2 jumped 70'),
      subject: 'n1/n2',
    },
  ]);
  const undecided = observe(NO_CLOCKS, legsOfAll([...before, last]));
  expect(compareStamps(last.near, last.far, undecided).warnings).toEqual([]);
  expect(compareStamps(last.near, last.far, undecided).oneWay).toBeNull();
});

test('the same evidence in any batches says the same; again or in another order it only narrows', () => {
  const world = { ...quiet, connections: 500, durationNs: 9 * second };
  const all = trips(world);
  const legs = arriving(world, all);
  const whole = observe(NO_CLOCKS, legs);
  const pieces = Array.from({ length: 50 }, (_, index) => legs.slice(index * 20, index * 20 + 20));
  expect(pieces.reduce(observe, NO_CLOCKS).pairs).toEqual(whole.pairs);
  const again = observe(whole, legs);
  const backwards = observe(NO_CLOCKS, [...legs].reverse());
  for (const trip of all) {
    const [once, twice, reversed] = [whole, again, backwards].map(
      (clocks) => boundOf(clocks, world, trip)?.bound,
    );
    expect(twice?.lowNs).toBeGreaterThanOrEqual(once?.lowNs ?? Number.NaN);
    expect(twice?.highNs).toBeLessThanOrEqual(once?.highNs ?? Number.NaN);
    expect(reversed?.lowNs).toBeCloseTo(once?.lowNs ?? Number.NaN, 1);
    expect(reversed?.highNs).toBeCloseTo(once?.highNs ?? Number.NaN, 1);
  }
});

test('memory is bounded: bins of a pair, and pairs', () => {
  const long = { ...quiet, connections: 2000, durationNs: 1000 * second };
  const clocks = observe(NO_CLOCKS, arriving(long, trips(long)));
  const pair = clocks.pairs.get('test|n1|n2');
  expect(pair?.current.bins.length).toBeLessThanOrEqual(15);
  expect(pair?.current.polygon.length).toBeLessThan(60);
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const still = { offsetNs: 0, driftPpm: 0 };
  const crowd = {
    ...quiet,
    connections: 10_000,
    clocks: Object.fromEntries(names.map((name) => [name, still])),
  };
  expect(observe(NO_CLOCKS, arriving(crowd, trips(crowd))).pairs.size).toBe(4096);
});

test('a clock that is years off is bounded as well as any other', () => {
  const far = { ...quiet, connections: 200, durationNs: 5 * second };
  const all = trips(far);
  const centuryUs = 50 * 365 * 86_400 * 1e6;
  const shifted = all.map((trip) => ({ ...trip, near: aside(trip.near), far: aside(trip.far) }));
  function aside(leg: Trip['near']): Trip['near'] {
    return leg.node === 'n2' ? { ...leg, startUs: leg.startUs - centuryUs } : leg;
  }
  const [plain, odd] = [all, shifted].map((list) => {
    const clocks = observe(
      NO_CLOCKS,
      list.flatMap(({ near, far: to }) => [near, to]),
    );
    return list.map(({ near, far: to }) => compareStamps(near, to, clocks).oneWay);
  });
  expect(odd).toEqual(plain);
  expect(plain).not.toContain(null);
});
