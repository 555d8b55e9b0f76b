import { expect, test } from '@jest/globals';
import { instantOf, localOf } from './instants.ts';

test('an instant survives the input field, in any zone', () => {
  for (const instant of ['2026-09-01T14:03:07Z', '2026-01-31T23:59:59Z']) {
    expect(instantOf(localOf(instant))).toBe(instant);
  }
});

test('microseconds are read too', () => {
  const us = String(Date.parse('2026-09-01T14:03:07Z') * 1000);
  expect(instantOf(localOf(us))).toBe('2026-09-01T14:03:07Z');
});

test('what is no instant is empty', () => {
  expect([localOf('soon'), localOf(''), instantOf(''), instantOf('x')]).toEqual(['', '', '', '']);
});
