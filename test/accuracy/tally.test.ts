import { expect, test } from '@jest/globals';
import { Tally } from './tally.ts';

test('tallies add up: counts, greatest, samples', () => {
  const [a, b] = [new Tally(), new Tally()];
  for (const value of [1, 2, 3, 4]) a.sample('error', value);
  for (const value of [5, 6, 7, 1000.4]) b.sample('error', value);
  a.add('paths', 2);
  b.add('paths', 3);
  a.max('largest', 9);
  b.max('largest', 4);
  a.merge(b.state());
  expect([a.get('paths'), a.get('largest')]).toEqual([5, 9]);
  expect([0, 0.5, 0.99].map((share) => a.quantile('error', share))).toEqual([1, 5, 1000]);
  expect(new Tally().quantile('error', 0.5)).toBeNaN();
});

test('confidence adds up, of all and by name', () => {
  const [a, b, whole] = [new Tally(), new Tally(), new Tally()];
  const claims = [0.91, 0.92, 0.55, 0.31].entries();
  for (const [index, claimed] of claims) {
    for (const tally of [index % 2 === 0 ? a : b, whole]) {
      tally.addBin('timing', claimed, index < 2);
      tally.addConfidence(claimed, index < 3);
    }
  }
  b.addBin('only here', 0.5, true);
  a.merge(b.state());
  expect(a.calibrationErrorOf('timing')).toBeCloseTo(whole.calibrationErrorOf('timing'), 12);
  expect(a.calibrationErrorOf('timing')).toBeGreaterThan(0.2);
  expect(a.calibrationError()).toBeCloseTo(whole.calibrationError(), 12);
  expect(a.calibrationErrorOf('only here')).toBeCloseTo(0.5, 12);
  expect(a.calibrationErrorOf('nowhere')).toBeNaN();
});
