/** /healthz, /readyz, /metrics: for probes and scrapers. The first two need no token and tell nothing secret. */
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { isPageBuilt } from '../page.ts';
import type { PathStore, StoreCall } from '../pathStore.ts';
import { type Check, healthSchema, readinessSchema } from '../responses.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

export function registerOperations(app: ApiApp, deps: RouteDeps): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['operations'],
        summary: 'The process answers',
        description: 'Looks at nothing else; use /readyz to learn whether it can answer questions.',
        security: [],
        response: { 200: ok('alive', healthSchema) },
      },
    },
    async () => ({ status: 'alive' as const }),
  );
  registerReadiness(app, deps);
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['operations'],
        summary: 'Prometheus metrics of the API',
        response: {
          200: {
            description: 'Prometheus text format',
            content: { 'text/plain': { schema: z.string() } },
          },
          ...PROBLEMS,
        },
      },
      // The text is no JSON: the schema documents it, and must not quote it.
      serializerCompiler: () => (text) => String(text),
    },
    async (_request, reply) => {
      const { registry } = deps.metrics;
      reply.header('content-type', registry.contentType);
      return registry.metrics();
    },
  );
}

function registerReadiness(app: ApiApp, { store, webRoot }: RouteDeps): void {
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['operations'],
        summary: 'The API can answer questions; says what is missing',
        security: [],
        response: {
          200: ok('ready', readinessSchema),
          503: ok('something required is missing', readinessSchema),
        },
      },
    },
    async (request, reply) => {
      const checks = [await checkStore(store, request, request.log), await checkPage(webRoot)];
      const failed = checks.filter((check) => !check.isReady);
      const isReady = failed.every((check) => !check.isRequired);
      reply.code(isReady ? 200 : 503);
      return {
        status: isReady ? ('ready' as const) : ('notReady' as const),
        missing: failed.map((check) => check.name),
        checks,
      };
    },
  );
}

async function checkStore(
  store: PathStore,
  call: StoreCall,
  log: FastifyBaseLogger,
): Promise<Check> {
  const base = { name: 'store', isRequired: true };
  try {
    await store.ping(call);
    return { ...base, isReady: true, text: 'The store answers.', remedy: null };
  } catch (error) {
    log.warn({ err: error }, 'store does not answer');
    return {
      ...base,
      isReady: false,
      text: 'The store (ClickHouse) does not answer queries.',
      remedy: remedyOf(error),
    };
  }
}

/** Remedies name settings and steps; texts may name hosts and stay in the log. */
function remedyOf(error: unknown): string {
  const remedy = error instanceof AppError ? error.errors[0]?.remedy : undefined;
  return remedy ?? 'Check that ClickHouse runs and that CLICKHOUSE_URL and its user are right.';
}

async function checkPage(webRoot: string): Promise<Check> {
  const isReady = await isPageBuilt(webRoot);
  return {
    name: 'page',
    isRequired: false,
    isReady,
    text: isReady ? 'The web page is built.' : 'The web page is not built; the API works without.',
    remedy: isReady ? null : 'Run npm run build:web.',
  };
}
