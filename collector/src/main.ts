/** The collector as a process of its own: environment, signals, exit codes. */
import { readFileSync } from 'node:fs';
import { openStore } from '@hoptrace/store/client.ts';
import { readStoreConfig } from '@hoptrace/store/config.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { ensureDatabase, migrate } from '@hoptrace/store/migrate.ts';
import { buildCollector } from './app.ts';
import { readConfig } from './config.ts';
import { AppError, describeError } from './errors.ts';
import { markAtOnce } from './gc.ts';
import { collectorStoreOf } from './storeAdapter.ts';

const EXIT_CONFIG = 78;

async function main(): Promise<void> {
  const config = readConfig(process.env, (path) => readFileSync(path, 'utf8'));
  if (process.argv.includes('--check')) {
    process.stdout.write('the configuration is valid\n');
    return;
  }
  if (process.argv.includes('--print')) {
    const shown = { ...config, tokens: config.tokens.map(() => '(hidden)') };
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  const storeConfig = readStoreConfig(process.env);
  if (storeConfig.kind === 'embedded') {
    const text = 'CLICKHOUSE_URL is not set, and a collector alone starts no database';
    const remedy = 'set CLICKHOUSE_URL, or run the whole product: hoptrace up';
    const problems = [{ field: 'CLICKHOUSE_URL', text: 'is not set', remedy }];
    throw new AppError('HOP_CONFIG_INVALID', text, { problems });
  }
  const store = openStore(storeConfig.connection);
  await ensureDatabase(storeConfig.connection);
  await migrate(store, { retention: storeConfig.retention });
  markAtOnce();
  const logger = { level: config.logLevel, base: { service: 'collector' } };
  const collector = buildCollector({ config, store: collectorStoreOf(store), logger });
  const stop = async (signal: string) => {
    collector.app.log.info({ signal }, 'collector stops');
    await collector.close();
    await store.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { url } = await collector.start();
  collector.app.log.info({ url }, 'collector ready');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${lineOf(error)}\n`);
  process.exit(EXIT_CONFIG);
}

function lineOf(error: unknown): string {
  if (error instanceof AppError) return describeError(error);
  if (error instanceof StoreError) return `${error.code}: ${error.message} (${error.remedy})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
