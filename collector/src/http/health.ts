/** /healthz (the process lives), /readyz (what is missing for its work), /metrics. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.ts';

const PING_TIMEOUT_MS = 2000;

export interface Missing {
  readonly what: 'store' | 'topology' | 'listener';
  readonly text: string;
  readonly remedy: string;
}

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly pingStore: () => Promise<void>;
  /** What an operator should know and what is no reason to be unready: a broken file, senders over their limits. */
  readonly warnings: () => readonly string[];
  readonly isClosing: () => boolean;
  /** Called before a scrape, for gauges that nobody sets on change. */
  readonly refreshMetrics: () => void;
}

export function registerHealth(app: FastifyInstance, options: HealthOptions): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const missing = await findMissing(options);
    const warnings = options.warnings();
    const isReady = missing.length === 0;
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, missing, warnings });
  });
  app.get('/metrics', async (_request, reply) => {
    options.refreshMetrics();
    const { registry } = options.metrics;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

async function findMissing({ isClosing, pingStore }: HealthOptions): Promise<Missing[]> {
  if (isClosing()) {
    const remedy = 'send to another collector, or again when this one is back';
    return [{ what: 'listener', text: 'the collector is shutting down', remedy }];
  }
  if (await answersInTime(pingStore)) return [];
  return [
    {
      what: 'store',
      text: `ClickHouse does not answer within ${PING_TIMEOUT_MS} ms`,
      remedy:
        'check CLICKHOUSE_URL and the server; batches wait in the queue and at the agents meanwhile',
    },
  ];
}

/** The reason is in the log (where inserts fail); this page is open to everybody and tells no internals. */
async function answersInTime(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
  });
  const answered = ping().then(
    () => true,
    () => false,
  );
  const isAnswered = await Promise.race([answered, timeout]);
  clearTimeout(timer);
  return isAnswered;
}
