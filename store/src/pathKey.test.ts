import { expect, test } from '@jest/globals';
import { pathTimeUs, readPathTimeUs } from './pathKey.ts';

test('the time comes back out of the id', () => {
  const timeUs = 1_790_000_000_123_456;
  const pathId = `${timeUs.toString(36).padStart(11, '0')}-0123456789abcdef`;
  expect(pathTimeUs(pathId)).toBe(timeUs);
});

test.each([
  '',
  'x',
  '0hmi1l2u4sg-123',
  '0HMI1L2U4SG-0000000000000001',
  'zzzzzzzzzzz-0000000000000001',
])('"%s" is no path id', (text) => {
  expect(readPathTimeUs(text)).toBeNull();
  expect(() => pathTimeUs(text)).toThrow(expect.objectContaining({ field: 'pathId' }));
});
