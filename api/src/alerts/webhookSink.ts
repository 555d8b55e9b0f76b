/**
 * Any receiver of JSON: one call per evaluation in which alerts began to fire or were resolved, signed, tried again
 * until it is taken. A receiver may get the same twice, and tells by Idempotency-Key.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Alert } from '@hoptrace/domain/rest/alerts.ts';
import { linkOf, SEND_TIMEOUT_MS, type Sink, type SinkDeps } from './sink.ts';

/** Evaluations with news; a receiver that is away for longer than that loses the oldest, and that is counted. */
const MAX_WAITING = 1000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

interface Message {
  readonly body: string;
  readonly key: string;
  readonly alerts: number;
}

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  readonly nowMs: () => number;
}

export function webhookSink({ url, secret, nowMs }: WebhookOptions, deps: SinkDeps): Sink {
  const stop = new AbortController();
  const waiting: Message[] = [];
  let running: Promise<void> | null = null;
  let isWell = true;

  async function post({ body, key }: Message): Promise<void> {
    const at = Math.floor(nowMs() / 1000);
    const response = await deps.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        'x-hoptrace-signature': signatureOf(secret, at, body),
      },
      body,
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 200)}`);
  }

  async function drain(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      try {
        await post(first);
        if (waiting[0] === first) waiting.shift();
        deps.count('webhook', 'sent', first.alerts);
        if (!isWell) deps.log('info', 'webhook answers again', { url });
        isWell = true;
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (stop.signal.aborted) return;
        deps.count('webhook', 'failed', first.alerts);
        const reason = error instanceof Error ? error.message : String(error);
        if (isWell) deps.log('warn', 'webhook did not take it', { url, reason });
        isWell = false;
        await pause(retryMs, stop.signal);
        retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
      }
      if (stop.signal.aborted) return;
    }
  }

  return {
    name: 'webhook',
    tell: (_alerts, changes, nowUs) => {
      if (changes.length > 0) {
        if (waiting.length >= MAX_WAITING)
          deps.count('webhook', 'dropped', waiting.shift()?.alerts ?? 0);
        waiting.push(messageOf(changes, nowUs, deps.pageUrl));
      }
      if (waiting.length === 0 || running !== null || stop.signal.aborted) return;
      running = drain().finally(() => {
        running = null;
      });
    },
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`, so that an old call cannot be played again later. */
export function signatureOf(secret: string, atSeconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${hmac}`;
}

function messageOf(changes: readonly Alert[], nowUs: number, pageUrl: string): Message {
  const alerts = changes.map((alert) => ({ ...alert, url: linkOf(pageUrl, alert) }));
  const names = changes.map(({ alertId, startedAtUs, state }) => [alertId, startedAtUs, state]);
  return {
    body: JSON.stringify({ version: 1, sentAtUs: nowUs, alerts }),
    key: createHash('sha256').update(JSON.stringify(names)).digest('hex'),
    alerts: changes.length,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
