import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { expect, test } from '@jest/globals';
import { proxyHeaderOf } from '../testRecords.ts';
import { BatchWindow } from './batchWindow.ts';

const envelope = {
  schemaVersion: 1,
  cluster: 'c',
  node: 'n',
  bootId: '0123456789',
  sentAtUs: 1,
  losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
  addresses: [],
} as const;

function windowOf(...counts: number[]) {
  const window = new BatchWindow(3);
  for (const count of counts) {
    const records = Array.from({ length: count }, (_, index) => proxyHeaderOf(index));
    window.add(records, { ...envelope, addresses: [] }, 0);
  }
  return window;
}

const heads = (window: BatchWindow) =>
  window.batches.map(({ firstSeq, count }) => `${firstSeq}+${count}`);

test('records are numbered without gaps, also around a heartbeat', () => {
  const window = windowOf(2, 0, 1);
  expect(heads(window)).toEqual(['1+2', '3+0', '3+1']);
  const last = decodeBatch(window.batches[2]?.bytes ?? new Uint8Array());
  expect(last.records.map((record) => record.seq)).toEqual([3]);
  expect(window.isFull).toBe(true);
});

test('the answer for a heartbeat does not free the batch with the same firstSeq, nor the reverse', () => {
  const window = windowOf(2, 0, 1);
  expect(window.takeStored(3, 1)).toMatchObject({ firstSeq: 3, count: 1 });
  expect(heads(window)).toEqual(['1+2', '3+0']);
  expect(window.takeStored(3, 1)).toBeNull();
  expect(window.takeStored(3, 0)).toMatchObject({ count: 0 });
  expect(heads(window)).toEqual(['1+2']);
});

test('a refusal without firstSeq is that of the oldest batch', () => {
  const window = windowOf(2, 1);
  expect(window.takeRefused(3)).toMatchObject({ firstSeq: 3 });
  expect(window.takeRefused(99)).toBeNull();
  expect(window.takeRefused(null)).toMatchObject({ firstSeq: 1 });
});
