import { gzipSync } from 'node:zlib';
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, expect, test } from '@jest/globals';
import { envelope, leg, NOW_US, refusal } from '../testing/builders.ts';
import { metricValue, type TestCollector, testCollector } from '../testing/collector.ts';
import { BATCH_TYPE, RECORDS_TYPE } from './postRoutes.ts';

let collector: TestCollector;
afterEach(() => collector.close());

const post = (url: string, type: string, payload: Uint8Array | string, headers = {}) =>
  collector.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': type, ...headers },
    payload: typeof payload === 'string' ? payload : Buffer.from(payload),
  });
const ndjson = (...lines: unknown[]) => lines.map((each) => JSON.stringify(each)).join('\n');

test('a binary batch is stored, plain and gzip', async () => {
  collector = await testCollector();
  const plain = await post('/v1/batches', BATCH_TYPE, encodeBatch(envelope(), [leg({ seq: 1 })]));
  expect(plain.statusCode).toBe(200);
  expect(plain.json()).toEqual({ stored: 1, duplicates: 0, problems: [] });
  const zipped = gzipSync(encodeBatch(envelope(), [leg({ seq: 2 })]));
  const answer = await post('/v1/batches', BATCH_TYPE, zipped, { 'content-encoding': 'gzip' });
  expect(answer.json()).toMatchObject({ stored: 1 });
  expect(collector.store.records.map(({ seq, node }) => [seq, node])).toEqual([
    [1, 'node1'],
    [2, 'node1'],
  ]);
});

test('NDJSON: good lines are stored, bad ones named', async () => {
  collector = await testCollector();
  const body = ndjson(envelope({ count: 2 }), { ...leg(), synTtl: 256 }, refusal({ seq: 2 }));
  const answer = await post('/v1/records', RECORDS_TYPE, body);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    stored: 1,
    duplicates: 0,
    problems: [
      {
        line: 2,
        field: 'synTtl',
        value: '256',
        text: 'Too big: expected number to be <=255',
        remedy: 'send at most 255',
      },
    ],
  });
  expect(await metricValue(collector, 'refused_records_total{reason="schema"}')).toBe(1);
  expect(await metricValue(collector, 'batches_total{road="http",result="stored"}')).toBe(1);
});

test('NDJSON: a value nested deeper than the stack is refused, and the good line beside it is kept', async () => {
  collector = await testCollector();
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  const line = JSON.stringify({ ...leg(), synTtl: 'DEEP' }).replace('"DEEP"', deep);
  const head = JSON.stringify(envelope({ count: 2 }));
  const body = [head, line, JSON.stringify(refusal({ seq: 2 }))].join('\n');
  const answer = await post('/v1/records', RECORDS_TYPE, body);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ stored: 1, problems: [{ line: 2, field: 'synTtl' }] });
  const inHead = await post('/v1/records', RECORDS_TYPE, head.replace('"node1"', deep));
  expect(inHead.statusCode).toBe(400);
});

test('a batch of which nothing is good, and an unknown version, are problem details', async () => {
  collector = await testCollector();
  const bad = await post('/v1/records', RECORDS_TYPE, ndjson(envelope(), leg({ startUs: 1 })));
  expect(bad.statusCode).toBe(400);
  expect(bad.headers['content-type']).toContain('application/problem+json');
  expect(problemSchema.parse(bad.json()).code).toBe('HOP_BATCH_INVALID');
  const later = await post(
    '/v1/records',
    RECORDS_TYPE,
    ndjson({ ...envelope(), schemaVersion: 2 }),
  );
  expect(later.json()).toMatchObject({
    status: 400,
    code: 'HOP_SCHEMA_VERSION_UNKNOWN',
    errors: [{ field: 'schemaVersion', value: '2', line: 1 }],
  });
});

test('a batch above the limit on the wire is 413 and names the limit', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_MAX_BATCH_BYTES: '4096' });
  const records = Array.from({ length: 40 }, (_, index) => leg({ seq: index }));
  const answer = await post('/v1/batches', BATCH_TYPE, encodeBatch(envelope(), records));
  expect(answer.statusCode).toBe(413);
  expect(answer.json()).toMatchObject({ code: 'HOP_BATCH_TOO_LARGE' });
  expect(answer.json().detail).toContain('4096 bytes');
  expect(await metricValue(collector, 'refused_records_total{reason="tooLarge"}')).toBe(1);
});

test('other content types and encodings are 415 with what to send', async () => {
  collector = await testCollector();
  const json = await post('/v1/records', 'application/json', '{}');
  expect(json.json()).toMatchObject({
    status: 415,
    code: 'HOP_MEDIA_TYPE_UNSUPPORTED',
    errors: [{ field: 'content-type', remedy: `send content-type ${RECORDS_TYPE}` }],
  });
  const crossed = await post('/v1/records', BATCH_TYPE, encodeBatch(envelope(), []));
  expect(crossed.statusCode).toBe(415);
  const brotli = await post('/v1/batches', BATCH_TYPE, 'x', { 'content-encoding': 'br' });
  expect(brotli.json()).toMatchObject({ status: 415, code: 'HOP_ENCODING_UNSUPPORTED' });
  const empty = await post('/v1/batches', BATCH_TYPE, '');
  expect(empty.json()).toMatchObject({ status: 400, errors: [{ field: 'magic' }] });
  const latin = await post('/v1/records', RECORDS_TYPE, Uint8Array.of(0xff, 0xfe));
  expect(latin.json()).toMatchObject({ status: 400, code: 'HOP_REQUEST_INVALID' });
});

test('a resent batch stores nothing twice and says so', async () => {
  collector = await testCollector();
  const bytes = encodeBatch(envelope(), [leg({ seq: 1 }), refusal({ seq: 2 })]);
  await post('/v1/batches', BATCH_TYPE, bytes);
  const again = await post('/v1/batches', BATCH_TYPE, bytes);
  expect(again.json()).toEqual({ stored: 0, duplicates: 2, problems: [] });
  expect(collector.store.records).toHaveLength(2);
});

test('while ClickHouse is away the sender is told to come again, and the resend is stored once', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_STORE_WAIT_MS: '20' });
  collector.store.failure = new Error('connect ECONNREFUSED');
  const bytes = encodeBatch(envelope(), [leg({ seq: 1 })]);
  const answer = await post('/v1/batches', BATCH_TYPE, bytes);
  expect(answer.statusCode).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(answer.json()).toMatchObject({ code: 'HOP_STORE_UNAVAILABLE' });
  collector.store.failure = null;
  expect((await post('/v1/batches', BATCH_TYPE, bytes)).statusCode).toBe(200);
  expect(collector.store.records).toHaveLength(1);
});

test('a full queue is 429 with Retry-After', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_MAX_QUEUED_RECORDS: '2' });
  const release = collector.store.hold();
  const first = post('/v1/batches', BATCH_TYPE, encodeBatch(envelope(), [leg({ seq: 1 })]));
  while ((await metricValue(collector, 'queue_records')) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const two = [leg({ seq: 2 }), leg({ seq: 3 })];
  const answer = await post('/v1/batches', BATCH_TYPE, encodeBatch(envelope({ firstSeq: 2 }), two));
  expect(answer.statusCode).toBe(429);
  expect(answer.headers['retry-after']).toBe('2');
  release();
  expect((await first).statusCode).toBe(200);
});

test('a wrong token, a web page and an unknown address are refused; health needs no token', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_TOKEN: 'right-token-0123456' });
  const bytes = encodeBatch(envelope(), [leg()]);
  const without = await post('/v1/batches', BATCH_TYPE, bytes);
  expect(without.statusCode).toBe(401);
  expect(without.headers['www-authenticate']).toBe('Bearer');
  const authorization = 'Bearer wrong-token-0123456';
  expect((await post('/v1/batches', BATCH_TYPE, bytes, { authorization })).json()).toMatchObject({
    code: 'HOP_UNAUTHORIZED',
    detail: 'the token is wrong',
  });
  const right = { authorization: 'Bearer right-token-0123456' };
  const page = await post('/v1/batches', BATCH_TYPE, bytes, { ...right, origin: 'http://x.test' });
  expect(page.json()).toMatchObject({ status: 403, code: 'HOP_ORIGIN_REFUSED' });
  expect(collector.store.records).toEqual([]);
  expect((await post('/v1/batches', BATCH_TYPE, bytes, right)).statusCode).toBe(200);
  const get = (url: string, headers = {}) => collector.app.inject({ url, headers });
  expect((await get('/healthz')).statusCode).toBe(200);
  expect((await get('/readyz')).statusCode).toBe(200);
  expect((await get('/metrics')).statusCode).toBe(401);
  expect((await get('/metrics', right)).body).toContain('hoptrace_collector_unauthorized_total 4');
  expect((await get('/v1/stream', right)).json()).toMatchObject({ status: 426 });
  expect((await get('/v2/stream', right)).json()).toMatchObject({ code: 'HOP_NOT_FOUND' });
});

test('readiness names what is missing', async () => {
  collector = await testCollector();
  collector.store.failure = new Error('connect ECONNREFUSED 10.0.0.9:8123');
  const answer = await collector.app.inject({ url: '/readyz' });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ ready: false, missing: [{ what: 'store' }] });
  expect(answer.body).not.toContain('10.0.0.9');
});

test('losses that agents report are counted and go with the heartbeat', async () => {
  collector = await testCollector();
  const losses = { ringEvents: 7, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
  await post('/v1/batches', BATCH_TYPE, encodeBatch(envelope({ losses }), []));
  const series = 'agent_losses_total{node="node1",what="ringEvents"}';
  expect(await metricValue(collector, series)).toBe(7);
  await collector.close();
  expect(collector.store.heartbeats).toMatchObject([{ node: 'node1', seenUs: NOW_US, losses }]);
});
