/** GET /api/v1/load-balancers: who stands in front of Services, and what they hear of nodes. */
import {
  loadBalancerFilterSchema,
  loadBalancerListSchema,
} from '@hoptrace/domain/rest/loadBalancers.ts';
import { askedClusters } from '../access.ts';
import { balancersOf } from '../health/balancers.ts';
import { requireMicroseconds } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

export function registerLoadBalancers(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/load-balancers',
    {
      schema: {
        operationId: 'listLoadBalancers',
        tags: ['cluster'],
        summary: 'Load balancers in front of Services',
        description: `For each Service that a load balancer stands in front of: who it is, by status, annotations or configuration; both ends of the PROXY protocol; and for each node what its health check said in the last sinceSeconds, against what the endpoints demand.

    curl 'http://127.0.0.1:7040/api/v1/load-balancers?service=shop/web'`,
        querystring: loadBalancerFilterSchema,
        response: { 200: ok('the load balancers', loadBalancerListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { at, cluster, service, sinceSeconds, limit } = request.query;
      if (at !== undefined) requireMicroseconds('at', at);
      const atUs = at ?? nowUs();
      const span = { fromUs: Math.max(0, atUs - sinceSeconds * 1_000_000), toUs: atUs };
      const services = service === undefined ? [] : [service];
      // 403 for a cluster that the caller may not see; what is told of no cluster holds for all.
      askedClusters(cluster, request);
      const histories = await store.serviceHistories(
        { from: span.fromUs, to: span.toUs, services },
        request,
      );
      const found = await balancersOf(histories, span, (namespaces) =>
        store.proxyObjects({ atUs, namespaces }, request),
      );
      const all = found.filter((each) => cluster === undefined || each.cluster === cluster);
      return { atUs, items: all.slice(0, limit), nextCursor: null, isWhole: all.length <= limit };
    },
  );
}
