/** The API as a process of its own, against a ClickHouse server. `npm start` runs it beside the embedded one. */
import { readFileSync } from 'node:fs';
import { openStore } from '@hoptrace/store/client.ts';
import { readStoreConfig } from '@hoptrace/store/config.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { buildAlerts } from './alerts/alerts.ts';
import { readAlertConfig } from './alerts/config.ts';
import { buildApi } from './app.ts';
import { buildAudit } from './audit/audit.ts';
import { clickhouseStore } from './clickhouseStore.ts';
import { readConfig } from './config.ts';
import { AppError, describeError } from './errors.ts';
import { listen, urlOf } from './listen.ts';
import { createMetrics } from './metrics.ts';

/** Requests under way get this long after SIGTERM; Kubernetes kills at 30 s. */
const CLOSE_TIMEOUT_MS = 10_000;

async function main(): Promise<void> {
  const readText = (path: string) => readFileSync(path, 'utf8');
  const config = readConfig(process.env, readText);
  const alertConfig = readAlertConfig(process.env, readText);
  const store = openStore(connectionOf(process.env));
  const nowUs = () => Date.now() * 1000;
  const metrics = createMetrics({ withProcess: true });
  const alerts = buildAlerts({
    ...{ config: alertConfig, store, metrics, nowUs },
    queryTimeoutMs: config.queryTimeoutMs,
    apiUrl: urlOf(config),
    log: (level, event, fields) => app.log[level](fields, event),
  });
  const audit = buildAudit({
    ...{ store, metrics },
    log: (level, event, fields) => app.log[level](fields, event),
  });
  const app = await buildApi({
    ...{ config, store: clickhouseStore(store), nowUs, metrics, alerts, audit },
    logger: { level: config.logLevel },
  });
  const stopped = new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await listen(app, config);
  alerts?.start();
  const signal = await stopped;
  app.log.info({ signal }, 'api stops');
  setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
  await alerts?.close();
  await app.close();
  await audit.close();
  await store.close();
}

function connectionOf(env: NodeJS.ProcessEnv) {
  const config = readStoreConfig(env);
  if (config.kind === 'server') return config.connection;
  throw new AppError('HOP_CONFIG_INVALID', 'the API cannot start', {
    errors: [
      {
        field: 'CLICKHOUSE_URL',
        text: 'is not set, and the API alone does not start the embedded ClickHouse.',
        remedy: 'Set CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, or use npm start.',
      },
    ],
  });
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(`${describe(error)}\n`);
});

function describe(error: unknown): string {
  if (error instanceof AppError) return describeError(error);
  if (error instanceof StoreError) return `${error.code}: ${error.message}\n  ${error.remedy}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
