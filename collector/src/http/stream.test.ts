import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, expect, test } from '@jest/globals';
import { envelope, leg, refusal } from '../testing/builders.ts';
import {
  metricValue,
  openStream,
  type TestCollector,
  testCollector,
} from '../testing/collector.ts';

let collector: TestCollector;
afterEach(() => collector.close());

const batch = (firstSeq: number, count = 1, part = {}) =>
  encodeBatch(
    envelope({ firstSeq, ...part }),
    Array.from({ length: count }, (_, index) => leg({ seq: firstSeq + index })),
  );

test('a batch is answered once it is stored', async () => {
  collector = await testCollector();
  const stream = await openStream(collector);
  stream.send(batch(7, 2));
  expect(await stream.next()).toEqual({
    type: 'stored',
    firstSeq: 7,
    count: 2,
    stored: 2,
    duplicates: 0,
    refused: [],
  });
  expect(collector.store.records.map((record) => record.seq)).toEqual([7, 8]);
});

test('malformed, unknown and oversized batches are refused by name, and good ones go on', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_MAX_BATCH_BYTES: '4096' });
  const stream = await openStream(collector);
  stream.send(batch(1));
  stream.send(new TextEncoder().encode('no batch at all'));
  stream.send(encodeBatch({ ...envelope({ firstSeq: 2 }), schemaVersion: 9 as 1 }, []));
  stream.send(batch(3, 40));
  stream.send('{"kind":"leg"}');
  stream.send(batch(4));
  const answers = [];
  for (let index = 0; index < 6; index++) answers.push(await stream.next());
  const refused = answers.filter((each) => each.type === 'refused');
  expect(refused).toEqual([
    {
      type: 'refused',
      firstSeq: null,
      code: 'HOP_ENVELOPE_INVALID',
      problems: [
        {
          field: 'magic',
          text: 'the batch does not begin with "HTB1"',
          remedy: 'send batches made by encodeBatch of schema version 1',
        },
      ],
    },
    {
      type: 'refused',
      firstSeq: 2,
      code: 'HOP_SCHEMA_VERSION_UNKNOWN',
      problems: [
        {
          field: 'schemaVersion',
          text: '9 is unknown',
          remedy: 'this collector reads version 1; send that or upgrade the collector',
          value: '9',
        },
      ],
    },
    expect.objectContaining({ firstSeq: 3, code: 'HOP_BATCH_TOO_LARGE' }),
    expect.objectContaining({ code: 'HOP_REQUEST_INVALID' }),
  ]);
  expect(answers.filter((each) => each.type === 'stored')).toHaveLength(2);
  expect(collector.store.records.map((record) => record.seq)).toEqual([1, 4]);
  expect(stream.socket.readyState).toBe(stream.socket.OPEN);
});

test('a bad record is named in the answer, its neighbours are stored', async () => {
  collector = await testCollector();
  const stream = await openStream(collector);
  stream.send(
    encodeBatch(envelope(), [leg({ seq: 1 }), leg({ seq: 2, startUs: 0 }), refusal({ seq: 3 })]),
  );
  expect(await stream.next()).toMatchObject({
    type: 'stored',
    stored: 2,
    count: 3,
    refused: [{ field: 'records[seq=2].startUs' }],
  });
});

test('a connection speaks for the node of its first envelope', async () => {
  collector = await testCollector();
  const stream = await openStream(collector);
  stream.send(batch(1));
  await stream.next();
  stream.send(batch(2, 1, { node: 'node2' }));
  expect(await stream.next()).toMatchObject({
    type: 'refused',
    firstSeq: 2,
    code: 'HOP_NODE_CHANGED',
    problems: [
      {
        field: 'node',
        text: 'lab/node2 on a connection that speaks for lab/node1',
        remedy: 'open one connection per node',
      },
    ],
  });
  stream.send(batch(2, 1, { cluster: 'other' }));
  expect(await stream.next()).toMatchObject({ problems: [{ field: 'cluster' }] });
  stream.send(batch(3, 1, { bootId: 'fedcba9876543210' }));
  expect(await stream.next()).toMatchObject({ type: 'stored', firstSeq: 3 });
});

test('a batch resent on a new connection is stored once', async () => {
  collector = await testCollector();
  const first = await openStream(collector);
  first.send(batch(1, 3));
  await first.next();
  const second = await openStream(collector);
  second.send(batch(1, 3));
  expect(await second.next()).toMatchObject({ type: 'stored', stored: 0, duplicates: 3 });
  expect(collector.store.records).toHaveLength(3);
});

test('a wrong token and a web page do not get a connection', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_TOKEN: 'right-token-0123456' });
  const open = (headers: Record<string, string>) => openStream(collector, headers);
  await expect(open({})).rejects.toThrow('401');
  await expect(open({ authorization: 'Bearer wrong-token-0123456' })).rejects.toThrow('401');
  const authorization = 'Bearer right-token-0123456';
  await expect(open({ authorization, origin: 'https://example.com' })).rejects.toThrow('403');
  const stream = await open({ authorization });
  stream.send(batch(1));
  expect(await stream.next()).toMatchObject({ type: 'stored' });
});

test('while the queue is full the socket is not read, and nothing is lost', async () => {
  collector = await testCollector({
    HOPTRACE_COLLECTOR_MAX_QUEUED_RECORDS: '2',
    HOPTRACE_COLLECTOR_INSERT_CONCURRENCY: '1',
  });
  const release = collector.store.hold();
  const stream = await openStream(collector);
  for (let seq = 1; seq <= 20; seq++) stream.send(batch(seq));
  while ((await metricValue(collector, 'paused_connections')) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await metricValue(collector, 'queue_records')).toBe(2);
  expect(collector.store.records).toEqual([]);
  release();
  const answered = [];
  for (let seq = 1; seq <= 20; seq++) answered.push((await stream.next()).firstSeq);
  expect(answered).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(await metricValue(collector, 'paused_connections')).toBe(0);
});

test('batches that are not stored when the collector closes get no answer', async () => {
  collector = await testCollector();
  collector.store.failure = new Error('connect ECONNREFUSED');
  const stream = await openStream(collector);
  const messages: string[] = [];
  stream.socket.on('message', (data) => messages.push(String(data)));
  const closed = new Promise<number>((resolve) => stream.socket.on('close', resolve));
  stream.send(batch(1));
  while ((await metricValue(collector, 'queue_records')) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await collector.close();
  expect(await closed).toBe(1012);
  expect(messages).toEqual([]);
});

test('connections beyond the limit are told to try later', async () => {
  collector = await testCollector({ HOPTRACE_COLLECTOR_MAX_CONNECTIONS: '1' });
  const first = await openStream(collector);
  const second = await openStream(collector);
  const code = await new Promise<number>((resolve) => second.socket.on('close', resolve));
  expect(code).toBe(1013);
  first.send(batch(1));
  expect(await first.next()).toMatchObject({ type: 'stored' });
});

test('a message without a firstSeq is refused after all earlier batches were answered', async () => {
  collector = await testCollector();
  const release = collector.store.hold();
  const stream = await openStream(collector);
  stream.send(batch(1));
  stream.send(Uint8Array.of(1, 2, 3));
  while ((await metricValue(collector, 'paused_connections')) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  release();
  expect(await stream.next()).toMatchObject({ type: 'stored', firstSeq: 1 });
  expect(await stream.next()).toMatchObject({ type: 'refused', firstSeq: null });
});
