import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Pace } from './pace.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function started(quiet: { isQuiet: boolean }) {
  const ticks = { count: 0 };
  const pace = new Pace({
    tick: () => {
      ticks.count += 1;
    },
    isQuiet: () => quiet.isQuiet,
  });
  pace.start();
  return { pace, ticks };
}

test('ticks twenty times a second while something waits, and four times while nothing does', () => {
  const quiet = { isQuiet: false };
  const { pace, ticks } = started(quiet);
  // What waits for the poll phase to end may take a millisecond more each time.
  jest.advanceTimersByTime(1_000);
  expect([19, 20]).toContain(ticks.count);
  quiet.isQuiet = true;
  jest.advanceTimersByTime(60);
  const before = ticks.count;
  jest.advanceTimersByTime(1_010);
  expect(ticks.count - before).toBe(4);
  pace.stop();
});

test('what wakes it is looked at within 50 ms, and not put off by what wakes it again', () => {
  const { pace, ticks } = started({ isQuiet: true });
  jest.advanceTimersByTime(50 + 30);
  expect(ticks.count).toBe(1);
  pace.wake();
  jest.advanceTimersByTime(30);
  pace.wake();
  jest.advanceTimersByTime(21);
  expect(ticks.count).toBe(2);
  pace.stop();
});

test('stands still when stopped, also from within a tick and when woken afterwards', () => {
  const ticks = { count: 0 };
  const pace = new Pace({
    tick: () => {
      ticks.count += 1;
      pace.stop();
    },
    isQuiet: () => true,
  });
  pace.start();
  jest.advanceTimersByTime(1_000);
  pace.wake();
  jest.advanceTimersByTime(1_000);
  expect(ticks.count).toBe(1);
  expect(jest.getTimerCount()).toBe(0);
});
