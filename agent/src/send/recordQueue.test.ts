import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { proxyHeaderOf, refusalOf } from '../testRecords.ts';
import { RecordQueue } from './recordQueue.ts';

const startUs = (records: readonly WireRecord[]) => records.map((record) => record.startUs);

test('refusals leave first, otherwise first in first out', () => {
  const queue = new RecordQueue(10);
  for (const record of [proxyHeaderOf(1), refusalOf(2), proxyHeaderOf(3), refusalOf(4)])
    expect(queue.push(record)).toBe(0);
  expect(startUs(queue.take(3))).toEqual([2, 4, 1]);
  expect([queue.size, startUs(queue.take(9))]).toEqual([1, [3]]);
});

test('a full queue drops the oldest that is no refusal, and refusals only among themselves', () => {
  const queue = new RecordQueue(2);
  queue.push(refusalOf(1));
  queue.push(proxyHeaderOf(2));
  expect(queue.push(proxyHeaderOf(3))).toBe(1);
  expect(queue.push(refusalOf(4))).toBe(1);
  expect(queue.push(refusalOf(5))).toBe(1);
  expect(startUs(queue.take(9))).toEqual([4, 5]);
});

test('keeps order over many rounds', () => {
  const queue = new RecordQueue(100_000);
  const taken: number[] = [];
  for (let index = 0; index < 10_000; index++) {
    queue.push(proxyHeaderOf(index));
    if (index % 3 === 0) taken.push(...startUs(queue.take(2)));
  }
  taken.push(...startUs(queue.take(100_000)));
  expect(taken).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
});
