import { expect, test } from '@jest/globals';
import { T0_US, trips, type WorldSpec } from './builders.ts';
import { NO_CLOCKS, observe } from './clocks.ts';
import { rateBetween } from './rates.ts';

const CLUSTER = 'test';
const moment = (node: string, startUs = T0_US) => ({ cluster: CLUSTER, node, startUs });

const world: WorldSpec = {
  seed: 3,
  clocks: { n1: { offsetNs: 2e9, driftPpm: 20 }, n2: { offsetNs: -1e9, driftPpm: -40 } },
  connections: 1500,
  durationNs: 15e9,
  upNs: 50_000,
  downNs: 150_000,
  jitterNs: 20_000,
  stampSigmaNs: 150,
};

function learnt(spec: WorldSpec) {
  return observe(
    NO_CLOCKS,
    trips(spec).flatMap(({ near, far }) => [near, far]),
  );
}

test('the rate of two clocks is told to a few µs/s, whichever is asked for, and its bound holds', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const clocks = learnt({ ...world, seed });
    const there = rateBetween(clocks, moment('n1'), moment('n2'));
    const back = rateBetween(clocks, moment('n2'), moment('n1'));
    expect(Math.abs(there.middle - -60e-6)).toBeLessThan(3e-6);
    expect(Math.abs(there.middle - -60e-6)).toBeLessThan(there.error);
    expect(there.error).toBeLessThan(25e-6);
    expect(back).toEqual({ middle: -there.middle, error: there.error });
  }
});

test('clocks at the limit of what oscillators do: the point is not drawn away from it', () => {
  const clocks = { n1: { offsetNs: 0, driftPpm: 50 }, n2: { offsetNs: 0, driftPpm: -50 } };
  const ways = { upNs: 300_000, downNs: 300_000 };
  const rate = rateBetween(learnt({ ...world, ...ways, clocks }), moment('n1'), moment('n2'));
  expect(Math.abs(rate.middle - -100e-6)).toBeLessThan(3e-6);
  expect(Math.abs(rate.middle - -100e-6)).toBeLessThan(rate.error);
});

test('a step of the wall clock does not touch the rate', () => {
  const steps = [{ atNs: 12e9, byNs: 3e6 }];
  const stepped = { offsetNs: 0, driftPpm: -40, steps };
  const spec = { ...world, clocks: { ...world.clocks, n2: stepped } };
  const rate = rateBetween(learnt(spec), moment('n1'), moment('n2'));
  expect(Math.abs(rate.middle - -60e-6)).toBeLessThan(3e-6);
  expect(rate.error).toBeLessThan(40e-6);
});

test('one machine has one clock; of machines that never met, and of another hour, only the oscillators are known', () => {
  const clocks = learnt(world);
  expect(rateBetween(clocks, moment('n1'), moment('n1'))).toEqual({ middle: 0, error: 0 });
  expect(rateBetween(clocks, moment('n1'), moment('n3'))).toEqual({ middle: 0, error: 100e-6 });
  expect(rateBetween(null, moment('n1'), moment('n2'))).toEqual({ middle: 0, error: 100e-6 });
  const later = [moment('n1', T0_US + 3600e6), moment('n2', T0_US + 3600e6)] as const;
  expect(rateBetween(clocks, ...later)).toEqual({ middle: 0, error: 100e-6 });
});
