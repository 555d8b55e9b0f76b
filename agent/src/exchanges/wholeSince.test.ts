import { expect, test } from '@jest/globals';
import { newMetrics } from '../metrics.ts';
import { WholeSince } from './wholeSince.ts';

test('every request is told from the start on, or from when one was left out or the loader was gone', () => {
  const metrics = newMetrics();
  const since = new WholeSince(true, metrics, 1000);
  expect(since.us(6000)).toBe(1_000_000);
  metrics.leftOutExchangesTotal = 3;
  expect([since.us(11_000), since.us(16_000)]).toEqual([11_000_000, 11_000_000]);
  metrics.sourceRestartsTotal++;
  expect([since.us(21_000), since.us(26_000)]).toEqual([21_000_000, 21_000_000]);
});

test('an agent that tells the first of each connection never says so', () => {
  expect(new WholeSince(false, newMetrics(), 1000).us(6000)).toBeNull();
});
