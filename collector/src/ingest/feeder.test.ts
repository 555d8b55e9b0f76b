import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { envelope, leg } from '../testing/builders.ts';
import { openStream, type TestCollector, testCollector } from '../testing/collector.ts';
import { MemoryStore } from '../testing/memoryStore.ts';

/** Notes each insert that comes; may take it in and never answer, as a server does that dies behind the insert. */
class TellingStore extends MemoryStore {
  readonly inserts: (readonly number[])[] = [];
  isMute = false;
  /** Inserts with this seq are refused for good. */
  badSeq = -1;

  override async insertRecords(records: readonly Sourced[], token: string): Promise<void> {
    if (records.some(({ seq }) => seq === this.badSeq))
      throw Object.assign(new Error('type mismatch'), { isRetryable: false });
    const isNew = !this.tokens.has(token);
    await super.insertRecords(records, token);
    if (isNew) this.inserts.push(records.map(({ seq }) => seq));
    if (this.isMute) throw new Error('connection reset');
  }
}

let directory: string;
const open: TestCollector[] = [];
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hoptrace-feeder-'));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(store: MemoryStore) {
  const collector = await testCollector(
    { HOPTRACE_COLLECTOR_DATA_DIR: directory, HOPTRACE_COLLECTOR_PORT: '0' },
    { store, nowMs: Date.now },
  );
  await collector.start();
  open.push(collector);
  const stream = await openStream(collector, {}, '/v1/stream?acks=durable');
  await stream.next();
  return stream;
}

const startUs = Date.now() * 1000;
const batch = (seq: number) => encodeBatch(envelope({ firstSeq: seq }), [leg({ seq, startUs })]);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Answers of one kind, until there are so many. */
async function answers(
  stream: Awaited<ReturnType<typeof start>>,
  type: string,
  count: number,
): Promise<unknown[]> {
  const found: unknown[] = [];
  while (found.length < count) {
    const answer = await stream.next();
    if (answer.type === type) found.push(answer.firstSeq);
  }
  return found;
}

test('batches that wait together go as one insert, in order, and each is answered', async () => {
  const store = new TellingStore();
  const release = store.hold();
  const stream = await start(store);
  for (const seq of range(1, 40)) stream.send(batch(seq));
  await answers(stream, 'durable', 40);
  release();
  expect(await answers(stream, 'stored', 40)).toEqual(range(1, 40));
  expect(store.inserts.flat()).toEqual(range(1, 40));
  expect(store.inserts.length).toBeLessThan(5);
});

test('what went together goes together again under its token, in the next process: nothing is there twice', async () => {
  const store = new TellingStore();
  const release = store.hold();
  const before = await start(store);
  for (const seq of range(1, 20)) before.send(batch(seq));
  await answers(before, 'durable', 20);
  store.isMute = true;
  release();
  while (store.inserts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await open.pop()?.close();
  const held = store.records.length;
  expect(held).toBeGreaterThan(0);
  store.isMute = false;
  const after = await start(store);
  after.send(batch(21));
  await answers(after, 'stored', 21);
  expect(store.records.map(({ seq }) => seq)).toEqual(range(1, 21));
});

test('the neighbours of a batch that ClickHouse refuses are stored', async () => {
  const store = new TellingStore();
  store.badSeq = 7;
  const release = store.hold();
  const stream = await start(store);
  for (const seq of range(1, 12)) stream.send(batch(seq));
  await answers(stream, 'durable', 12);
  release();
  await answers(stream, 'stored', 11);
  expect(store.records.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
    range(1, 12).filter((seq) => seq !== 7),
  );
});
