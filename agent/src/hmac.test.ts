import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_MESSAGE_BYTES, ShortHmac } from './hmac.ts';

test('the same as node:crypto for every key and message that fit', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ maxLength: MAX_MESSAGE_BYTES }),
      (key, message) => {
        const wanted = createHmac('sha256', key).update(message).digest('hex').slice(0, 16);
        const hmac = new ShortHmac(key);
        expect([hmac.hex64(message), hmac.hex64(message)]).toEqual([wanted, wanted]);
      },
    ),
    { numRuns: 500 },
  );
});

test('what does not fit is refused by size', () => {
  expect(() => new ShortHmac(new Uint8Array(65))).toThrow('65 bytes');
  expect(() => new ShortHmac(new Uint8Array(1)).hex64(new Uint8Array(56))).toThrow('56 bytes');
});
