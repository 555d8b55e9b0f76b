import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, expect, test } from '@jest/globals';
import { envelope } from './testing/builders.ts';
import { openStream, type TestCollector, testCollector } from './testing/collector.ts';
import { BASE_US, requests, T0 } from './testing/proxyRoad.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function until(isTrue: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 10_000; !isTrue(); ) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const inferredOf = ({ store }: TestCollector) =>
  store.changes.flatMap(({ paths }) =>
    paths.filter(({ hops }) => hops.some(({ link }) => link?.method === 'timing')),
  );

/** What two agents send: heartbeats a minute before, records, and a heartbeat when all is told. */
async function send(collector: TestCollector, exchangesSinceUs: number | null) {
  const more = exchangesSinceUs === null ? {} : { exchangesSinceUs };
  const beat = (atUs: number) =>
    encodeBatch(
      envelope({
        ...{ cluster: 'test', node: 'node2', bootId: 'boot-of-node2', count: 0 },
        ...{ sentAtUs: atUs, watermarkUs: atUs, ...more },
      }),
      [],
    );
  const { send: push, next } = await openStream(collector);
  const other = await openStream(collector);
  push(beat(BASE_US - 120_000_000));
  await next();
  for (const [node, stream] of Object.entries({ node2: { send: push, next }, node3: other })) {
    const own = requests(60).filter((record) => record.node === node);
    const records = own.map((record, index) => ({ ...record, seq: 1 + index }));
    const from = { cluster: 'test', node, bootId: `boot-of-${node}`, count: records.length };
    stream.send(encodeBatch(envelope({ ...from, sentAtUs: BASE_US + 21_000_000 }), records));
    expect(await stream.next()).toMatchObject({ type: 'stored', stored: records.length });
  }
  await until(() => collector.store.changes.flatMap(({ paths }) => paths).length >= 120);
  return async () => {
    push(beat(BASE_US + 30_000_000));
    await next();
  };
}

async function start() {
  const clock = { nowMs: T0 + 21_000 };
  const timer = setInterval(() => {
    clock.nowMs += 100;
  }, 10);
  const collector = await testCollector(
    { HOPTRACE_COLLECTOR_PORT: '0' },
    { nowMs: () => clock.nowMs },
  );
  await collector.start();
  closers.push(async () => {
    clearInterval(timer);
    await collector.close();
  });
  return collector;
}

test('an agent that says that it told of every request: what its proxy passed on is inferred after its heartbeat', async () => {
  const collector = await start();
  const beat = await send(collector, BASE_US - 120_000_000);
  expect(inferredOf(collector)).toEqual([]);
  await beat();
  await until(() => inferredOf(collector).length > 50);
  expect(inferredOf(collector).every(({ completeness }) => completeness < 1)).toBe(true);
});

test('an agent that does not say so: nothing is inferred', async () => {
  const collector = await start();
  const beat = await send(collector, null);
  const before = collector.store.changes.length;
  await beat();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(collector.store.changes).toHaveLength(before);
});
