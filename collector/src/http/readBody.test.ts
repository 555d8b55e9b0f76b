import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readBody } from './readBody.ts';

const limits = { maxBatchBytes: 100_000, maxInflatedBytes: 2_000_000, maxInflateRatio: 64 };
const stream = (bytes: Uint8Array, chunkBytes = 1000) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield Buffer.from(bytes.subarray(at, at + chunkBytes));
      }
    })(),
    { objectMode: false },
  );
const noise = (bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, index) => (index * index * 31 + (index >> 3)) & 0xff);

test('plain and gzip bodies come out as they went in', async () => {
  const bytes = noise(50_000);
  expect(new Uint8Array(await readBody(stream(bytes), undefined, limits))).toEqual(bytes);
  expect(new Uint8Array(await readBody(stream(bytes), 'identity', limits))).toEqual(bytes);
  const zipped = gzipSync(bytes);
  expect(new Uint8Array(await readBody(stream(zipped), 'GZIP', limits))).toEqual(bytes);
});

test('any other encoding is refused with the two that are read', async () => {
  await expect(readBody(stream(noise(10)), 'br', limits)).rejects.toMatchObject({
    code: 'HOP_ENCODING_UNSUPPORTED',
    problems: [
      { field: 'content-encoding', text: '"br" is not supported', remedy: 'send gzip or identity' },
    ],
  });
});

test('a body beyond the limit on the wire is refused at that byte, with the limit', async () => {
  const source = stream(noise(1_000_000));
  await expect(readBody(source, undefined, limits)).rejects.toMatchObject({
    code: 'HOP_BATCH_TOO_LARGE',
    message: 'the batch has more than 100000 bytes on the wire',
  });
  expect(source.destroyed).toBe(false);
});

test('a gzip bomb is stopped by its ratio and by its size', async () => {
  const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024));
  await expect(readBody(stream(bomb), 'gzip', limits)).rejects.toMatchObject({
    code: 'HOP_BATCH_TOO_LARGE',
  });
  const loose = { ...limits, maxInflateRatio: 100_000 };
  await expect(readBody(stream(bomb), 'gzip', loose)).rejects.toMatchObject({
    message: 'the batch has more than 2000000 bytes when inflated',
  });
});

test('broken gzip is refused as such', async () => {
  const zipped = gzipSync(noise(5000));
  await expect(readBody(stream(zipped.subarray(0, 900)), 'gzip', limits)).rejects.toMatchObject({
    code: 'HOP_BODY_ENCODING_INVALID',
  });
  await expect(readBody(stream(noise(5000)), 'gzip', limits)).rejects.toMatchObject({
    code: 'HOP_BODY_ENCODING_INVALID',
  });
});
