/** GET /api/v1/agents and /api/v1/overview. */
import { pathFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { z } from 'zod';
import type { PathStore, StoreCall } from '../pathStore.ts';
import { type Agent, agentListSchema, overviewSchema } from '../responses.ts';
import { resolveWindow } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

/** Agents speak every 5 s and the collector notes it at most every 5 s; two of each may be late. */
const SILENT_AFTER_US = 20_000_000;
/** Who was not heard of for longer is gone rather than silent. */
const REMEMBERED_US = 24 * 3600 * 1_000_000;

const overviewQuerySchema = pathFilterSchema.pick({ from: true, to: true });

export function registerCluster(app: ApiApp, deps: RouteDeps): void {
  registerAgents(app, deps);
  registerOverview(app, deps);
}

function registerAgents(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/agents',
    {
      schema: {
        operationId: 'listAgents',
        tags: ['cluster'],
        summary: 'Agents and what they lost',
        description: `One item per node whose agent was heard of in the last 24 h. All are on one page: nextCursor is always null.

    curl http://127.0.0.1:7040/api/v1/agents`,
        querystring: z.strictObject({}),
        response: { 200: ok('all agents', agentListSchema), ...PROBLEMS },
      },
    },
    async (request) => ({
      items: await agentsAt(nowUs(), store, request),
      nextCursor: null,
    }),
  );
}

function registerOverview(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/overview',
    {
      schema: {
        operationId: 'getOverview',
        tags: ['cluster'],
        summary: 'Counts for a time range',
        description: `Paths by outcome, extra hops, services and agents in [from, to).

    curl 'http://127.0.0.1:7040/api/v1/overview?from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z'`,
        querystring: overviewQuerySchema,
        response: { 200: ok('the counts', overviewSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const window = resolveWindow(request.query, nowUs());
      // One after the other: a request takes one place among the queries, not two.
      const counts = await store.overview(window, request);
      const agents = await agentsAt(nowUs(), store, request);
      const silent = agents.filter((agent) => agent.isSilent).length;
      return {
        fromUs: window.from,
        toUs: window.to,
        ...counts,
        agents: { known: agents.length, silent },
      };
    },
  );
}

async function agentsAt(nowUs: number, store: PathStore, call: StoreCall): Promise<Agent[]> {
  const lossesSinceUs = nowUs - REMEMBERED_US;
  const rows = await store.listAgents(lossesSinceUs, call);
  return rows.map((row) => ({
    ...row,
    lossesSinceUs,
    isSilent: nowUs - row.lastSeenUs > SILENT_AFTER_US,
  }));
}
