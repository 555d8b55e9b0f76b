import { decodeBatch, encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { recordSchema } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envelope, leg, NOW_US, proxyHeader, proxyLink, refusal } from '../testing/builders.ts';
import { parseBinary } from './parseBinary.ts';

const HOUR_US = 3_600_000_000;
const context = { nowUs: NOW_US, maxClockSkewUs: 24 * HOUR_US };
const four = [leg({ seq: 1 }), refusal({ seq: 2 }), proxyLink({ seq: 3 }), proxyHeader({ seq: 4 })];

function batchOf(bytes: Uint8Array) {
  const result = parseBinary(bytes, context);
  if ('refused' in result) throw new Error(JSON.stringify(result.refused));
  return result.batch;
}

function refusedOf(bytes: Uint8Array) {
  const result = parseBinary(bytes, context);
  if ('batch' in result) throw new Error('was accepted');
  return result.refused;
}

test('a good batch is kept whole', () => {
  const batch = batchOf(encodeBatch(envelope(), four));
  expect(batch.records).toEqual(four);
  expect(batch.problems).toEqual([]);
});

test('whatever the decoder lets through, the schema accepts unchanged', () => {
  const bytes = encodeBatch(envelope(), four);
  const firstRecord = encodeBatch(envelope(), []).length;
  const change = fc.tuple(
    fc.integer({ min: firstRecord, max: bytes.length - 1 }),
    fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff)),
  );
  const mutations = fc.array(change, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(mutations, (changes) => {
      const mutated = bytes.slice();
      for (const [at, value] of changes) mutated[at] = value;
      for (const record of decodeBatch(mutated).records) {
        expect(recordSchema.parse(record)).toEqual(record);
      }
    }),
    { numRuns: 2000 },
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, hasHead) => {
      const head = encodeBatch(envelope(), []);
      const bytes = hasHead ? new Uint8Array([...head, ...noise]) : noise;
      expect(parseBinary(bytes, context)).toBeDefined();
    }),
    { numRuns: 2000 },
  );
});

test('an unknown schema version is refused by name, with the version that is read', () => {
  const bytes = encodeBatch({ ...envelope({ firstSeq: 9 }), schemaVersion: 2 as 1 }, four);
  expect(refusedOf(bytes)).toEqual({
    code: 'HOP_SCHEMA_VERSION_UNKNOWN',
    firstSeq: 9,
    detail: 'schemaVersion 2',
    problems: [
      {
        reason: 'schemaVersion',
        field: 'schemaVersion',
        text: '2 is unknown',
        remedy: 'this collector reads version 1; send that or upgrade the collector',
        value: '2',
      },
    ],
  });
});

test('a bad envelope names field, value and remedy', () => {
  const bad = { ...envelope({ firstSeq: 3 }), node: '', extra: true };
  const refused = refusedOf(encodeBatch(bad, four));
  expect(refused.firstSeq).toBe(3);
  expect(refused.problems.map(({ field, remedy, value }) => ({ field, remedy, value }))).toEqual([
    { field: 'node', remedy: 'send at least 1', value: '""' },
    { field: 'extra', remedy: 'remove it or correct its spelling', value: 'true' },
  ]);
});

test('a batch cut between two records is kept, and the difference to its count is told', () => {
  const whole = encodeBatch(envelope(), four);
  const last = whole.length - encodeBatch(envelope(), four.slice(0, 3)).length;
  const batch = batchOf(whole.subarray(0, whole.length - last));
  expect(batch.records).toHaveLength(3);
  expect(batch.problems.map(({ field, text }) => `${field}: ${text}`)).toEqual([
    'count: 4 records announced, 3 present',
  ]);
});

test('a stamp beyond the allowed skew refuses its record alone', () => {
  const records = [
    leg({ seq: 1, startUs: NOW_US - 25 * HOUR_US }),
    leg({ seq: 2 }),
    refusal({ seq: 3, startUs: NOW_US + 25 * HOUR_US }),
  ];
  const batch = batchOf(encodeBatch(envelope(), records));
  expect(batch.records.map((record) => record.seq)).toEqual([2]);
  expect(batch.problems.map(({ reason, field, text }) => [reason, field, text])).toEqual([
    [
      'timeStamp',
      'records[seq=1].startUs',
      "its newest stamp is 25.0 h before the collector's clock, allowed are 24.0 h",
    ],
    [
      'timeStamp',
      'records[seq=3].startUs',
      "its newest stamp is 25.0 h after the collector's clock, allowed are 24.0 h",
    ],
  ]);
});

test('a connection that began days ago and ended just now is kept', () => {
  const startUs = NOW_US - 72 * HOUR_US;
  const record = leg({ startUs, revision: 1, endNs: 72 * HOUR_US * 1000 });
  expect(batchOf(encodeBatch(envelope(), [record])).records).toEqual([record]);
});

test('the second record of one seq is refused', () => {
  const records = [leg({ seq: 5, legId: 1 }), leg({ seq: 5, legId: 2 })];
  const batch = batchOf(encodeBatch(envelope(), records));
  expect(batch.records).toEqual([records[0]]);
  expect(batch.problems[0]?.text).toBe('5 is used twice in this batch');
});

test('a batch without one good record is refused whole, with its firstSeq', () => {
  const refused = refusedOf(encodeBatch(envelope({ firstSeq: 8 }), [leg({ startUs: 0 })]));
  expect(refused.code).toBe('HOP_BATCH_INVALID');
  expect(refused.firstSeq).toBe(8);
});

test('an empty batch is a sign of life and good', () => {
  expect(batchOf(encodeBatch(envelope(), [])).records).toEqual([]);
});

test('too many records are refused before they are decoded', () => {
  const head = encodeBatch(envelope(), []);
  const bytes = new Uint8Array(head.length + 4 * 65_537);
  bytes.set(head);
  for (let at = head.length; at < bytes.length; at += 4) bytes.set([77, 1, 4, 0], at);
  const refused = refusedOf(bytes);
  expect(refused.code).toBe('HOP_BATCH_TOO_LARGE');
  expect(refused.problems).toHaveLength(1);
  expect(refused.problems[0]?.remedy).toContain('65536');
});
