/** The other end of a sender in tests: real WebSockets on loopback, and senders made for them. */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { type Envelope, envelopeSchema, type WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { afterEach } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { LossLedger, newMetrics } from '../metrics.ts';
import { MemoryOutbox } from '../spool/memoryOutbox.ts';
import { Sender } from './sender.ts';
import { SENDER_LIMITS, type SenderLimits } from './senderLimits.ts';
import type { SenderOptions } from './senderOptions.ts';

export interface Received {
  readonly envelope: Envelope;
  readonly records: readonly WireRecord[];
  readonly connection: number;
}
export type Answer = (batch: Received, socket: WebSocket) => object | null;

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export const stored: Answer = ({ envelope }) => ({
  type: 'stored',
  firstSeq: envelope.firstSeq,
  count: envelope.count,
});

/** A collector as the sender sees it: real WebSockets on an ephemeral port of loopback. */
export async function collector(answer: Answer, options: { token?: string; port?: number } = {}) {
  const received: Received[] = [];
  const requests: IncomingMessage[] = [];
  let connections = 0;
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: options.port ?? 0,
    path: '/v1/stream',
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      options.token === undefined || req.headers.authorization === `Bearer ${options.token}`,
  });
  server.on('connection', (socket, request) => {
    const connection = ++connections;
    requests.push(request);
    socket.on('message', (data: Buffer) => {
      const batch = decodeBatch(new Uint8Array(data));
      const envelope = envelopeSchema.parse(batch.envelope);
      const entry = { envelope, records: batch.records, connection };
      received.push(entry);
      const message = answer(entry, socket);
      if (message !== null) socket.send(JSON.stringify(message));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const close = () => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => server.close(resolve));
  };
  closers.push(close);
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, port, received, requests, close };
}

export function sender(
  url: string,
  limits: Partial<SenderLimits> = {},
  token: string | null = null,
  shared: Partial<Pick<SenderOptions, 'seqBase' | 'onGauges' | 'metrics'>> = {},
) {
  const metrics = shared.metrics ?? newMetrics();
  const losses = new LossLedger(metrics);
  const logged: string[] = [];
  const made = new Sender({
    collectorUrl: url,
    token,
    cluster: 'lab',
    node: 'node1',
    bootId: 'boot-of-this-test',
    limits: { ...SENDER_LIMITS, minBackoffMs: 10, maxBackoffMs: 40, maxBatchAgeMs: 20, ...limits },
    addresses: () => [{ ip: '192.168.50.11', ifname: 'eth0' }],
    facts: () => null,
    outbox: new MemoryOutbox(1e6),
    exchangesSinceUs: () => 1_790_000_000_000_000,
    takeLosses: () => losses.take(),
    giveBackLosses: (lost) => losses.giveBack(lost),
    log: (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
    ...shared,
    metrics,
  });
  closers.push(() => made.close(0));
  return { made, metrics, logged };
}

export async function until(isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
