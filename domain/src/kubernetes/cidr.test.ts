import { expect, test } from '@jest/globals';
import { isInRange } from './cidr.ts';

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['10.0.0.127', '10.0.0.0/25', true],
  ['10.0.0.128', '10.0.0.0/25', false],
  ['10.0.0.1', '0.0.0.0/0', true],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.1/32', true],
  ['2001:db8:1::5', '2001:db8::/32', true],
  ['2001:db9::5', '2001:db8::/32', false],
  ['10.0.0.1', '::/0', false],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['10.0.0.1', '10.0.0.0/33', false],
  ['10.0.0.1', '10.0.0.0/x', false],
  ['10.0.0.1', 'nonsense', false],
])('%s in %s: %s', (ip, range, isInside) => {
  expect(isInRange(ip, range)).toBe(isInside);
});
