/** Store, collector and API on one machine, started in this order and stopped in reverse. */
import { buildAlerts } from '@hoptrace/api/alerts/alerts.ts';
import type { AlertConfig } from '@hoptrace/api/alerts/config.ts';
import { buildApi } from '@hoptrace/api/app.ts';
import { buildAudit } from '@hoptrace/api/audit/audit.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import type { ApiConfig } from '@hoptrace/api/config.ts';
import { listen, urlOf } from '@hoptrace/api/listen.ts';
import { createMetrics } from '@hoptrace/api/metrics.ts';
import { buildCollector } from '@hoptrace/collector/app.ts';
import type { CollectorConfig } from '@hoptrace/collector/config.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import type { Retention, StoreConfig, StoreConnection } from '@hoptrace/store/config.ts';
import { startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { ensureDatabase, migrate } from '@hoptrace/store/migrate.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Progress } from './progress.ts';

export interface ServicesConfig {
  readonly store: StoreConfig;
  readonly collector: CollectorConfig;
  readonly api: ApiConfig;
  readonly alerts: AlertConfig;
}

export interface ServicesDeps {
  readonly lifecycle: Lifecycle;
  readonly progress: Progress;
  /** The embedded database ended although nobody asked it to. */
  readonly onStoreExit: (reason: string) => void;
}

export interface Services {
  /** `http://127.0.0.1:7040`. */
  readonly apiUrl: string;
  /** `http://127.0.0.1:7041`. */
  readonly collectorUrl: string;
}

/** What was started before a failure is in the lifecycle: the caller stops it. */
export async function startServices(config: ServicesConfig, deps: ServicesDeps): Promise<Services> {
  const { lifecycle, progress } = deps;
  const connections = await connect(config.store, deps);
  await progress.step('schema', () => bringUpToDate(connections.owner, config.store.retention));
  const open = (name: string, connection: StoreConnection) => {
    const store = openStore(connection);
    lifecycle.add(name, () => store.close());
    return store;
  };
  const written = open('store of the collector', connections.writer);
  const read = open('store of the API', connections.reader);
  const { url: collectorUrl } = await progress.step('collector', async () => {
    const collector = buildCollector({
      config: config.collector,
      store: collectorStoreOf(written),
      logger: { level: config.collector.logLevel, base: { service: 'collector' } },
    });
    lifecycle.add('collector', () => collector.close());
    return collector.start();
  });
  const apiUrl = await progress.step('API', () => startApi(config, read, lifecycle));
  return { apiUrl, collectorUrl };
}

/** Alerts are evaluated from the moment on that the API answers. */
async function startApi(
  config: ServicesConfig,
  store: Store,
  lifecycle: Lifecycle,
): Promise<string> {
  const nowUs = () => Date.now() * 1000;
  const metrics = createMetrics({ withProcess: false });
  const alerts = buildAlerts({
    ...{ config: config.alerts, store, metrics, nowUs },
    queryTimeoutMs: config.api.queryTimeoutMs,
    apiUrl: urlOf(config.api),
    log: (level, event, fields) => app.log[level](fields, event),
  });
  const audit = buildAudit({
    ...{ store, metrics },
    log: (level, event, fields) => app.log[level](fields, event),
  });
  lifecycle.add('audit log', () => audit.close());
  const app = await buildApi({
    config: config.api,
    store: clickhouseStore(store),
    logger: { level: config.api.logLevel, base: { service: 'api' } },
    ...{ nowUs, metrics, alerts, audit },
  });
  lifecycle.add('API', () => app.close());
  const url = await listen(app, config.api);
  if (alerts !== null) {
    lifecycle.add('alerts', () => alerts.close());
    alerts.start();
  }
  return url;
}

/** Each part works as the least privileged user that will do. A server has one user for all, the one of CLICKHOUSE_USER. */
interface Connections {
  readonly owner: StoreConnection;
  readonly writer: StoreConnection;
  readonly reader: StoreConnection;
}

async function bringUpToDate(owner: StoreConnection, retention: Retention): Promise<void> {
  const store = openStore(owner);
  try {
    await ensureDatabase(owner);
    await migrate(store, { retention });
  } finally {
    await store.close();
  }
}

async function connect(config: StoreConfig, deps: ServicesDeps): Promise<Connections> {
  if (config.kind === 'server') {
    deps.progress.say(`  ClickHouse at ${config.connection.url}`);
    const { connection } = config;
    return { owner: connection, writer: connection, reader: connection };
  }
  return deps.progress.step('ClickHouse (embedded)', async () => {
    const engine = await startEmbedded({ dataDir: config.dataDir, httpPort: config.httpPort });
    let isStopping = false;
    deps.lifecycle.add('ClickHouse', async () => {
      isStopping = true;
      await engine.stop();
    });
    void engine.exited.then((exit) => {
      if (!isStopping)
        deps.onStoreExit(`the embedded ClickHouse ended by itself: ${JSON.stringify(exit)}`);
    });
    return { owner: engine, writer: engine.as('writer'), reader: engine.as('reader') };
  });
}
