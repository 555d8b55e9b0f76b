/** GET /api/v1/paths/{id}/routes: the rules of Ingresses and HTTPRoutes that lead to where a proxy connected. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { type PathRoutes, pathRoutesSchema } from '@hoptrace/domain/rest/routes.ts';
import {
  type RouteRule,
  rulesTo,
  type ServiceName,
  servicesWithEndpoint,
} from '@hoptrace/domain/topology/routes.ts';
import { type KubernetesObject, kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { PathStore, StoreCall, TopologyPlace } from '../pathStore.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const PAGE = 1000;
/** Of each kind: more than a cluster has of rules that anybody can still read. */
const MAX_PAGES = 10;
const idSchema = z.object({ id: z.string().describe('pathId of a path') });

export function registerPathRoutes(app: ApiApp, { store }: RouteDeps): void {
  app.get(
    '/api/v1/paths/:id/routes',
    {
      schema: {
        operationId: 'getPathRoutes',
        tags: ['paths'],
        summary: 'Rules that lead to the app of a path',
        description: `Rules of Ingresses and HTTPRoutes, as they were when the path began, that lead to the Service whose endpoint the ingress proxy connected to. Agents see no host and no path of a request: where several rules lead there, which one it matched is not known.

    curl http://127.0.0.1:7040/api/v1/paths/0ftuxr6f400-3f1c9a5be0d24c77/routes`,
        params: idSchema,
        querystring: z.strictObject({}),
        response: { 200: ok('the rules', pathRoutesSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const path = /^[0-9a-z]{11}-[0-9a-f]{16}$/.test(id) ? await store.getPath(id, request) : null;
      if (path === null) {
        const shown = JSON.stringify(id.slice(0, 80));
        throw new AppError('HOP_PATH_NOT_FOUND', `There is no path ${shown}: it may have expired.`);
      }
      return routesOf(path, store, request);
    },
  );
}

async function routesOf(path: Path, store: PathStore, call: StoreCall): Promise<PathRoutes> {
  const { pathId, startedAtUs: atUs } = path;
  const nothing = { pathId, atUs, services: [], rules: [], isWhole: true };
  const ip = behindProxy(path);
  if (ip === null) return { ...nothing, text: 'No ingress proxy on this path.' };
  const slices = await objectsAt(store, { atUs, kind: 'EndpointSlice', path }, call);
  const services = unique(servicesWithEndpoint(slices.objects, ip));
  if (services.length === 0) {
    const text = 'Where the ingress connected to is no endpoint of a Service that is known.';
    return { ...nothing, isWhole: slices.isWhole, text };
  }
  const ingresses = await objectsAt(store, { atUs, kind: 'Ingress', path }, call);
  const httpRoutes = await objectsAt(store, { atUs, kind: 'HTTPRoute', path }, call);
  const rules = rulesTo([...ingresses.objects, ...httpRoutes.objects], services);
  const isWhole = slices.isWhole && ingresses.isWhole && httpRoutes.isWhole;
  return { pathId, atUs, services, rules, isWhole, text: textOf(rules, services, isWhole) };
}

/** Where the last ingress on the way connected to. */
function behindProxy({ hops }: Path): string | null {
  return hops.findLast(({ from }) => from.role === 'ingress')?.to.ip ?? null;
}

function textOf(
  rules: readonly RouteRule[],
  services: readonly ServiceName[],
  isWhole: boolean,
): string {
  const to = services.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  const [only] = rules;
  if (!isWhole) {
    return `There are more rules than are read for one answer; ${rules.length} of those read lead to ${to}.`;
  }
  if (only === undefined) {
    return `No Ingress and no HTTPRoute that hoptrace watches leads to ${to}.`;
  }
  if (rules.length > 1) {
    return `${rules.length} rules lead to ${to}. Host and path of a request are not seen, so which of them it matched is not known.`;
  }
  return `One rule leads to ${to}: ${ruleText(only)}. Host and path of the request are not seen.`;
}

function ruleText({ kind, namespace, name, host, path, pathType }: RouteRule): string {
  const where = `host ${host ?? 'any'}, path ${path ?? 'any'}${pathType === '' ? '' : ` (${pathType})`}`;
  return `${kind} ${namespace}/${name}, ${where}`;
}

interface Asked {
  readonly atUs: number;
  readonly kind: 'EndpointSlice' | 'Ingress' | 'HTTPRoute';
  readonly path: Path;
}

/** Of the path's cluster; where that has no topology of its own, of the one that holds for all. */
async function objectsAt(store: PathStore, { atUs, kind, path }: Asked, call: StoreCall) {
  const objects: { readonly cluster: string; readonly object: KubernetesObject }[] = [];
  let after: TopologyPlace | null = null;
  let isWhole = false;
  for (let page = 0; page < MAX_PAGES && !isWhole; page++) {
    const items = await store.topologyAt({ atUs, kind, after, limit: PAGE }, call);
    for (const { cluster, object } of items) {
      const parsed = kubernetesObjectSchema.safeParse(object);
      if (parsed.success) objects.push({ cluster, object: parsed.data });
    }
    isWhole = items.length < PAGE;
    after = items.at(-1) ?? null;
  }
  const own = objects.filter(({ cluster }) => cluster === path.cluster);
  const meant = own.length > 0 ? own : objects.filter(({ cluster }) => cluster === '');
  return { objects: meant.map(({ object }) => object), isWhole };
}

function unique(services: readonly ServiceName[]): ServiceName[] {
  return [...new Map(services.map((each) => [`${each.namespace}/${each.name}`, each])).values()];
}
