/**
 * Alertmanager, API v2: it is told everything that fires again and again, and forgets by itself what is not told any
 * more (endsAt). So nothing is queued here: what one call missed the next one says.
 */
import type { Alert } from '@hoptrace/domain/rest/alerts.ts';
import { linkOf, SEND_TIMEOUT_MS, type Sink, type SinkDeps } from './sink.ts';

/** Prometheus does the same: resend every minute, ends after four missed ones. */
const RESEND_US = 60_000_000;
const ENDS_AFTER_US = 4 * RESEND_US;
/** After a failure: soon, and no faster than evaluations. */
const RETRY_US = 5_000_000;
const MAX_ALERTS_PER_CALL = 500;

export function alertmanagerSink(url: string, deps: SinkDeps): Sink {
  const address = new URL('api/v2/alerts', url.endsWith('/') ? url : `${url}/`).href;
  const stop = new AbortController();
  let nextUs = 0;
  let isWell = true;
  let underWay: Promise<void> | null = null;

  async function send(alerts: readonly Alert[], nowUs: number): Promise<void> {
    try {
      for (let start = 0; start < alerts.length; start += MAX_ALERTS_PER_CALL)
        await post(alerts.slice(start, start + MAX_ALERTS_PER_CALL), nowUs);
      deps.count('alertmanager', 'sent', alerts.length);
      if (!isWell) deps.log('info', 'alertmanager answers again', { url });
      isWell = true;
    } catch (error) {
      if (stop.signal.aborted) return;
      nextUs = nowUs + RETRY_US;
      deps.count('alertmanager', 'failed', alerts.length);
      if (isWell) deps.log('warn', 'alertmanager was not told', { url, reason: reasonOf(error) });
      isWell = false;
    }
  }

  async function post(alerts: readonly Alert[], nowUs: number): Promise<void> {
    const response = await deps.fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts.map((alert) => bodyOf(alert, nowUs, deps.pageUrl))),
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 200)}`);
  }

  return {
    name: 'alertmanager',
    tell: (alerts, changes, nowUs) => {
      if (changes.length > 0) nextUs = 0;
      if (underWay !== null || nowUs < nextUs || alerts.length === 0) return;
      nextUs = nowUs + RESEND_US;
      underWay = send(alerts, nowUs).finally(() => {
        underWay = null;
      });
    },
    close: async () => {
      stop.abort();
      await underWay;
    },
  };
}

/** The postable alert of Alertmanager's OpenAPI (api/v2/openapi.yaml). */
function bodyOf(alert: Alert, nowUs: number, pageUrl: string): object {
  const { labels, ruleId, severity, kind, text, remedy, state } = alert;
  const endsAtUs = state === 'resolved' ? (alert.resolvedAtUs ?? nowUs) : nowUs + ENDS_AFTER_US;
  return {
    labels: { ...labels, alertname: ruleId, severity, kind },
    annotations: { summary: text, description: text, remedy },
    startsAt: isoOf(alert.startedAtUs),
    endsAt: isoOf(endsAtUs),
    generatorURL: linkOf(pageUrl, alert),
  };
}

const isoOf = (us: number) => new Date(us / 1000).toISOString();
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
