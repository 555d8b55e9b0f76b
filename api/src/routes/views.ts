/** What the views of a service draw, added up by the store: its graph, its changes, its refusals over time. */
import { changeFilterSchema, changeListSchema } from '@hoptrace/domain/rest/changes.ts';
import {
  refusalTimelineSchema,
  timelineFilterSchema,
} from '@hoptrace/domain/rest/refusalTimeline.ts';
import {
  serviceGraphFilterSchema,
  serviceGraphSchema,
} from '@hoptrace/domain/rest/serviceGraph.ts';
import { addUpGraph } from '@hoptrace/domain/views/addUpGraph.ts';
import { changesOf } from '@hoptrace/domain/views/changesOf.ts';
import { z } from 'zod';
import { askedClusters } from '../access.ts';
import { badParameter } from '../parameters.ts';
import type { PathStore, StoreCall } from '../pathStore.ts';
import { resolveWindow } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const MAX_STATES = 5000;
const MAX_NODES = 1000;
const MAX_BUCKETS = 90;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];
const ZONE_LABEL = 'topology.kubernetes.io/zone';

const nodeLabels = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
});
const serviceSchema = z.object({
  namespace: z.string().min(1).describe('namespace of the service, such as shop'),
  name: z.string().min(1).describe('name of the service, such as web'),
});

export function registerViews(app: ApiApp, deps: RouteDeps): void {
  registerGraph(app, deps);
  registerChanges(app, deps);
  registerTimeline(app, deps);
}

function registerGraph(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/services/:namespace/:name/graph',
    {
      schema: {
        operationId: 'getServiceGraph',
        tags: ['services'],
        summary: 'The ways that requests of a service took',
        description: `Parties, the hops between them with latency, extra hops and refusals, and what each party saw of the client; of the newest 10,000 requests in [from, to).

    curl 'http://127.0.0.1:7040/api/v1/services/shop/web/graph?from=2026-01-01T12:00:00Z'`,
        params: serviceSchema,
        querystring: serviceGraphFilterSchema,
        response: { 200: ok('the graph', serviceGraphSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { cluster, port, node } = request.query;
      const window = resolveWindow(request.query, nowUs());
      const call = { signal: request.signal, clusters: askedClusters(cluster, request) };
      const { namespace, name } = request.params;
      const found = await store.serviceGraph({ ...window, namespace, name, port, node }, call);
      const zones = found.edges.length === 0 ? new Map() : await zonesAt(store, window.to, call);
      return {
        fromUs: window.from,
        toUs: window.to,
        service: { namespace, name },
        totals: found.totals,
        isWhole: found.isWhole,
        sightings: [...found.sightings],
        scenarios: [...found.scenarios],
        ...addUpGraph(found.edges, zones),
      };
    },
  );
}

/** Zone by machine. Of several clusters a name may stand for machines in different zones: then it is not known. */
async function zonesAt(
  store: PathStore,
  atUs: number,
  call: StoreCall,
): Promise<ReadonlyMap<string, string>> {
  const query = { atUs, kind: 'Node', after: null, limit: MAX_NODES };
  const zones = new Map<string, string>();
  const disputed = new Set<string>();
  for (const { name, object } of await store.topologyAt(query, call)) {
    const parsed = nodeLabels.safeParse(object);
    const zone = parsed.success ? parsed.data.metadata.labels[ZONE_LABEL] : undefined;
    if (zone === undefined) continue;
    if ((zones.get(name) ?? zone) !== zone) disputed.add(name);
    zones.set(name, zone);
  }
  for (const name of disputed) zones.delete(name);
  return zones;
}

function registerChanges(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/changes',
    {
      schema: {
        operationId: 'listChanges',
        tags: ['cluster'],
        summary: 'What changed in the topology',
        description: `Policies, endpoints, Services and nodes that changed in [from, to), told as differences, newest first. All are on one page: nextCursor is always null.

    curl 'http://127.0.0.1:7040/api/v1/changes?service=shop/web'`,
        querystring: changeFilterSchema,
        response: { 200: ok('the changes', changeListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { cluster, service } = request.query;
      const { from, to } = resolveWindow(request.query, nowUs());
      const call = { signal: request.signal, clusters: askedClusters(cluster, request) };
      const states = await store.topologyBetween({ from, to, service, rows: MAX_STATES }, call);
      return {
        fromUs: from,
        toUs: to,
        items: changesOf(states, { fromUs: from, toUs: to }),
        isWhole: states.length < MAX_STATES,
        nextCursor: null,
      };
    },
  );
}

function registerTimeline(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/refusals/timeline',
    {
      schema: {
        operationId: 'getRefusalTimeline',
        tags: ['paths'],
        summary: 'Refusals by machine, port and time',
        description: `How many connections each place (machine and port) refused and took in each step of [from, to), widened to whole steps; the 200 places with the most refusals.

    curl 'http://127.0.0.1:7040/api/v1/refusals/timeline?service=shop/web&step=60'`,
        querystring: timelineFilterSchema,
        response: { 200: ok('the timeline', refusalTimelineSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { cluster, service, node, step } = request.query;
      const asked = resolveWindow(request.query, nowUs());
      const stepSeconds = stepOf(asked.to - asked.from, step);
      const stepUs = stepSeconds * 1e6;
      const from = Math.floor(asked.from / stepUs) * stepUs;
      const to = Math.ceil(asked.to / stepUs) * stepUs;
      const call = { signal: request.signal, clusters: askedClusters(cluster, request) };
      const found = await store.refusalTimeline({ from, to, service, node, stepUs }, call);
      return { fromUs: from, toUs: to, stepSeconds, ...found, places: [...found.places] };
    },
  );
}

function stepOf(lengthUs: number, asked: number | undefined): number {
  const fits = (seconds: number) => Math.ceil(lengthUs / (seconds * 1e6)) <= MAX_BUCKETS;
  if (asked === undefined) return STEPS_S.find(fits) ?? Math.ceil(lengthUs / MAX_BUCKETS / 1e6);
  if (Math.ceil(lengthUs / (asked * 1e6)) <= 10 * MAX_BUCKETS) return asked;
  throw badParameter(
    'step',
    `A step of ${asked} s makes more than ${10 * MAX_BUCKETS} buckets of this window.`,
    'Write a longer step, or a shorter window.',
  );
}
