/** GET /api/v1/missing: what the answers of a time range cannot tell, because nobody saw it. */
import { pathFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { askedClusters } from '../access.ts';
import { missingSchema } from '../responses.ts';
import { resolveWindow } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

/** As for the list of agents: two heartbeats may be late. */
const SILENT_AFTER_US = 20_000_000;
const MINUTE_US = 60_000_000;
/** So many steps at most, so that a week is told as readably as an hour. */
const STEPS = 120;

const missingQuerySchema = pathFilterSchema.pick({ from: true, to: true, cluster: true });

export function registerMissing(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/missing',
    {
      schema: {
        operationId: 'getMissing',
        tags: ['cluster'],
        summary: 'What is missing',
        description: `Losses of agents over time, times in which an agent was not heard of, and paths with parts that nobody saw, in [from, to). What the collector itself had to let go of is in its own /metrics (hoptrace_collector_stitch_evicted_records_total).

    curl 'http://127.0.0.1:7040/api/v1/missing?from=2026-01-01T12:00:00Z'`,
        querystring: missingQuerySchema,
        response: { 200: ok('what is missing', missingSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const window = resolveWindow(request.query, nowUs());
      const clusters = askedClusters(request.query.cluster, request);
      const steps = Math.ceil((window.to - window.from) / STEPS / MINUTE_US);
      const stepUs = Math.max(1, steps) * MINUTE_US;
      const facts = await store.missing(
        { ...window, stepUs, silentUs: SILENT_AFTER_US },
        { signal: request.signal, clusters },
      );
      return { fromUs: window.from, toUs: window.to, stepUs, ...facts };
    },
  );
}
