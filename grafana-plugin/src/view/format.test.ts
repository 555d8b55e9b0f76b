import { expect, test } from '@jest/globals';
import {
  formatAddress,
  formatBounds,
  formatClock,
  formatDay,
  formatNs,
  formatOffset,
  formatRtt,
  formatShare,
  formatZone,
  ipOf,
  plural,
} from './format.ts';

test('durations keep three significant digits and change unit before 1000', () => {
  expect(
    [0, 7, 999, 1000, 41_250, 999_600, 1_240_000, 999_999_999, 3_021_000_000].map(formatNs),
  ).toEqual(['0 ns', '7 ns', '999 ns', '1 µs', '41.3 µs', '1 ms', '1.24 ms', '1 s', '3.02 s']);
});

test('whole hundreds keep their zeros', () => {
  expect([100_000, 500_000_000, 20_000].map(formatNs)).toEqual(['100 µs', '500 ms', '20 µs']);
});

test('an offset carries its sign, zero does not', () => {
  expect([0, 412_000, -3_000_000].map(formatOffset)).toEqual(['0', '+412 µs', '−3 ms']);
});

test('both bounds share the unit of the upper one', () => {
  const bounds = {
    valueNs: 1_000_000,
    lowNs: 900_000,
    highNs: 1_240_000,
    method: 'handshakeDifference',
  } as const;
  expect(formatBounds(bounds)).toBe('0.9–1.24 ms');
});

test('a lower bound below zero is written out, not as a dash', () => {
  const method = 'handshakeDifference';
  expect(formatBounds({ valueNs: 1000, lowNs: -900, highNs: 3100, method })).toBe('−0.9 to 3.1 µs');
});

test('bounds too near to tell apart are written as their distance', () => {
  const bounds = { valueNs: 4_100_000, lowNs: 4_098_800, highNs: 4_101_200 };
  expect(formatBounds({ ...bounds, method: 'handshakeDifference' })).toBe('± 1.2 µs');
});

test('one tap alone gives an upper bound, and it is written as one', () => {
  const bounds = { valueNs: 2_140_000, lowNs: 0, highNs: 2_150_000 };
  expect(formatRtt({ ...bounds, method: 'handshakeToClient' })).toBe('≤ 2.15 ms');
  expect(formatRtt({ ...bounds, method: 'handshakeDifference' })).toBe('2.14 ms');
});

test('IPv6 addresses are bracketed before a port and unbracketed again', () => {
  expect(formatAddress('2001:db8::1', 443)).toBe('[2001:db8::1]:443');
  expect(formatAddress('10.0.0.1', 80)).toBe('10.0.0.1:80');
  expect(formatAddress('10.0.0.1', null)).toBe('10.0.0.1');
  expect(formatAddress('', 0)).toBe('address not known');
  expect(['[2001:db8::1]:443', '10.0.0.1:80', '10.0.0.1', '2001:db8::1'].map(ipOf)).toEqual([
    '2001:db8::1',
    '10.0.0.1',
    '10.0.0.1',
    '2001:db8::1',
  ]);
});

test('a time is written with milliseconds in the zone asked for', () => {
  const us = Date.UTC(2026, 8, 1, 14, 3, 7, 412) * 1000;
  expect(formatClock(us, 'UTC')).toBe('14:03:07.412');
  expect(formatDay(us, 'UTC')).toBe('2026-09-01');
  expect(formatZone(us, 'UTC')).toBe('UTC');
  expect(formatClock(us, 'Asia/Kolkata')).toBe('19:33:07.412');
});

test('a share is 0 % or 100 % only if it is exactly so', () => {
  expect(
    [
      [0, 10],
      [1, 500],
      [499, 500],
      [500, 500],
      [1, 3],
      [0, 0],
    ].map(([a = 0, b = 0]) => formatShare(a, b)),
  ).toEqual(['0 %', '<1 %', '>99 %', '100 %', '33 %', '–']);
});

test('one is singular', () => {
  expect([plural(1, 'hop'), plural(0, 'hop'), plural(2, 'refusal')]).toEqual([
    '1 hop',
    '0 hops',
    '2 refusals',
  ]);
});
