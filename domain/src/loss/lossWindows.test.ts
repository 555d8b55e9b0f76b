import { expect, test } from '@jest/globals';
import { hasLosses, type LossWindows, noteLosses } from './lossWindows.ts';

const SECOND_US = 1_000_000;
const envelope = (atSeconds: number, unsentRecords: number) => ({
  node: 'node1',
  sentAtUs: atSeconds * SECOND_US,
  losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords },
});
const at = (seconds: number) => ({ fromUs: seconds * SECOND_US, toUs: seconds * SECOND_US });
const none: LossWindows = new Map();

test('losses touch the time since the envelope before, and nothing else', () => {
  const windows = noteLosses(none, envelope(1010, 3), 1000 * SECOND_US);
  expect([990, 997, 1005, 1013].map((s) => hasLosses(windows, 'node1', at(s)))).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(hasLosses(windows, 'node2', at(1005))).toBe(false);
  expect(noteLosses(windows, envelope(1020, 0), 1010 * SECOND_US)).toBe(windows);
});

test('of a first envelope nobody knows since when; a clock that was set back widens the window', () => {
  expect(hasLosses(noteLosses(none, envelope(1010, 1), null), 'node1', at(960))).toBe(true);
  const stepped = noteLosses(none, envelope(1000, 1), 1010 * SECOND_US);
  expect([998, 1011].every((s) => hasLosses(stepped, 'node1', at(s)))).toBe(true);
});

test('windows that touch become one, so that losing all the time takes no memory', () => {
  const windows = Array.from({ length: 1000 }, (_, n) => 1000 + n * 3).reduce(
    (all, s) => noteLosses(all, envelope(s, 1), (s - 3) * SECOND_US),
    none,
  );
  expect(windows.get('node1')).toHaveLength(1);
  const apart = Array.from({ length: 100 }, (_, n) => 1000 + n * 60).reduce(
    (all, s) => noteLosses(all, envelope(s, 1), (s - 3) * SECOND_US),
    none,
  );
  expect(apart.get('node1')).toHaveLength(64);
  expect(hasLosses(apart, 'node1', at(1000 + 99 * 60))).toBe(true);
});
