import { expect, test } from '@jest/globals';
import { readCursor, writeCursor } from './cursor.ts';

const pathId = '0hmi1l2u4sg-0000000000000001';
const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a cursor gives back where its page ended, with the time out of the id', () => {
  const cursor = writeCursor({ pathId, fromUs: 5, toUs: 9 });
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(readCursor(cursor)).toEqual({
    pathId,
    startedAtUs: Number.parseInt('0hmi1l2u4sg', 36),
    fromUs: 5,
    toUs: 9,
  });
});

test.each([
  ['nothing', ''],
  ['no base64url', '***'],
  ['no JSON', Buffer.from('{').toString('base64url')],
  ['another version', cursorOf([2, pathId, 5, 9])],
  ['a missing part', cursorOf([1, pathId, 5])],
  ['no path id', cursorOf([1, "x' OR 1=1", 5, 9])],
  ['a time with a fraction', cursorOf([1, pathId, 5.5, 9])],
  ['far too much', 'A'.repeat(10_000)],
])('%s is refused with field and remedy', (_, cursor) => {
  expect(() => readCursor(cursor)).toThrow(
    expect.objectContaining({
      code: 'HOP_STORE_CURSOR',
      field: 'cursor',
      remedy: expect.stringContaining('nextCursor'),
    }),
  );
});
