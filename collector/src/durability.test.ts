import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { PathChanges } from './collectorStore.ts';
import { envelope, leg } from './testing/builders.ts';
import { metricValue, openStream, type TestCollector, testCollector } from './testing/collector.ts';
import { MemoryStore } from './testing/memoryStore.ts';

/** Real files, and processes that start and end: a busy machine takes its time. */
jest.setTimeout(60_000);

let directory: string;
const open: TestCollector[] = [];
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hoptrace-log-'));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await rm(directory, { recursive: true, force: true });
});

/** A collector on a log; `store` is what ClickHouse would hold. */
async function start(store = new MemoryStore(), env: Record<string, string> = {}) {
  const collector = await testCollector(
    { HOPTRACE_COLLECTOR_DATA_DIR: directory, HOPTRACE_COLLECTOR_PORT: '0', ...env },
    { store, nowMs: Date.now },
  );
  await collector.start();
  open.push(collector);
  return collector;
}

const startUs = Date.now() * 1000;
const batch = (firstSeq: number, count = 1, part = {}) =>
  encodeBatch(
    envelope({ firstSeq, ...part }),
    Array.from({ length: count }, (_, index) => leg({ seq: firstSeq + index, startUs })),
  );
const seqsOf = (store: MemoryStore) => store.records.map(({ seq }) => seq).sort((a, b) => a - b);
const stream = (collector: TestCollector) => openStream(collector, {}, '/v1/stream?acks=durable');

async function until(isTrue: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 30_000; !isTrue(); ) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a batch is answered twice: when the log has it, and when the store has it', async () => {
  const collector = await start();
  const release = collector.store.hold();
  const { send, next } = await stream(collector);
  expect(await next()).toEqual({
    type: 'credit',
    bytes: 4 * 1024 * 1024,
    knows: ['facts', 'source', 'exchangesSinceUs', 'healthChecks', 'ringRefusals'],
  });
  send(batch(7, 2));
  expect(await next()).toMatchObject({ type: 'durable', firstSeq: 7, count: 2, refused: [] });
  expect(collector.store.records).toEqual([]);
  release();
  expect(await next()).toMatchObject({ type: 'stored', firstSeq: 7, count: 2, stored: 2 });
  expect(seqsOf(collector.store)).toEqual([7, 8]);
});

test('what was durable is stored by the next process, once, and its sender is told there', async () => {
  const first = await start();
  first.store.failure = new Error('connect ECONNREFUSED');
  const before = await stream(first);
  await before.next();
  before.send(batch(1, 3));
  before.send(batch(4, 2));
  expect(await before.next()).toMatchObject({ type: 'durable', firstSeq: 1 });
  expect(await before.next()).toMatchObject({ type: 'durable', firstSeq: 4 });
  await open.pop()?.close();

  const store = new MemoryStore();
  const release = store.hold();
  const second = await start(store);
  const after = await stream(second);
  await after.next();
  after.send(batch(4, 2));
  expect(await after.next()).toMatchObject({ type: 'durable', firstSeq: 4, duplicates: 2 });
  release();
  expect(await after.next()).toMatchObject({ type: 'stored', firstSeq: 1, count: 3 });
  expect(await after.next()).toMatchObject({ type: 'stored', firstSeq: 4, count: 2 });
  expect(seqsOf(store)).toEqual([1, 2, 3, 4, 5]);
});

test('a resend is known in the next process, also when it is cut in another way', async () => {
  const first = await start();
  const before = await stream(first);
  await before.next();
  before.send(batch(1, 4));
  await before.next();
  expect(await before.next()).toMatchObject({ type: 'stored' });
  await open.pop()?.close();
  const second = await start(first.store);
  const after = await stream(second);
  await after.next();
  after.send(batch(3, 4));
  expect(await after.next()).toMatchObject({ type: 'durable', duplicates: 2 });
  expect(await after.next()).toMatchObject({ type: 'stored', stored: 2, duplicates: 2 });
  expect(seqsOf(first.store)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('of a batch with bad records the good ones are logged, and the bad ones named at once', async () => {
  const collector = await start();
  const { send, next } = await stream(collector);
  await next();
  send(encodeBatch(envelope(), [leg({ seq: 1, startUs }), leg({ seq: 2, startUs: 0 })]));
  expect(await next()).toMatchObject({ refused: [{ field: 'records[seq=2].startUs' }] });
  expect(await next()).toMatchObject({ type: 'stored', count: 2, stored: 1 });
});

test('a path goes on in the next process where it was left, in a higher version', async () => {
  const first = await start();
  const before = await stream(first);
  await before.next();
  before.send(batch(1));
  await until(() => first.store.changes.length > 0);
  const [written] = first.store.changes[0]?.paths ?? [];
  first.store.failure = new Error('away');
  const part = { seq: 2, legId: 1, revision: 1, endNs: 5_000_000, startUs };
  before.send(encodeBatch(envelope({ firstSeq: 2 }), [leg(part)]));
  for (let answer = await before.next(); answer.firstSeq !== 2; ) answer = await before.next();
  await open.pop()?.close();
  const store = new MemoryStore();
  await start(store);
  await until(() => store.changes.length > 0);
  expect(store.changes.flatMap(({ withdrawals }) => withdrawals)).toEqual([]);
  const [again] = store.changes[0]?.paths ?? [];
  expect(again?.pathId).toBe(written?.pathId);
  expect(again?.version).toBeGreaterThan(written?.version ?? 0);
  expect(seqsOf(store)).toEqual([2]);
});

test('paths that were not written are written by the next process, also more than the stitcher holds', async () => {
  class PathlessStore extends MemoryStore {
    isPathless = true;
    override async insertPaths(changes: PathChanges, token: string): Promise<void> {
      if (this.isPathless) throw new Error('away');
      await super.insertPaths(changes, token);
    }
  }
  const env = { HOPTRACE_COLLECTOR_MAX_STITCH_RECORDS: '100' };
  const store = new PathlessStore();
  const before = await stream(await start(store, env));
  await before.next();
  const hash = (n: number) => (n + 1).toString(16).padStart(16, '0');
  const legs = Array.from({ length: 500 }, (_, n) =>
    leg({ seq: n + 1, legId: n + 1, startUs, isnPairHash: hash(n), clientIsnHash: hash(n + 1000) }),
  );
  for (let from = 0; from < legs.length; from += 50)
    before.send(encodeBatch(envelope({ firstSeq: from + 1 }), legs.slice(from, from + 50)));
  await until(() => store.records.length === 500);
  await open.pop()?.close();
  store.isPathless = false;
  await start(store, env);
  const written = () =>
    new Set(store.changes.flatMap(({ paths }) => paths.map(({ pathId }) => pathId))).size;
  await until(() => written() === 500);
});

test('files go when all is stored and stitched, and what they knew of seqs stays', async () => {
  const env = {
    HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: '65536',
    HOPTRACE_COLLECTOR_STITCH_KEEP_MS: '1',
  };
  const collector = await start(new MemoryStore(), env);
  const { send, next } = await stream(collector);
  await next();
  for (let index = 0; index < 10; index++) {
    send(batch(1 + index * 400, 400));
    await next();
    await next();
  }
  await until(() => collector.store.changes.length > 0);
  const files = () => readdirSync(directory).filter((name) => name.endsWith('.wal')).length;
  await until(() => files() < 4);
  await open.pop()?.close();
  const again = await start(collector.store, env);
  const after = await stream(again);
  await after.next();
  after.send(batch(1, 4000));
  expect(await after.next()).toMatchObject({ type: 'durable', duplicates: 4000 });
  expect(await after.next()).toMatchObject({ type: 'stored', duplicates: 4000 });
  expect(seqsOf(collector.store)).toHaveLength(4000);
});

test('POST answers 200 when ClickHouse has it, 202 when the log alone does, and 200 to a repetition later', async () => {
  const collector = await start();
  const post = () =>
    collector.app.inject({
      method: 'POST',
      url: '/v1/batches',
      headers: { 'content-type': 'application/vnd.hoptrace.batch', prefer: 'respond-async' },
      payload: Buffer.from(batch(1, 2)),
    });
  const release = collector.store.hold();
  const early = await post();
  expect([early.statusCode, early.json()]).toEqual([
    202,
    { durable: 2, duplicates: 0, problems: [] },
  ]);
  const repeated = await post();
  expect([repeated.statusCode, repeated.json()]).toMatchObject([202, { duplicates: 2 }]);
  release();
  await until(() => collector.store.records.length === 2);
  const late = await post();
  expect([late.statusCode, late.json()]).toEqual([200, { stored: 0, duplicates: 2, problems: [] }]);
});

test('a batch that is damaged while it waits is lost here alone: its sender sends it again', async () => {
  const env = { HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: '65536' };
  const first = await start(new MemoryStore(), env);
  first.store.failure = new Error('away');
  const before = await stream(first);
  await before.next();
  for (const seq of [1, 2, 3]) {
    before.send(batch(seq));
    await before.next();
  }
  await open.pop()?.close();
  const [name = ''] = readdirSync(directory).filter((each) => each.endsWith('.wal'));
  const file = path.join(directory, name);
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const store = new MemoryStore();
  const second = await start(store, env);
  await until(() => store.records.length === 2);
  const after = await stream(second);
  await after.next();
  after.send(batch(2));
  expect(await after.next()).toMatchObject({ type: 'durable', duplicates: 0 });
  expect(await after.next()).toMatchObject({ type: 'stored', stored: 1 });
  expect(seqsOf(store)).toEqual([1, 2, 3]);
});

test('two collectors do not share a log', async () => {
  await start();
  await expect(start()).rejects.toMatchObject({ code: 'HOP_LOG_LOCKED' });
});

test('the log shows in the metrics', async () => {
  const collector = await start();
  collector.store.failure = new Error('away');
  const { send, next } = await stream(collector);
  await next();
  send(batch(1));
  await next();
  let isShown = false;
  const look = async () => {
    isShown = (await metricValue(collector, 'log_backlog_batches')) === 1;
  };
  await until(() => {
    void look();
    return isShown;
  });
  expect(await metricValue(collector, 'log_bytes')).toBeGreaterThan(200);
});
