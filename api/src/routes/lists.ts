/** GET /api/v1/paths, /api/v1/paths/{id}, /api/v1/refusals. */
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import {
  pathFilterSchema,
  pathListSchema,
  refusalFilterSchema,
  refusalItemSchema,
  refusalListSchema,
} from '@hoptrace/domain/rest/queries.ts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { askedClusters } from '../access.ts';
import type { PagePlace } from '../cursor.ts';
import { AppError } from '../errors.ts';
import {
  answerList,
  EXPORT_TIMEOUT_MS,
  LIST_PARAMETERS,
  listContent,
} from '../lists/listAnswer.ts';
import type { StoreCall } from '../pathStore.ts';
import type { ApiApp, RouteDeps } from './routes.ts';
import { ok, PROBLEMS } from './routes.ts';

/** The domain makes ids of this form; others cannot exist, so that the store need not be asked. */
const PATH_ID = /^[0-9a-z]{11}-[0-9a-f]{16}$/;
const idSchema = z.object({
  id: z.string().describe('pathId of an item of a list, such as 0ftuxr6f400-3f1c9a5be0d24c77'),
});
const noParameters = z.strictObject({});
/** The domain's filters, and how the answer shall look. */
export const pathQuerySchema = pathFilterSchema.extend(LIST_PARAMETERS);
export const refusalQuerySchema = refusalFilterSchema.extend(LIST_PARAMETERS);

const PATH_COLUMNS = [
  'pathId',
  'startedAtUs',
  'cluster',
  'service.namespace',
  'service.name',
  'service.port',
  'client.ip',
  'client.port',
  'client.source',
  'outcome',
  'crossings',
  'extraHops',
  'class',
  'confidence',
  'completeness',
  'refusal.kind',
  'refusal.node',
  'refusal.cause',
];
const REFUSAL_COLUMNS = [
  'pathId',
  'startedAtUs',
  'cluster',
  'kind',
  'node',
  'destination.ip',
  'destination.port',
  'service.namespace',
  'service.name',
  'service.port',
  'client.ip',
  'cause',
  'synCount',
  'afterNs',
  'text',
  'remedy',
];

type Asked = Pick<FastifyRequest, 'signal' | 'clusters' | 'caller'> & {
  readonly query: { readonly cluster?: string | undefined };
};

/** What is asked for, within what the caller may see. */
function callOf(request: Asked): StoreCall {
  return { signal: request.signal, clusters: askedClusters(request.query.cluster, request) };
}

export function registerLists(app: ApiApp, deps: RouteDeps): void {
  registerPathList(app, deps);
  registerPath(app, deps);
  registerRefusalList(app, deps);
}

function registerPathList(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/paths',
    {
      schema: {
        operationId: 'listPaths',
        tags: ['paths'],
        summary: 'Recent paths',
        description: `Paths that started in [from, to), newest first; filters are combined with "and".

    curl 'http://127.0.0.1:7040/api/v1/paths?service=shop/web&outcome=served&extraHops=1&limit=10'`,
        querystring: pathQuerySchema,
        response: {
          200: { description: 'a page of paths', content: listContent(pathListSchema) },
          ...PROBLEMS,
        },
      },
      handlerTimeout: EXPORT_TIMEOUT_MS,
    },
    async (request, reply) => {
      const { fields: _fields, format: _format, ...filters } = request.query;
      const page = (place: PagePlace & { readonly limit: number }) =>
        store.listPaths({ ...filters, ...place }, callOf(request));
      const source = { name: 'paths', item: pathSchema, columns: PATH_COLUMNS, page };
      return answerList(request.query, source, { reply, nowUs: nowUs() });
    },
  );
}

function registerPath(app: ApiApp, { store }: RouteDeps): void {
  app.get(
    '/api/v1/paths/:id',
    {
      schema: {
        operationId: 'getPath',
        tags: ['paths'],
        summary: 'One path',
        description: `The newest version of one path.

    curl http://127.0.0.1:7040/api/v1/paths/0ftuxr6f400-3f1c9a5be0d24c77`,
        params: idSchema,
        querystring: noParameters,
        response: { 200: ok('the path', pathSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const path = PATH_ID.test(id) ? await store.getPath(id, request) : null;
      if (path !== null) return path;
      throw new AppError(
        'HOP_PATH_NOT_FOUND',
        `There is no path ${JSON.stringify(id.slice(0, 80))}: it may have expired, or the id is incomplete.`,
      );
    },
  );
}

function registerRefusalList(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/refusals',
    {
      schema: {
        operationId: 'listRefusals',
        tags: ['paths'],
        summary: 'Refused connections',
        description: `SYNs that did not become a connection, with who refused them, why, and what to do; newest first.

    curl 'http://127.0.0.1:7040/api/v1/refusals?kind=rejected&node=node3'`,
        querystring: refusalQuerySchema,
        response: {
          200: { description: 'a page of refusals', content: listContent(refusalListSchema) },
          ...PROBLEMS,
        },
      },
      handlerTimeout: EXPORT_TIMEOUT_MS,
    },
    async (request, reply) => {
      const { fields: _fields, format: _format, ...filters } = request.query;
      const page = (place: PagePlace & { readonly limit: number }) =>
        store.listRefusals({ ...filters, ...place }, callOf(request));
      const source = { name: 'refusals', item: refusalItemSchema, columns: REFUSAL_COLUMNS, page };
      return answerList(request.query, source, { reply, nowUs: nowUs() });
    },
  );
}
