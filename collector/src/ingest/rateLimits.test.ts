import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, expect, test } from '@jest/globals';
import { createMetrics } from '../metrics.ts';
import { envelope, leg, NOW_MS } from '../testing/builders.ts';
import {
  metricValue,
  openStream,
  type TestCollector,
  testCollector,
} from '../testing/collector.ts';
import { RateLimits, type Rates } from './rateLimits.ts';

const NONE: Rates = {
  ...{ nodeRecords: 0, nodeBytes: 0, tenantRecords: 0, tenantBytes: 0, tenantNodes: 0 },
};
const limitsOf = (rates: Partial<Rates>) => new RateLimits({ ...NONE, ...rates }, createMetrics());
const sender = (node: string, tenant = 'a') => ({ tenant, cluster: 'test', node });

test('ten seconds of the limit may come at once; then the rate holds, to the record', () => {
  const limits = limitsOf({ nodeRecords: 100 });
  let taken = 0;
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 10) {
    while (limits.waitMs(sender('node1'), nowMs) === 0) {
      limits.take(sender('node1'), { records: 7, bytes: 1e9 }, nowMs);
      taken += 7;
    }
    expect(taken).toBeLessThanOrEqual(1000 + nowMs / 10 + 7);
  }
  expect(taken).toBeGreaterThanOrEqual(1000 + 6000 - 7);
});

test('waiting as long as told is enough, for a batch above the burst too', () => {
  const limits = limitsOf({ nodeBytes: 1000 });
  limits.take(sender('node1'), { records: 1, bytes: 25_000 }, 0);
  const waitMs = limits.waitMs(sender('node1'), 0);
  expect(waitMs).toBeGreaterThan(14_900);
  expect(limits.waitMs(sender('node1'), waitMs - 10)).toBeGreaterThan(0);
  expect(limits.waitMs(sender('node1'), waitMs)).toBe(0);
});

test('a noisy node holds itself, a noisy tenant its own nodes, and nobody else', () => {
  const limits = limitsOf({ nodeRecords: 100, tenantRecords: 150 });
  limits.take(sender('node1'), { records: 1200, bytes: 0 }, 0);
  expect(limits.waitMs(sender('node1'), 0)).toBeGreaterThan(0);
  expect(limits.waitMs(sender('node2'), 0)).toBe(0);
  limits.take(sender('node2'), { records: 900, bytes: 0 }, 0);
  expect(limits.waitMs(sender('node3'), 0)).toBeGreaterThan(0);
  expect(limits.waitMs(sender('node1', 'b'), 0)).toBe(0);
  expect(limits.takeReport()).toEqual({
    ...{ nodes: [{ node: 'test/node1', waits: 1 }], moreNodes: 0 },
    tenants: [{ tenant: 'a', waits: 1 }],
  });
  expect(limits.takeReport()).toBeNull();
});

test('a tenant has so many nodes; one that is silent for an hour makes room', () => {
  const limits = limitsOf({ tenantNodes: 2 });
  limits.admit(sender('node1'), 0);
  limits.admit(sender('node2'), 1000);
  expect(() => limits.admit(sender('node3'), 2000)).toThrow('one node too many');
  limits.admit(sender('node3', 'b'), 2000);
  limits.admit(sender('node2'), 3_000_000);
  limits.admit(sender('node3'), 3_600_001);
  expect(() => limits.admit(sender('node1'), 3_600_002)).toThrow('one node too many');
});

let collector: TestCollector | null = null;
afterEach(async () => {
  await collector?.close();
  collector = null;
});

const RATE = { HOPTRACE_COLLECTOR_NODE_RECORDS_PER_SECOND: '1' };
const batch = (firstSeq: number, node = 'node1') =>
  encodeBatch(
    envelope({ firstSeq, node }),
    Array.from({ length: 20 }, (_, index) => leg({ seq: firstSeq + index })),
  );

test('over HTTP: 429 and when to come again; what is sent again then is taken', async () => {
  const clock = { nowMs: NOW_MS };
  collector = await testCollector(RATE, { nowMs: () => clock.nowMs });
  const { app } = collector;
  const post = (payload: Uint8Array) =>
    app.inject({
      method: 'POST',
      url: '/v1/batches',
      headers: { 'content-type': 'application/vnd.hoptrace.batch' },
      payload: Buffer.from(payload),
    });
  expect((await post(batch(1))).statusCode).toBe(200);
  const held = await post(batch(21));
  expect([held.statusCode, held.json().code]).toEqual([429, 'HOP_RATE_LIMITED']);
  expect((await post(batch(1, 'node2'))).statusCode).toBe(200);
  clock.nowMs += Number(held.headers['retry-after']) * 1000;
  expect((await post(batch(21))).statusCode).toBe(200);
  expect(collector.store.records).toHaveLength(60);
  const series = 'limited_batches_total{scope="node",node="lab/node1"}';
  expect(await metricValue(collector, series)).toBe(1);
});

test('by WebSocket: credit is withheld, nothing is refused, and it goes on by itself', async () => {
  const clock = { nowMs: NOW_MS };
  collector = await testCollector(RATE, { nowMs: () => clock.nowMs });
  const stream = await openStream(collector, {}, '/v1/stream?acks=durable');
  const seen: unknown[] = [];
  const nextOf = async (type: string) => {
    for (;;) {
      const message = await stream.next();
      seen.push(message.type === 'credit' ? message.bytes : message.type);
      if (message.type === type) return message;
    }
  };
  await nextOf('credit');
  stream.send(batch(1));
  await nextOf('stored');
  stream.send(batch(21));
  expect(await nextOf('credit')).toMatchObject({ bytes: 0 });
  clock.nowMs += 12_000;
  await nextOf('stored');
  expect(seen).toEqual([expect.any(Number), 'stored', 0, expect.any(Number), 'stored']);
  expect(collector.store.records).toHaveLength(40);
  expect(await metricValue(collector, 'limited_seconds_total')).toBeGreaterThan(0);
}, 60_000);
