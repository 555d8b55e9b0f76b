import { expect, test } from '@jest/globals';
import { proxyHeaderOf, refusalOf } from '../testRecords.ts';

import { type Answer, collector, type Received, sender, stored, until } from './testCollector.ts';

const seqsOf = (received: readonly Received[]) =>
  received.flatMap((batch) => batch.records.map((record) => record.seq));

test('records arrive in order with contiguous seq under a valid envelope, and are freed when stored', async () => {
  const { url, received, requests } = await collector(stored, { token: 'a-token-of-16-chars' });
  const { made, metrics } = sender(url, { maxBatchRecords: 10 }, 'a-token-of-16-chars');
  made.start();
  for (let index = 0; index < 25; index++) made.push(proxyHeaderOf(index));
  metrics.ringLostTotal = 4;
  await until(() => metrics.storedRecordsTotal === 25);
  expect(seqsOf(received)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  expect(received[0]?.envelope).toMatchObject({
    cluster: 'lab',
    node: 'node1',
    bootId: 'boot-of-this-test',
    firstSeq: 1,
    count: 10,
    addresses: [{ ip: '192.168.50.11', ifname: 'eth0' }],
  });
  expect(received.reduce((sum, batch) => sum + batch.envelope.losses.ringEvents, 0)).toBe(4);
  expect(requests[0]?.headers.authorization).toBe('Bearer a-token-of-16-chars');
  expect(metrics).toMatchObject({ queuedRecords: 0, inFlightBatches: 0, unsentRecordsTotal: 0 });
});

test('a refusal does not wait until its batch is old enough', async () => {
  const { url, received } = await collector(stored);
  const { made } = sender(url, { maxBatchAgeMs: 3_600_000 });
  made.start();
  made.push(refusalOf(1));
  await until(() => received.some(({ records }) => records.length === 1));
});

test('a wrong token is said once with the remedy, and the sender keeps trying', async () => {
  const { url } = await collector(stored, { token: 'the-right-token-01' });
  const { made, metrics, logged } = sender(url, {}, 'the-wrong-token-01');
  made.start();
  await until(() => metrics.connectFailuresTotal >= 3);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('HOPTRACE_AGENT_TOKEN');
});

test('what was not stored when the connection broke is sent again, byte for byte the same batch', async () => {
  const breakFirst: Answer = (batch, socket) => {
    if (batch.connection > 1) return stored(batch, socket);
    socket.terminate();
    return null;
  };
  const { url, received } = await collector(breakFirst);
  const { made, metrics } = sender(url);
  made.start();
  made.push(proxyHeaderOf(1));
  made.push(refusalOf(2));
  await until(() => metrics.storedRecordsTotal === 2);
  expect(received).toHaveLength(2);
  expect(received[1]).toEqual({ ...received[0], connection: 2 });
  expect(metrics).toMatchObject({ resentBatchesTotal: 1, connectFailuresTotal: 1 });
});

test('a collector that never answers gets 8 batches; the queue then drops all but refusals, and counts', async () => {
  const { url, received } = await collector(() => null);
  const { made, metrics } = sender(url, { maxBatchRecords: 1, maxQueuedRecords: 3 });
  made.start();
  await until(() => metrics.isConnected === 1);
  for (let index = 1; index <= 8; index++) made.push(proxyHeaderOf(index));
  await until(() => received.length === 8);
  for (const record of [9, 10, 11, 12, 13].map(proxyHeaderOf)) made.push(record);
  made.push(refusalOf(14));
  expect(metrics).toMatchObject({ inFlightBatches: 8, queuedRecords: 3, unsentRecordsTotal: 3 });
  await made.close(0);
  expect(metrics.unsentRecordsTotal).toBe(3 + 3 + 8);
});

test('no answer within the limit ends the connection; the batch is sent on the next', async () => {
  const { url, received } = await collector((batch, socket) =>
    batch.connection === 1 ? null : stored(batch, socket),
  );
  const { made, metrics, logged } = sender(url, { ackTimeoutMs: 100 });
  made.start();
  made.push(proxyHeaderOf(1));
  await until(() => metrics.storedRecordsTotal === 1);
  expect(received.map((batch) => batch.connection)).toEqual([1, 2]);
  expect(logged.some((line) => line.includes('no answer for 100 ms'))).toBe(true);
});

test('a refused batch is dropped, counted and said once; the next ones go on', async () => {
  const problem = { field: 'schemaVersion', text: '1 is unknown', remedy: 'update the collector' };
  const { url } = await collector((batch, socket) =>
    batch.envelope.firstSeq <= 2
      ? { type: 'refused', firstSeq: batch.envelope.firstSeq, code: 'X', problems: [problem] }
      : stored(batch, socket),
  );
  const { made, metrics, logged } = sender(url, { maxBatchRecords: 1 });
  made.start();
  for (let index = 1; index <= 4; index++) made.push(proxyHeaderOf(index));
  await until(() => metrics.storedRecordsTotal === 2);
  expect(metrics).toMatchObject({ refusedRecordsTotal: 2, inFlightBatches: 0 });
  expect(logged.filter((line) => line.startsWith('collector refused records'))).toEqual([
    `collector refused records ${JSON.stringify({ firstSeq: 1, ...problem })}`,
  ]);
});

test('records refused one by one are counted; the rest of the batch is stored', async () => {
  const problem = { field: 'records[1].startUs', text: 'is tomorrow', remedy: 'set the clock' };
  const { url } = await collector((batch, socket) => ({
    ...stored(batch, socket),
    stored: 2,
    duplicates: 0,
    refused: [problem],
  }));
  const { made, metrics } = sender(url);
  made.start();
  for (let index = 1; index <= 3; index++) made.push(proxyHeaderOf(index));
  await until(() => metrics.inFlightBatches === 0 && metrics.storedRecordsTotal > 0);
  expect(metrics).toMatchObject({ storedRecordsTotal: 2, refusedRecordsTotal: 1 });
});

test('an idle sender sends empty batches, which take no seq', async () => {
  const { url, received } = await collector(stored);
  const { made, metrics } = sender(url, { heartbeatEveryMs: 30 });
  made.start();
  await until(() => received.length >= 2);
  expect(received.every((batch) => batch.envelope.count === 0)).toBe(true);
  made.push(proxyHeaderOf(1));
  await until(() => metrics.storedRecordsTotal === 1);
  expect(seqsOf(received)).toEqual([1]);
});

test('how far it has told is said while batches are sent, too', async () => {
  const { url, received } = await collector((batch, socket) => {
    socket.send('{"type":"credit","bytes":1000000,"knows":["exchangesSinceUs"]}');
    return stored(batch, socket);
  });
  const { made } = sender(url, { heartbeatEveryMs: 30, maxBatchAgeMs: 5 });
  made.start();
  let index = 0;
  const marks = () => received.flatMap(({ envelope: { watermarkUs } }) => watermarkUs ?? []);
  await until(() => {
    made.push(proxyHeaderOf(++index));
    return marks().length >= 3;
  });
  expect(received.some((batch) => batch.envelope.count > 0)).toBe(true);
  const since = received.flatMap(({ envelope: { exchangesSinceUs } }) => exchangesSinceUs ?? []);
  expect(new Set(since)).toEqual(new Set([1_790_000_000_000_000]));
  expect(Math.abs(Date.now() - (marks().at(-1) ?? 0) / 1000)).toBeLessThan(10_000);
});

test('records wait for a collector that is started later', async () => {
  const first = await collector(stored);
  await first.close();
  const { made, metrics } = sender(first.url);
  made.start();
  made.push(proxyHeaderOf(1));
  await until(() => metrics.connectFailuresTotal >= 1);
  await collector(stored, { port: first.port });
  await until(() => metrics.storedRecordsTotal === 1);
});

test('close sends what is queued and waits until it is stored', async () => {
  const { url, received } = await collector(stored);
  const { made, metrics } = sender(url, { maxBatchAgeMs: 60_000 });
  made.start();
  await until(() => metrics.isConnected === 1);
  made.push(proxyHeaderOf(1));
  await made.close(5_000);
  expect(seqsOf(received)).toEqual([1]);
  expect(metrics).toMatchObject({ storedRecordsTotal: 1, unsentRecordsTotal: 0 });
});

test('answers that are none are passed over', async () => {
  const { url } = await collector((batch, socket) => {
    socket.send('hello?');
    socket.send('{"type":"stored"}');
    return stored(batch, socket);
  });
  const { made, metrics } = sender(url);
  made.start();
  made.push(proxyHeaderOf(1));
  await until(() => metrics.storedRecordsTotal === 1);
});
