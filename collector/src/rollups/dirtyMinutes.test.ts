import { expect, test } from '@jest/globals';
import { DirtyMinutes } from './dirtyMinutes.ts';

const NOW_MS = 1_790_002_800_000;
const MINUTE = NOW_MS / 1000;

test('a minute is due once it is quiet, one with steady news every interval', () => {
  const dirty = new DirtyMinutes(10_000);
  dirty.add(MINUTE, NOW_MS);
  expect(dirty.take(NOW_MS + 999, false)).toBeNull();
  for (let ms = 500; ms <= 10_000; ms += 500) dirty.add(MINUTE, NOW_MS + ms);
  expect(dirty.take(NOW_MS + 9999, false)).toBeNull();
  expect(dirty.take(NOW_MS + 10_000, false)).toEqual({ fromS: MINUTE, toS: MINUTE + 60 });
  expect(dirty.take(NOW_MS + 10_000, false)).toBeNull();
  dirty.counted({ fromS: MINUTE, toS: MINUTE + 60 }, { nowMs: NOW_MS + 10_100, tookMs: 100 });
  dirty.add(MINUTE, NOW_MS + 10_200);
  expect(dirty.take(NOW_MS + 20_099, false)).toBeNull();
  expect(dirty.take(NOW_MS + 20_100, false)).not.toBeNull();
});

test('counting takes at most a twentieth of the time', () => {
  const dirty = new DirtyMinutes(10_000);
  dirty.counted({ fromS: MINUTE, toS: MINUTE + 60 }, { nowMs: NOW_MS, tookMs: 2000 });
  dirty.add(MINUTE, NOW_MS);
  expect(dirty.take(NOW_MS + 39_999, false)).toBeNull();
  expect(dirty.take(NOW_MS + 40_000, false)).not.toBeNull();
});

test('however dear it is, a minute is counted again after a minute', () => {
  const dirty = new DirtyMinutes(10_000);
  dirty.counted({ fromS: MINUTE, toS: MINUTE + 60 }, { nowMs: NOW_MS, tookMs: 20_000 });
  dirty.add(MINUTE, NOW_MS);
  expect(dirty.take(NOW_MS + 59_999, false)).toBeNull();
  expect(dirty.take(NOW_MS + 60_000, false)).not.toBeNull();
});

test('neighbours are counted together, up to an hour of them, in order', () => {
  const dirty = new DirtyMinutes(10_000);
  for (const index of [70, 3, 2, 1, ...Array.from({ length: 61 }, (_, at) => at + 100)])
    dirty.add(MINUTE + index * 60, NOW_MS);
  const at = (from: number, to: number) => ({ fromS: MINUTE + from * 60, toS: MINUTE + to * 60 });
  expect(dirty.oldestS).toBe(MINUTE + 60);
  expect(dirty.take(NOW_MS, true)).toEqual(at(1, 4));
  expect(dirty.take(NOW_MS, true)).toEqual(at(70, 71));
  expect(dirty.take(NOW_MS, true)).toEqual(at(100, 160));
  expect(dirty.has(MINUTE + 160 * 60, MINUTE + 161 * 60)).toBe(true);
  expect(dirty.take(NOW_MS, true)).toEqual(at(160, 161));
  expect([dirty.size, dirty.oldestS, dirty.waitingSinceMs]).toEqual([0, null, null]);
});
