import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { IsnHasher } from './isnHash.ts';

const secret = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

test('is HMAC-SHA256 over label, zero byte and big-endian numbers, cut to 64 bits', () => {
  const expected = createHmac('sha256', secret)
    .update(Buffer.from('hoptrace/v1/isn-pair\0\x01\x02\x03\x04\xff\xff\xff\xff', 'latin1'))
    .digest('hex')
    .slice(0, 16);
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
