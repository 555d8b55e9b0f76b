/** GET /api/v1/services and /api/v1/services/{namespace}/{name}/stats: counts from roll-ups. */
import {
  type ServiceStatsFilter,
  serviceListFilterSchema,
  serviceListSchema,
  serviceStatsFilterSchema,
  serviceStatsSchema,
} from '@hoptrace/domain/rest/services.ts';
import { z } from 'zod';
import { badParameter } from '../parameters.ts';
import type { TimeWindow } from '../pathStore.ts';
import { resolveWindow } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const MINUTE_S = 60;
const HOUR_S = 3600;
const MINUTES_UP_TO_US = 6 * HOUR_S * 1e6;
/** A day by minute, two months by hour. */
const MAX_POINTS = 1500;

const serviceSchema = z.object({
  namespace: z.string().min(1).describe('namespace of the service, such as shop'),
  name: z.string().min(1).describe('name of the service, such as web'),
});

export function registerServices(app: ApiApp, deps: RouteDeps): void {
  registerServiceList(app, deps);
  registerServiceStats(app, deps);
}

function registerServiceList(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/services',
    {
      schema: {
        operationId: 'listServices',
        tags: ['services'],
        summary: 'Services and their counts',
        description: `Requests, refusals by cause, extra hops and response times of each service in [from, to), widened to whole minutes; the busiest first. All are on one page: nextCursor is always null.

    curl 'http://127.0.0.1:7040/api/v1/services?from=2026-01-01T12:00:00Z&to=2026-01-01T13:00:00Z'`,
        querystring: serviceListFilterSchema,
        response: { 200: ok('the services', serviceListSchema), ...PROBLEMS },
      },
      config: { tellsOfAllClusters: true },
    },
    async (request) => {
      const window = widened(resolveWindow(request.query, nowUs()), MINUTE_S);
      const counted = await store.listServices(window, request);
      return { fromUs: window.from, toUs: window.to, ...counted, nextCursor: null };
    },
  );
}

function registerServiceStats(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/services/:namespace/:name/stats',
    {
      schema: {
        operationId: 'getServiceStats',
        tags: ['services'],
        summary: 'One service over time',
        description: `Counts and durations of the service's requests, and of each hop of their paths, by step; [from, to) is widened to whole steps. With entryNode or ingress the hops are left out: they are not counted by those.

    curl 'http://127.0.0.1:7040/api/v1/services/shop/web/stats?step=60'`,
        params: serviceSchema,
        querystring: serviceStatsFilterSchema,
        response: { 200: ok('the counts', serviceStatsSchema), ...PROBLEMS },
      },
      config: { tellsOfAllClusters: true },
    },
    async (request) => {
      const { from, to, step, ...filters } = request.query;
      const asked = resolveWindow({ from, to }, nowUs());
      const stepSeconds = stepOf(asked, step);
      const window = widened(asked, stepSeconds);
      const query = { ...request.params, ...filters, ...window, stepSeconds };
      const counted = await store.serviceStats(query, request);
      return { fromUs: window.from, toUs: window.to, stepSeconds, ...counted };
    },
  );
}

function stepOf({ from, to }: TimeWindow, step: ServiceStatsFilter['step']): number {
  const stepSeconds = step ?? (to - from <= MINUTES_UP_TO_US ? MINUTE_S : HOUR_S);
  const points = Math.ceil((to - from) / (stepSeconds * 1e6));
  if (points <= MAX_POINTS) return stepSeconds;
  throw badParameter(
    'step',
    `A step of ${stepSeconds} s makes ${points} points of this window.`,
    `Write a step that makes at most ${MAX_POINTS}, or a shorter window.`,
  );
}

function widened({ from, to }: TimeWindow, stepSeconds: number): TimeWindow {
  const stepUs = stepSeconds * 1e6;
  return { from: Math.floor(from / stepUs) * stepUs, to: Math.ceil(to / stepUs) * stepUs };
}
