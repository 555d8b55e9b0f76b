import { expect, test } from '@jest/globals';
import { createMetrics } from '../metrics.ts';
import { envelope, leg } from '../testing/builders.ts';
import { MemoryStore } from '../testing/memoryStore.ts';
import type { ParsedBatch } from './batch.ts';
import { IngestPipeline } from './pipeline.ts';

/** A batch of `count` legs from `firstSeq` on. */
function batch(firstSeq: number, count: number): ParsedBatch {
  const records = Array.from({ length: count }, (_, index) => leg({ seq: firstSeq + index }));
  return { envelope: envelope({ firstSeq, count }), records, problems: [] };
}

function setUp(part: { maxQueuedRecords?: number; onSleep?: () => void } = {}) {
  const store = new MemoryStore();
  const told: number[] = [];
  const pipeline = new IngestPipeline({
    store,
    metrics: createMetrics(),
    maxQueuedRecords: part.maxQueuedRecords ?? 100,
    concurrency: 1,
    sleep: async () => part.onSleep?.(),
    nowMs: () => 0,
    onStored: (_, records) => told.push(...records.map((record) => record.seq)),
    onRetry: () => {},
    onDefect: (error) => {
      throw error;
    },
  });
  return { store, pipeline, told };
}

test('a batch is answered once the store holds it, and not before', async () => {
  const { store, pipeline, told } = setUp();
  const release = store.hold();
  let isAnswered = false;
  const answer = pipeline.submit(batch(1, 3)).finally(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isAnswered).toBe(false);
  expect(pipeline.queuedRecords).toBe(3);
  expect(told).toEqual([]);
  release();
  expect(await answer).toEqual({ stored: 3, duplicates: 0 });
  expect(pipeline.queuedRecords).toBe(0);
  expect(store.records.map((record) => [record.seq, record.node])).toEqual([
    [1, 'node1'],
    [2, 'node1'],
    [3, 'node1'],
  ]);
  expect(told).toEqual([1, 2, 3]);
});

test('while the store fails the batch is tried again, and stored once', async () => {
  let tries = 0;
  const { store, pipeline } = setUp({
    onSleep: () => {
      tries += 1;
      if (tries === 3) store.failure = null;
    },
  });
  store.failure = new Error('connect ECONNREFUSED');
  expect(await pipeline.submit(batch(1, 2))).toEqual({ stored: 2, duplicates: 0 });
  expect(tries).toBe(3);
  expect(store.records).toHaveLength(2);
});

test('rows that ClickHouse cannot take are refused, and the next batch has its turn', async () => {
  const { store, pipeline } = setUp();
  store.failure = Object.assign(new Error('type mismatch'), { isRetryable: false });
  await expect(pipeline.submit(batch(1, 1))).rejects.toMatchObject({ code: 'HOP_STORE_REFUSED' });
  store.failure = null;
  expect(await pipeline.submit(batch(2, 1))).toEqual({ stored: 1, duplicates: 0 });
});

test('a full queue refuses, and says when there is room', async () => {
  const { store, pipeline } = setUp({ maxQueuedRecords: 10 });
  const release = store.hold();
  const first = pipeline.submit(batch(1, 8));
  expect(pipeline.hasRoomFor(3)).toBe(false);
  await expect(pipeline.submit(batch(9, 3))).rejects.toMatchObject({
    code: 'HOP_QUEUE_FULL',
    retryAfterSeconds: 2,
  });
  const room = pipeline.whenRoom();
  release();
  await room;
  expect(pipeline.hasRoomFor(3)).toBe(true);
  await first;
});

test('an empty queue takes a batch above its limit, for else it could never be sent', async () => {
  const { pipeline } = setUp({ maxQueuedRecords: 2 });
  expect(await pipeline.submit(batch(1, 5))).toEqual({ stored: 5, duplicates: 0 });
});

test('a sign of life does not wait behind records', async () => {
  const { store, pipeline } = setUp({ maxQueuedRecords: 1 });
  const release = store.hold();
  const first = pipeline.submit(batch(1, 5));
  expect(pipeline.hasRoomFor(0)).toBe(true);
  expect(await pipeline.submit(batch(6, 0))).toEqual({ stored: 0, duplicates: 0 });
  release();
  await first;
});

test('a batch resent while its first copy waits joins it', async () => {
  const { store, pipeline, told } = setUp();
  const release = store.hold();
  const answers = Promise.all([pipeline.submit(batch(1, 2)), pipeline.submit(batch(1, 2))]);
  expect(pipeline.queuedRecords).toBe(2);
  release();
  await answers;
  expect(store.records).toHaveLength(2);
  expect(told).toEqual([1, 2]);
});

test('a resent batch, and one cut elsewhere, store only what is new and say so', async () => {
  const { store, pipeline, told } = setUp();
  await pipeline.submit(batch(1, 4));
  expect(await pipeline.submit(batch(1, 4))).toEqual({ stored: 0, duplicates: 4 });
  expect(await pipeline.submit(batch(3, 4))).toEqual({ stored: 2, duplicates: 2 });
  expect(store.records.map((record) => record.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(told).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a batch that comes again with a repaired record stores that record', async () => {
  const { store, pipeline } = setUp();
  const whole = batch(1, 3);
  await pipeline.submit({ ...whole, records: whole.records.filter(({ seq }) => seq !== 2) });
  expect(await pipeline.submit(whole)).toEqual({ stored: 1, duplicates: 2 });
  expect(store.records.map((record) => record.seq)).toEqual([1, 3, 2]);
});

test('on close what waits is refused, never acknowledged', async () => {
  const { store, pipeline } = setUp();
  store.hold();
  const running = pipeline.submit(batch(1, 1));
  const waiting = pipeline.submit(batch(2, 1));
  expect(await pipeline.drain(1)).toBe(false);
  pipeline.close();
  await expect(waiting).rejects.toMatchObject({ code: 'HOP_CLOSING' });
  await expect(pipeline.submit(batch(3, 1))).rejects.toMatchObject({ code: 'HOP_CLOSING' });
  expect(store.records).toEqual([]);
  void running.catch(() => {});
});
