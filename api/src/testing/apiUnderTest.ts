/** An API with an in-memory store and a clock that stands still. */
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type ApiDeps, buildApi } from '../app.ts';
import { readConfig } from '../config.ts';
import { type MemoryStore, memoryStore } from './memoryStore.ts';

export const NOW_US = Date.UTC(2026, 8, 1, 14, 10) * 1000;
const LOOPBACK = 'localhost:7040';

export interface ApiUnderTest {
  readonly app: FastifyInstance;
  readonly store: MemoryStore;
  /** Sends with a Host that loopback allows. */
  get(url: string, headers?: InjectOptions['headers']): ReturnType<typeof inject>;
}

export interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  readonly store?: MemoryStore;
  readonly logger?: ApiDeps['logger'];
}

export async function apiUnderTest(setup: Setup = {}): Promise<ApiUnderTest> {
  const store = setup.store ?? memoryStore();
  const env = { HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace', ...setup.env };
  const config = readConfig(env, () => '');
  const logger = setup.logger ?? false;
  const app = await buildApi({ config, store, nowUs: () => NOW_US, logger });
  return { app, store, get: (url, headers) => inject(app, url, headers) };
}

async function inject(app: FastifyInstance, url: string, headers: InjectOptions['headers'] = {}) {
  return app.inject({ url, headers: { host: LOOPBACK, ...headers } });
}
