import { expect, test } from '@jest/globals';
import { Watermark } from './watermark.ts';

const WALL_MS = 1_790_000_000_000;
const state = { nowMs: 1000, wallMs: WALL_MS, isQueueEmpty: true, oldestCutAtMs: null };

test('nothing waits: up to now', () => {
  expect(new Watermark().untilUs(state)).toBe(WALL_MS * 1000);
});

test('records wait in the queue: up to when the first of them came', () => {
  const watermark = new Watermark();
  watermark.queueBegins(850);
  expect(watermark.untilUs({ ...state, isQueueEmpty: false })).toBe((WALL_MS - 150) * 1000);
});

test('a batch is not stored: its records were made before it was cut', () => {
  const watermark = new Watermark();
  watermark.queueBegins(100);
  watermark.cut(800, true);
  watermark.cut(810, false);
  const oldestCutAtMs = WALL_MS - 200;
  expect(watermark.untilUs({ ...state, oldestCutAtMs })).toBe((oldestCutAtMs - 710) * 1000);
  // All of it was stored before the next one was cut.
  watermark.queueBegins(900);
  watermark.cut(920, true);
  expect(watermark.untilUs({ ...state, oldestCutAtMs })).toBe((oldestCutAtMs - 20) * 1000);
});
