import { expect, test } from '@jest/globals';
import { SipHash } from './sipHash.ts';

/** vectors.h of the authors' reference: key 00…0f, message 00, 01, 02 …, output as bytes. */
test.each([
  [0x0302_0100, null, 'b7877127e09427cf'],
  [0x0302_0100, 0x0706_0504, '6224939a79f5f593'],
])('SipHash-2-4 of %p, %p is that of the reference', (first, second, wanted) => {
  const hash = new SipHash(Uint8Array.from({ length: 16 }, (_, index) => index));
  hash.hash(first, second);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(hash.low, 0);
  bytes.writeInt32LE(hash.high, 4);
  expect(bytes.toString('hex')).toBe(wanted);
});

test('a key of another length is refused', () => {
  expect(() => new SipHash(new Uint8Array(32))).toThrow('the key has 32 bytes, not 16');
});
