import { writeRecord } from '@hoptrace/domain/wire/binary.ts';
import type { LegRecord, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { legOf, proxyHeaderOf, refusalOf } from '../testRecords.ts';
import { keyOffset } from './connectionKey.ts';

function keyOf(record: WireRecord): string | null {
  const view = new DataView(new ArrayBuffer(512));
  writeRecord(view, 0, record);
  const at = keyOffset(record.kind, view);
  if (at < 0) return null;
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  return hex(view.getUint32(at)) + hex(view.getUint32(at + 4));
}

const CLIENT = '00000000000000c1';
const PAIR = '00000000000000a1';
const leg: LegRecord = { ...legOf(), clientIsnHash: CLIENT, isnPairHash: PAIR };

test('before and after NAT a connection has one key; so have what else tells of it', () => {
  const rewritten = { ...leg.tuple, src: { ip: '192.168.50.11', port: 9 } };
  expect(keyOf(leg)).toBe(PAIR);
  expect(keyOf({ ...leg, tuple: rewritten, original: null })).toBe(PAIR);
  expect(keyOf({ ...proxyHeaderOf(), isnPairHash: PAIR })).toBe(PAIR);
});

test('an attempt without an answer meets its refusal by the hash of its client', () => {
  expect(keyOf({ ...leg, isnPairHash: null, serverIsnHash: null })).toBe(CLIENT);
  expect(keyOf({ ...refusalOf(), clientIsnHash: CLIENT })).toBe(CLIENT);
  expect(keyOf({ ...refusalOf(), clientIsnHash: null })).toBeNull();
});
