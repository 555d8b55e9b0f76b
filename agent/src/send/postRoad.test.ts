import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, expect, test } from '@jest/globals';
import { LossLedger, newMetrics } from '../metrics.ts';
import { MemoryOutbox } from '../spool/memoryOutbox.ts';
import { proxyHeaderOf } from '../testRecords.ts';
import { Sender } from './sender.ts';
import { SENDER_LIMITS } from './senderLimits.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A collector behind a proxy that lets no WebSocket through. `answer` gives the status of the n-th POST. */
async function collectorByPost(answer: (post: number) => number) {
  const posts: { readonly seqs: number[]; readonly headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { records } = decodeBatch(new Uint8Array(Buffer.concat(parts)));
      posts.push({ seqs: records.map(({ seq }) => seq), headers: request.headers });
      response.writeHead(answer(posts.length)).end('{}');
    });
  });
  server.on('upgrade', (_request, socket) => {
    // The client hangs up as soon as it has read that.
    socket.on('error', () => {});
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, posts };
}

function startSender(collectorUrl: string) {
  const metrics = newMetrics();
  const losses = new LossLedger(metrics);
  const limits = { minBackoffMs: 5, maxBackoffMs: 20, maxBatchAgeMs: 10, postEveryMs: 30 };
  const sender = new Sender({
    ...{ collectorUrl, token: 'a-token-of-16-chars', cluster: 'lab', node: 'node1', metrics },
    bootId: 'boot-of-this-test',
    limits: { ...SENDER_LIMITS, ...limits },
    outbox: new MemoryOutbox(1e6),
    addresses: () => [],
    facts: () => null,
    exchangesSinceUs: () => null,
    takeLosses: () => losses.take(),
    giveBackLosses: (lost) => losses.giveBack(lost),
    log: () => {},
  });
  closers.push(() => sender.close(0));
  sender.start();
  return { sender, metrics };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 8000; !isTrue(); ) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('where no WebSocket can be had batches go by POST, and one that is only durable is asked for again', async () => {
  const { url, posts } = await collectorByPost((post) => (post === 1 ? 202 : 200));
  const { sender, metrics } = startSender(url);
  for (let index = 0; index < 3; index++) sender.push(proxyHeaderOf(index));
  await until(() => metrics.storedRecordsTotal === 3);
  expect(posts.map(({ seqs }) => seqs)).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  expect(posts[0]?.headers).toMatchObject({
    'content-type': 'application/vnd.hoptrace.batch',
    prefer: 'respond-async',
    authorization: 'Bearer a-token-of-16-chars',
  });
});

test('a POST that fails is tried again, a refused batch is counted and let go', async () => {
  const { url, posts } = await collectorByPost((post) => (post < 3 ? 503 : 400));
  const { sender, metrics } = startSender(url);
  sender.push(proxyHeaderOf(1));
  await until(() => metrics.refusedRecordsTotal === 1);
  expect(posts).toHaveLength(3);
  expect(metrics).toMatchObject({ storedRecordsTotal: 0, unsentRecordsTotal: 0 });
});
