import { decodeBatch, joinBatch, writeRecord } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import { proxyHeaderOf, refusalOf } from '../testRecords.ts';
import { RecordQueue, type TakenRecords } from './recordQueue.ts';

const recordsOf = ({ parts }: TakenRecords): readonly WireRecord[] =>
  decodeBatch(joinBatch({} as Envelope, parts)).records;
const startUs = (taken: TakenRecords) => recordsOf(taken).map((record) => record.startUs);

const push = (queue: RecordQueue, record: WireRecord) =>
  queue.push(record.kind, (view, at) => writeRecord(view, at, record));

test('refusals leave first, otherwise first in first out', () => {
  const queue = new RecordQueue(10);
  for (const record of [proxyHeaderOf(1), refusalOf(2), proxyHeaderOf(3), refusalOf(4)])
    expect(push(queue, record)).toBe(0);
  expect(startUs(queue.take(3, 1))).toEqual([2, 4, 1]);
  expect([queue.size, startUs(queue.take(9, 1))]).toEqual([1, [3]]);
});

test('a full queue drops the oldest that is no refusal, and refusals only among themselves', () => {
  const queue = new RecordQueue(2);
  push(queue, refusalOf(1));
  push(queue, proxyHeaderOf(2));
  expect(push(queue, proxyHeaderOf(3))).toBe(1);
  expect(push(queue, refusalOf(4))).toBe(1);
  expect(push(queue, refusalOf(5))).toBe(1);
  expect(startUs(queue.take(9, 1))).toEqual([4, 5]);
});

test('keeps order over many rounds', () => {
  const queue = new RecordQueue(100_000);
  const taken: number[] = [];
  for (let index = 0; index < 10_000; index++) {
    push(queue, proxyHeaderOf(index));
    if (index % 3 === 0) taken.push(...startUs(queue.take(2, 1)));
  }
  taken.push(...startUs(queue.take(100_000, 1)));
  expect(taken).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
});

test('what is taken is numbered without gaps, over segments and kinds', () => {
  const queue = new RecordQueue(100_000);
  for (let index = 0; index < 3_000; index++)
    push(queue, index % 100 === 0 ? refusalOf(index) : proxyHeaderOf(index));
  const taken = queue.take(2_500, 2 ** 33);
  expect(taken.count).toBe(2_500);
  const seqs = recordsOf(taken).map(({ seq }) => seq - 2 ** 33);
  expect(seqs).toEqual(Array.from({ length: 2_500 }, (_, index) => index));
  expect(queue.size).toBe(500);
});
