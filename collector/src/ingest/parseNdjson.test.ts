import { expect, test } from '@jest/globals';
import { envelope, leg, NOW_US, proxyHeader, refusal } from '../testing/builders.ts';
import { parseNdjson } from './parseNdjson.ts';

const context = { nowUs: NOW_US, maxClockSkewUs: 24 * 3_600_000_000 };
const body = (...lines: unknown[]) =>
  lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

function batchOf(text: string) {
  const result = parseNdjson(text, context);
  if ('refused' in result) throw new Error(JSON.stringify(result.refused));
  return result.batch;
}

function refusedOf(text: string) {
  const result = parseNdjson(text, context);
  if ('batch' in result) throw new Error('was accepted');
  return result.refused;
}

test('envelope and records come in as the binary form would', () => {
  const records = [leg({ seq: 1 }), refusal({ seq: 2 }), proxyHeader({ seq: 3 })];
  const batch = batchOf(`${body(envelope({ count: 3 }), ...records)}\n\n`);
  expect(batch.records).toEqual(records);
  expect(batch.problems).toEqual([]);
});

test('each bad line is named with its field, value and remedy, and the good lines are kept', () => {
  const badIp = {
    ...leg({ seq: 2 }),
    tuple: { ...leg().tuple, src: { ip: '300.1.1.1', port: 1 } },
  };
  const text = body(
    envelope({ count: 6 }),
    leg({ seq: 1 }),
    badIp,
    '{"kind":"leg",',
    '',
    { kind: 'flow', seq: 4 },
    { ...refusal({ seq: 5 }), refusal: 'denied', colour: 1 },
    refusal({ seq: 6 }),
  );
  const batch = batchOf(text);
  expect(batch.records.map((record) => record.seq)).toEqual([1, 6]);
  expect(batch.problems.map(({ line, field, value }) => ({ line, field, value }))).toEqual([
    { line: 3, field: 'tuple.src.ip', value: '"300.1.1.1"' },
    { line: 4, field: 'record', value: '"{\\"kind\\":\\"leg\\","' },
    { line: 6, field: 'kind', value: '"flow"' },
    { line: 7, field: 'refusal', value: '"denied"' },
    { line: 7, field: 'colour', value: '1' },
  ]);
  expect(batch.problems[0]?.text).toBe('"300.1.1.1" is no IPv4 or IPv6 address');
  expect(batch.problems[2]?.remedy).toBe(
    'send one of "leg", "refusal", "proxyLink", "proxyHeader", "exchange"',
  );
  expect(batch.problems[3]?.remedy).toBe('send one of "reset", "rejected", "dropped"');
});

test('a missing field is said to be missing', () => {
  const { isnPairHash: _, ...record } = proxyHeader({ seq: 1 });
  const batch = batchOf(body(envelope({ count: 2 }), record, leg({ seq: 2 })));
  expect(batch.problems).toEqual([
    {
      reason: 'schema',
      line: 2,
      field: 'isnPairHash',
      text: 'is missing',
      remedy: 'send a string',
      value: 'undefined',
    },
  ]);
});

test('stamps and repeated seqs are named by line', () => {
  const text = body(
    envelope({ count: 3 }),
    leg({ seq: 1 }),
    leg({ seq: 1 }),
    leg({ seq: 2, startUs: 5 }),
  );
  const batch = batchOf(text);
  expect(batch.problems.map(({ line, field, reason }) => [line, field, reason])).toEqual([
    [3, 'seq', 'duplicateSeq'],
    [4, 'startUs', 'timeStamp'],
  ]);
});

test('without a readable envelope nothing is read', () => {
  expect(refusedOf('').problems[0]?.text).toBe('is missing');
  expect(refusedOf('curl').problems[0]?.line).toBe(1);
  expect(refusedOf(body({ ...envelope(), schemaVersion: 7 })).code).toBe(
    'HOP_SCHEMA_VERSION_UNKNOWN',
  );
  expect(refusedOf(body(leg())).problems[0]).toMatchObject({ line: 1, field: 'schemaVersion' });
});

test('too many lines are refused before they are read', () => {
  expect(refusedOf('\n'.repeat(140_000)).code).toBe('HOP_BATCH_TOO_LARGE');
  expect(refusedOf(`{}\n${'{}\n'.repeat(65_537)}`).code).toBe('HOP_BATCH_TOO_LARGE');
});
