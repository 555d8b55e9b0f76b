import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envelope, leg, NOW_US, proxyHeader, proxyLink, refusal } from '../testing/builders.ts';
import { parseBinary } from './parseBinary.ts';
import { scanBatch } from './scanBatch.ts';

const context = { nowUs: NOW_US, maxClockSkewUs: 24 * 3_600_000_000 };
const records = [
  leg({ seq: 1 }),
  leg({ seq: 2, synAckNs: null, ackNs: null, endNs: null, end: 'open' }),
  refusal({ seq: 3 }),
  proxyLink({ seq: 4 }),
  proxyHeader({ seq: 5 }),
];
const good = encodeBatch(envelope({ firstSeq: 1 }), records);

test('a good batch is taken, whatever its records are', () => {
  expect(scanBatch(good, context)).toMatchObject({ first: 1, last: 5, envelope: { count: 5 } });
});

test('it never takes what the parser would not keep whole, on mutated batches', () => {
  const change = fc.tuple(
    fc.nat(good.length - 1),
    fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0xff)),
  );
  let taken = 0;
  let left = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(8), (changes, cut) => {
      const bytes = good.slice(0, good.length - (cut > 6 ? cut : 0));
      for (const [at, value] of changes) bytes[at] = value;
      const parsed = parseBinary(bytes, context);
      const isKeptWhole = 'batch' in parsed && parsed.batch.problems.length === 0;
      const scanned = scanBatch(bytes, context);
      if (scanned === null) {
        left += 1;
        return;
      }
      taken += 1;
      expect(isKeptWhole).toBe(true);
      if ('batch' in parsed) {
        expect(scanned.envelope).toEqual(parsed.batch.envelope);
        expect(parsed.batch.records).toHaveLength(scanned.last - scanned.first + 1);
      }
    }),
    { numRuns: 5000 },
  );
  // Else the test above would show nothing.
  expect(taken).toBeGreaterThan(500);
  expect(left).toBeGreaterThan(500);
});

test('clocks, gaps and repetitions are left to the parser', () => {
  const left = [
    [leg({ seq: 1, startUs: 0 })],
    [leg({ seq: 1 }), leg({ seq: 1 })],
    [leg({ seq: 1 }), leg({ seq: 3 })],
    [refusal({ seq: 1, startUs: 0 })],
  ];
  for (const each of left)
    expect(scanBatch(encodeBatch(envelope({ firstSeq: 1 }), each), context)).toBeNull();
});
