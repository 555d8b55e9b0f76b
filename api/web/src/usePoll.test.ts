import { expect, test } from '@jest/globals';
import { restMs } from './usePoll.ts';

test('a quick API is asked again after the interval, a slow one is left four times its answer in peace', () => {
  expect(restMs(2_000, 20)).toBe(2_000);
  expect(restMs(2_000, 500)).toBe(2_000);
  expect(restMs(2_000, 1_500)).toBe(6_000);
  expect(restMs(2_000, 90_000)).toBe(60_000);
});
