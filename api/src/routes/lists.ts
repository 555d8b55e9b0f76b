/** GET /api/v1/paths, /api/v1/paths/{id}, /api/v1/refusals. */
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import {
  pathFilterSchema,
  pathListSchema,
  refusalFilterSchema,
  refusalListSchema,
} from '@hoptrace/domain/rest/queries.ts';
import { z } from 'zod';
import { nextCursorOf, placeOfPage } from '../cursor.ts';
import { AppError } from '../errors.ts';
import type { ApiApp, RouteDeps } from './routes.ts';
import { ok, PROBLEMS } from './routes.ts';

/** The domain makes ids of this form; others cannot exist, so that the store need not be asked. */
const PATH_ID = /^[0-9a-z]{11}-[0-9a-f]{16}$/;
const idSchema = z.object({
  id: z.string().describe('pathId of an item of a list, such as 0ftuxr6f400-3f1c9a5be0d24c77'),
});
const noParameters = z.strictObject({});

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
        querystring: pathFilterSchema,
        response: { 200: ok('a page of paths', pathListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const place = placeOfPage('paths', request.query, nowUs());
      const page = await store.listPaths({ ...request.query, ...place }, request);
      const next = page.nextCursor;
      const nextCursor = nextCursorOf('paths', request.query, { ...place, next });
      return { items: page.items, nextCursor };
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
        querystring: refusalFilterSchema,
        response: { 200: ok('a page of refusals', refusalListSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      const place = placeOfPage('refusals', request.query, nowUs());
      const page = await store.listRefusals({ ...request.query, ...place }, request);
      const next = page.nextCursor;
      const nextCursor = nextCursorOf('refusals', request.query, { ...place, next });
      return { items: page.items, nextCursor };
    },
  );
}
