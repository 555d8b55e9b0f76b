/** GET /api/v1/topology: the Kubernetes objects as they were at a time. */
import { topologyFilterSchema, topologyListSchema } from '@hoptrace/domain/rest/topology.ts';
import { z } from 'zod';
import { badCursor } from '../parameters.ts';
import type { TopologyPlace } from '../pathStore.ts';
import { requireMicroseconds } from '../timeWindow.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

const MAX_CURSOR_LENGTH = 2048;
/** Time, cluster, kind, namespace and name of the last item before. */
const cursorSchema = z.tuple([z.int().min(0), z.string(), z.string(), z.string(), z.string()]);

export function registerTopology(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/topology',
    {
      schema: {
        operationId: 'listTopology',
        tags: ['cluster'],
        summary: 'Kubernetes objects as of a time',
        description: `Nodes, Pods, Services, EndpointSlices, Ingresses, Gateways, HTTPRoutes and what agents found out about their nodes, as they were at \`at\`, each with the time for which it was so.

    curl 'http://127.0.0.1:7040/api/v1/topology?at=2026-01-01T12:00:00Z&kind=Service&namespace=shop'`,
        querystring: topologyFilterSchema,
        response: { 200: ok('a page of objects', topologyListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { at, cursor, limit, ...filter } = request.query;
      if (at !== undefined) requireMicroseconds('at', at);
      const place = cursor === undefined ? null : decode(cursor);
      if (place !== null && at !== undefined && at !== place.atUs)
        throw badCursor('This cursor belongs to another time (at).');
      const atUs = place?.atUs ?? at ?? nowUs();
      const after = place?.after ?? null;
      // One more than asked for tells whether there is a next page.
      const found = await store.topologyAt({ ...filter, atUs, after, limit: limit + 1 }, request);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const hasMore = found.length > limit && last !== undefined;
      return { atUs, items, nextCursor: hasMore ? encode(atUs, last) : null };
    },
  );
}

function encode(atUs: number, { cluster, kind, namespace, name }: TopologyPlace): string {
  const fields = [atUs, cluster, kind, namespace, name];
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

function decode(text: string): { atUs: number; after: TopologyPlace } {
  if (text.length > MAX_CURSOR_LENGTH) throw badCursor('This cursor is too long to be one.');
  try {
    const json: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const [atUs, cluster, kind, namespace, name] = cursorSchema.parse(json);
    return { atUs, after: { cluster, kind, namespace, name } };
  } catch {
    throw badCursor('This is no cursor of this API.');
  }
}
