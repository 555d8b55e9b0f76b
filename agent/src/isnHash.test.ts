import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { IsnHasher } from './isnHash.ts';
import { SipHash } from './sipHash.ts';

const secret = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

test('is SipHash-2-4 under a key made from secret and label', () => {
  const key = createHmac('sha256', secret).update('hoptrace/v2/isn-pair').digest().subarray(0, 16);
  const hash = new SipHash(key);
  hash.hash(0x0102_0304, 0xffff_ffff);
  const expected = [hash.high, hash.low]
    .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
    .join('');
  expect(new IsnHasher(secret).pair(0x0102_0304, 0xffff_ffff)).toBe(expected);
});

test('client, server and pair of the same number are unrelated, and so are other secrets', () => {
  const hasher = new IsnHasher(secret);
  const other = new IsnHasher(new Uint8Array(16));
  const hashes = [hasher.client(7), hasher.server(7), hasher.pair(7, 7), other.client(7)];
  expect(new Set(hashes).size).toBe(4);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
});

test('answers stay the same when the cache has been emptied', () => {
  const hasher = new IsnHasher(secret);
  const before = hasher.client(1);
  for (let isn = 0; isn < 9_000; isn++) hasher.client(isn);
  expect(hasher.client(1)).toBe(before);
});
