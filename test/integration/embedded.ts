/** A genuine ClickHouse for one test file: own temporary directory, own port, migrated. Stop it in afterAll. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import type { Retention } from '@hoptrace/store/config.ts';
import {
  type EmbeddedOptions,
  type EmbeddedStore,
  startEmbedded,
} from '@hoptrace/store/embedded/start.ts';
import { migrate } from '@hoptrace/store/migrate.ts';

/** Long, so that no test meets the TTL whatever times it uses. */
export const TEST_RETENTION: Retention = Object.freeze({
  rawTtlDays: 3650,
  pathTtlDays: 3650,
  minuteTtlDays: 3650,
  hourTtlDays: 3650,
});

export interface TestStore {
  readonly store: Store;
  /** url, user, password, database, pid: what a service would get. */
  readonly engine: EmbeddedStore;
  readonly dataDir: string;
  /** Closes the client, stops the engine in order and removes the directory. */
  stop(): Promise<void>;
}

export async function startTestStore(
  options: Pick<EmbeddedOptions, 'memory'> = {},
): Promise<TestStore> {
  const dataDir = await makeTempDir();
  const engine = await startEmbedded({ dataDir, httpPort: await freePort(), ...options });
  const store = openStore(engine);
  const stop = async () => {
    await store.close();
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await migrate(store, { retention: TEST_RETENTION });
  } catch (error) {
    await stop(); // an engine that nobody stops keeps the tests from ending
    throw error;
  }
  return { store, engine, dataDir, stop };
}

export const makeTempDir = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'hoptrace-store-'));

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
