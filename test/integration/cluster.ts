/**
 * Several genuine ClickHouse servers on loopback that are shards of one cluster, joined by native TCP.
 *
 * What this engine cannot do, and no test here therefore shows: ON CLUSTER (it has no Keeper of several servers),
 * and copies of a shard that fetch parts from each other.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import type { ClusterForm } from '@hoptrace/store/cluster/form.ts';
import type { StoreConnection } from '@hoptrace/store/config.ts';
import { type EmbeddedStore, startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { freePort, makeTempDir, TEST_RETENTION } from './embedded.ts';

export const FORM: ClusterForm = Object.freeze({ name: 'shards', hasKeeper: false });

export interface Shard {
  /** Any shard answers for all of them. */
  readonly store: Store;
  readonly connection: StoreConnection;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** On the same directory and ports; resolves when it answers. */
  start(): Promise<void>;
}

export interface Cluster {
  readonly shards: readonly Shard[];
  stop(): Promise<void>;
}

/** Migrated, each server by itself, as a cluster without a Keeper has to be. */
export async function startCluster(count: number): Promise<Cluster> {
  const folder = await makeTempDir();
  const nativePorts: number[] = [];
  for (let index = 0; index < count; index += 1) nativePorts.push(await freePort());
  const shards: (Shard & { stop(): Promise<void> })[] = [];
  for (const [index, nativePort] of nativePorts.entries()) {
    const configXml = clusterXml(nativePorts, index);
    shards.push(
      await startShard(path.join(folder, String(index)), { port: nativePort, configXml }),
    );
  }
  for (const { store } of shards) await migrate(store, { retention: TEST_RETENTION });
  return {
    shards,
    stop: async () => {
      await Promise.all(shards.map((shard) => shard.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startShard(
  dataDir: string,
  native: { readonly port: number; readonly configXml: string },
): Promise<Shard & { stop(): Promise<void> }> {
  const httpPort = await freePort();
  const engine = await keptAlive(() => startEmbedded({ dataDir, httpPort, native }));
  const { url, user, password, database } = engine.current();
  const connection = { url, user, password, database, cluster: FORM };
  const store = openStore(connection);
  return {
    store,
    connection,
    kill: engine.kill,
    start: engine.start,
    async stop() {
      await store.close();
      await engine.stop();
    },
  };
}

/**
 * As a service manager does: what ended unasked is started again. This engine needs it: the end of a peer makes its native
 * listener abort the whole process now and then ("Terminate called for uncaught exception … Connection reset by
 * peer": a real server has a handler for that, clickhouse-local has none). To the test that is one more kill -9.
 */
async function keptAlive(startOne: () => Promise<EmbeddedStore>) {
  let isWanted = true;
  let isRunning = false;
  let engine: EmbeddedStore;
  const start = async () => {
    engine = await startOne();
    isRunning = true;
    const started = engine;
    restarting = started.exited.then(async () => {
      isRunning = false;
      if (isWanted) await start();
    });
  };
  let restarting: Promise<void> = Promise.resolve();
  await start();
  const end = async (how: () => Promise<unknown> | boolean) => {
    isWanted = false;
    if (isRunning) await how();
    await restarting;
    // It ended by itself at the same moment and was on its way back.
    if (isRunning) await how();
    await restarting;
  };
  return {
    current: () => engine,
    kill: () => end(() => process.kill(engine.pid, 'SIGKILL')),
    start: async () => {
      isWanted = true;
      await start();
    },
    stop: () => end(() => engine.stop()),
  };
}

/** With a secret of their own the servers believe each other who asks. */
export function clusterXml(nativePorts: readonly number[], index: number): string {
  const shards = nativePorts.map(
    (port) =>
      `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  return `<remote_servers replace="1"><${FORM.name}><secret>of these tests</secret>${shards.join('')}</${FORM.name}></remote_servers>
  <macros><shard>${index + 1}</shard><replica>1</replica></macros>`;
}
