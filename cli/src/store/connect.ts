/** The database that a `hoptrace store` command works on. */
import { existsSync } from 'node:fs';
import type { StoreConfig, StoreConnection } from '@hoptrace/store/config.ts';
import { attachEmbedded } from '@hoptrace/store/embedded/attach.ts';
import { startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { StoreError } from '@hoptrace/store/errors.ts';

export interface Reached {
  readonly connection: StoreConnection;
  /** Ends what was started for this command alone. */
  close(): Promise<void>;
}

const NOTHING = async () => {};

/**
 * The server of CLICKHOUSE_URL; without one the embedded database: that of a hoptrace that runs, else it is started for
 * the time of the command. `isCreating`: also where there is none yet.
 */
export async function reach(
  config: StoreConfig,
  { isCreating }: { isCreating: boolean },
): Promise<Reached> {
  if (config.kind === 'server') return { connection: config.connection, close: NOTHING };
  const running = await attachEmbedded(config);
  if (running !== null) return { connection: running, close: NOTHING };
  if (!isCreating && !existsSync(config.dataDir)) {
    throw new StoreError('HOP_STORE_CONFIG', `there is no database in ${config.dataDir}`, {
      field: 'HOPTRACE_DATA_DIR',
      remedy: 'Set HOPTRACE_DATA_DIR to the directory of the data, or CLICKHOUSE_URL to a server.',
    });
  }
  const { dataDir, httpPort } = config;
  const engine = await startEmbedded({ dataDir, httpPort });
  return { connection: engine, close: async () => void (await engine.stop()) };
}
