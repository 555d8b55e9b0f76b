/** A collector on a MemoryStore, built but not started: fastify's inject and injectWS need no port. */
import { readFileSync } from 'node:fs';
import type { WebSocket } from '@fastify/websocket';
import { buildCollector, type Collector } from '../app.ts';
import { readConfig } from '../config.ts';
import { NOW_MS } from './builders.ts';
import { MemoryStore } from './memoryStore.ts';

const readFileText = (path: string) => readFileSync(path, 'utf8');

/** No log, so that a test which only injects leaves no files. */
const IN_MEMORY = { HOPTRACE_COLLECTOR_CLOSE_TIMEOUT_MS: '50', HOPTRACE_COLLECTOR_DATA_DIR: 'off' };

export interface TestCollector extends Collector {
  readonly store: MemoryStore;
}

export async function testCollector(
  env: Record<string, string> = {},
  part: {
    readonly store?: MemoryStore;
    readonly nowMs?: () => number;
    /** Of files that the settings name. */
    readonly readText?: (path: string) => string;
  } = {},
): Promise<TestCollector> {
  const { store = new MemoryStore(), nowMs = () => NOW_MS, readText = readFileText } = part;
  const config = readConfig({ ...IN_MEMORY, ...env }, readText);
  // Retries follow each other at once; the turn lets tests change the store between two.
  const sleep = () => new Promise<void>((resolve) => setImmediate(resolve));
  const collector = buildCollector({ config, store, nowMs, sleep });
  await collector.app.ready();
  return { ...collector, store };
}

export interface TestStream {
  readonly socket: WebSocket;
  send(data: Uint8Array | string): void;
  /** The next text message, in order. */
  next(): Promise<Record<string, unknown>>;
}

export async function openStream(
  { app }: Collector,
  headers: Record<string, string> = {},
  url = '/v1/stream',
): Promise<TestStream> {
  const messages: Record<string, unknown>[] = [];
  const waiters: ((message: Record<string, unknown>) => void)[] = [];
  const read = (data: unknown) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    const waiter = waiters.shift();
    if (waiter === undefined) messages.push(message);
    else waiter(message);
  };
  // From the begin on: the collector speaks first.
  const onInit = (client: WebSocket) => client.on('message', read);
  const socket = await app.injectWS(url, { headers }, { onInit });
  return {
    socket,
    send: (data) => socket.send(data),
    next: () => {
      const message = messages.shift();
      if (message !== undefined) return Promise.resolve(message);
      return new Promise((resolve) => waiters.push(resolve));
    },
  };
}

/** The value of one series in the metrics, 0 where there is none. `series` is written as Prometheus prints it. */
export async function metricValue({ metrics }: Collector, series: string): Promise<number> {
  const text = await metrics.registry.metrics();
  const line = text.split('\n').find((each) => each.startsWith(`hoptrace_collector_${series} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
