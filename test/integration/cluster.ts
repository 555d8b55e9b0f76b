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
  let engine: EmbeddedStore = await startEmbedded({ dataDir, httpPort, native });
  const { url, user, password, database } = engine;
  const connection = { url, user, password, database, cluster: FORM };
  const store = openStore(connection);
  return {
    store,
    connection,
    async kill() {
      process.kill(engine.pid, 'SIGKILL');
      await engine.exited;
    },
    async start() {
      engine = await startEmbedded({ dataDir, httpPort, native });
    },
    async stop() {
      await store.close();
      await engine.stop();
    },
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
