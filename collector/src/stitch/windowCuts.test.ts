import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exchange, sourced } from '../testing/builders.ts';
import type { Stay } from './visits.ts';
import { cutWindows, isIn } from './windowCuts.ts';

const SECOND_US = 1_000_000;
const block = { fromUs: 20 * SECOND_US, toUs: 40 * SECOND_US };
const stay = (fromS: number, toS: number): Stay => ({
  record: sourced(exchange()),
  isInbound: true,
  fromUs: fromS * SECOND_US,
  toUs: toS * SECOND_US,
});
const seconds = (us: number) => Math.round(us / 10_000) / 100;
const cut = (stays: readonly Stay[], maxStays = 100) => {
  const { windows, uncut, span } = cutWindows(stays, block, maxStays);
  return {
    windows: windows.map(({ fromUs, toUs }) => [seconds(fromUs), seconds(toUs)]),
    ...{ uncut, isSpanKnown: span !== null },
  };
};

test('a block is cut at its marks where nobody is inside', () => {
  expect(cut([stay(21, 22)])).toEqual({ windows: [[20, 40]], uncut: 0, isSpanKnown: true });
});

test('who is inside at a mark belongs to the time before it, and whoever is inside with him', () => {
  const stays = [stay(19, 20.5), stay(20.4, 21), stay(30, 31), stay(39, 41), stay(40.5, 42)];
  expect(cut(stays).windows).toEqual([[21, 42]]);
});

test('somebody is inside all the time: the block is not cut', () => {
  const nothing = { windows: [], uncut: 1, isSpanKnown: false };
  expect(cut([stay(10, 41)])).toEqual(nothing);
  expect(cut([stay(30, 61)])).toEqual(nothing);
});

test('more than are compared at once: halves, as long as somebody leaves and they are longer than a second', () => {
  const few = Array.from({ length: 8 }, (_, n) => stay(21 + 2 * n, 22 + 2 * n));
  expect(cut(few, 4).windows).toEqual([
    [20, 26],
    [26, 30],
    [30, 40],
  ]);
  const crowd = Array.from({ length: 50 }, () => stay(25, 25.1));
  expect(cut(crowd, 10)).toMatchObject({ uncut: 1 });
});

test('no request is in two windows, and none goes over an end', () => {
  const someStay = fc
    .tuple(fc.integer({ min: 20_000, max: 40_000 }), fc.integer({ min: 1, max: 3000 }))
    .map(([fromMs, forMs]) => stay(fromMs / 1000, (fromMs + forMs) / 1000));
  fc.assert(
    fc.property(fc.array(someStay, { maxLength: 40 }), (stays) => {
      const { windows } = cutWindows(stays, block, 8);
      for (const each of stays) {
        const own = windows.filter((window) => isIn(each, window));
        expect(own.length).toBeLessThanOrEqual(1);
        expect(own.every(({ toUs }) => each.toUs < toUs)).toBe(true);
      }
    }),
  );
});
