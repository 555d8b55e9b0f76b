/** The alert engine of a process, wired from its settings. Nothing is asked until it is started. */
import type { Store } from '@hoptrace/store/client.ts';
import type { ApiMetrics } from '../metrics.ts';
import { createAlertMetrics } from './alertMetrics.ts';
import { alertmanagerSink } from './alertmanagerSink.ts';
import { clickhouseAlertStore } from './alertStore.ts';
import type { AlertConfig } from './config.ts';
import { AlertEngine } from './engine.ts';
import type { Sink, SinkDeps } from './sink.ts';
import { webhookSink } from './webhookSink.ts';

export interface AlertDeps {
  readonly config: AlertConfig;
  readonly store: Store;
  readonly metrics: ApiMetrics;
  readonly queryTimeoutMs: number;
  /** Where the API answers, if no other address is set for links. */
  readonly apiUrl: string;
  readonly nowUs: () => number;
  readonly log: SinkDeps['log'];
}

/** null: alerts are off. */
export function buildAlerts(deps: AlertDeps): AlertEngine | null {
  const { config, store, queryTimeoutMs, nowUs, log } = deps;
  if (!config.isOn) return null;
  const metrics = createAlertMetrics(deps.metrics.registry);
  const sinkDeps: SinkDeps = {
    fetch,
    count: (sink, result, alerts) => metrics.notifications.inc({ sink, result }, alerts),
    log,
    pageUrl: config.pageUrl ?? deps.apiUrl,
  };
  return new AlertEngine({
    store: clickhouseAlertStore(store),
    rules: config.rules,
    sinks: sinksOf(config, nowUs, sinkDeps),
    metrics,
    intervalMs: config.intervalMs,
    ...{ queryTimeoutMs, nowUs, log },
  });
}

function sinksOf(config: AlertConfig, nowUs: () => number, deps: SinkDeps): Sink[] {
  const { alertmanagerUrls, webhookUrls, webhookSecret } = config;
  const nowMs = () => nowUs() / 1000;
  return [
    ...alertmanagerUrls.map((url) => alertmanagerSink(url, deps)),
    ...(webhookSecret === null
      ? []
      : webhookUrls.map((url) => webhookSink({ url, secret: webhookSecret, nowMs }, deps))),
  ];
}
