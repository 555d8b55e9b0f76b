import { once } from 'node:events';
import { type LiveMessage, liveMessageSchema } from '@hoptrace/domain/rest/live.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { afterEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { samplePaths } from '../../test/samples/paths.ts';
import { writeLiveCursor } from './live/liveCursor.ts';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';
import { type MemoryStore, memoryStore } from './testing/memoryStore.ts';

const TIMEOUT_MS = 60_000;
let app: FastifyInstance | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

const samples = samplePaths(NOW_US - 5_000_000);
const [first, second, third] = samples as [Path, Path, Path];

async function liveApi(env: Record<string, string> = {}) {
  const made = await apiUnderTest({ env, store: memoryStore([first]) });
  app = made.app;
  // A real socket: the framework's own injection has none that time-outs could watch.
  await app.listen({ host: '127.0.0.1', port: 0 });
  return made;
}

interface Listener {
  next(): Promise<LiveMessage>;
  nextPath(): Promise<Extract<LiveMessage, { type: 'path' }>>;
  close(): void;
}

async function listen(query = '', headers: Record<string, string> = {}): Promise<Listener> {
  const waiting: ((message: LiveMessage) => void)[] = [];
  const arrived: LiveMessage[] = [];
  const address = app?.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live${query}`, { headers });
  socket.on('message', (data) => {
    const message = liveMessageSchema.parse(JSON.parse(String(data)));
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(message);
    else taker(message);
  });
  await once(socket, 'open');
  const next = () =>
    new Promise<LiveMessage>((resolve) => {
      const message = arrived.shift();
      if (message === undefined) waiting.push(resolve);
      else resolve(message);
    });
  return {
    next,
    nextPath: async () => {
      for (;;) {
        const message = await next();
        if (message.type === 'path') return message;
      }
    },
    close: () => socket.terminate(),
  };
}

/** The feed knows what was there once it has asked the store. */
async function untilAsked(store: MemoryStore): Promise<void> {
  const before = store.polls;
  while (store.polls < before + 2) await new Promise((resolve) => setTimeout(resolve, 20));
}

test(
  'what is new is sent once, what was there before is not, and a new version comes again',
  async () => {
    const { store } = await liveApi();
    const listener = await listen();
    expect(await listener.next()).toMatchObject({ type: 'hello', resumed: 'live' });
    await untilAsked(store);
    store.paths.push(second);
    expect((await listener.nextPath()).path).toEqual(second);
    store.paths.splice(1, 1, { ...second, version: second.version + 1 });
    expect((await listener.nextPath()).path.version).toBe(second.version + 1);
  },
  TIMEOUT_MS,
);

test(
  'each listener gets what passes its own filter',
  async () => {
    const { store } = await liveApi();
    const refused = await listen('?outcome=dropped');
    const all = await listen();
    await untilAsked(store);
    const dropped = samples.find((path) => path.outcome === 'dropped') as Path;
    store.paths.push(second, dropped);
    expect((await refused.nextPath()).path.pathId).toBe(dropped.pathId);
    expect((await all.nextPath()).path.pathId).toBe(second.pathId);
  },
  TIMEOUT_MS,
);

test(
  'a cursor goes on where the stream ended while the feed runs, else by time',
  async () => {
    const { store } = await liveApi();
    const other = await listen();
    const listener = await listen();
    await untilAsked(store);
    store.paths.push(second);
    const { cursor } = await listener.nextPath();
    listener.close();
    await other.nextPath();
    store.paths.push(third);
    await other.nextPath();
    const again = await listen(`?cursor=${cursor}`);
    expect(await again.next()).toMatchObject({ type: 'hello', resumed: 'exact' });
    expect((await again.nextPath()).path.pathId).toBe(third.pathId);
    // Another instance of the API has another feed.
    await app?.close();
    const fresh = await apiUnderTest({ store });
    app = fresh.app;
    await app.listen({ host: '127.0.0.1', port: 0 });
    const elsewhere = await listen(`?cursor=${cursor}`);
    expect(await elsewhere.next()).toMatchObject({ type: 'hello', resumed: 'fromTime' });
    expect((await elsewhere.nextPath()).path.pathId).toBe(first.pathId);
  },
  TIMEOUT_MS,
);

test(
  'after more than an hour nothing is caught up, and the time that is missing is told',
  async () => {
    await liveApi();
    const atUs = NOW_US - 2 * 3600 * 1_000_000;
    const listener = await listen(`?cursor=${writeLiveCursor({ epoch: 'other', seq: 7, atUs })}`);
    expect(await listener.next()).toMatchObject({
      type: 'hello',
      resumed: 'gap',
      missed: { fromUs: atUs - 5_000_000, toUs: NOW_US },
    });
  },
  TIMEOUT_MS,
);

test('without an upgrade, with a foreign page, a bad filter or cursor, or too many listeners: a problem', async () => {
  const { get } = await liveApi({ HOPTRACE_API_MAX_LIVE: '0' });
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };
  const plain = await get('/api/v1/live');
  expect([plain.statusCode, plain.json().code]).toEqual([503, 'HOP_BUSY']);
  const foreign = await get('/api/v1/live', { ...upgrade, origin: 'https://evil.example' });
  expect([foreign.statusCode, foreign.json().code]).toEqual([403, 'HOP_ORIGIN_REFUSED']);
  // A page cannot add a token: whoever has one is a program, or a proxy that leaves the Origin of a browser as it is.
  const proxied = { ...upgrade, origin: 'https://grafana.example', authorization: 'Bearer x' };
  expect((await get('/api/v1/live', proxied)).json().code).toBe('HOP_BUSY');
  expect((await get('/api/v1/live?outcome=fine')).json().code).toBe('HOP_PARAMETER_INVALID');
  expect((await get('/api/v1/live?limit=3')).json().code).toBe('HOP_PARAMETER_UNKNOWN');
  expect((await get('/api/v1/live?cursor=x')).json().code).toBe('HOP_CURSOR_INVALID');
  await app?.close();
  const { get: ask } = await liveApi();
  const plainAgain = await ask('/api/v1/live');
  expect([plainAgain.statusCode, plainAgain.headers.upgrade]).toEqual([426, 'websocket']);
});
