/** GET /api/v1/audit: who asked for which change. */
import {
  auditEntrySchema,
  auditFilterSchema,
  auditListSchema,
} from '@hoptrace/domain/rest/audit.ts';
import { askedClusters } from '../access.ts';
import type { PagePlace } from '../cursor.ts';
import {
  answerList,
  EXPORT_TIMEOUT_MS,
  LIST_PARAMETERS,
  listContent,
} from '../lists/listAnswer.ts';
import type { ApiApp, RouteDeps } from './routes.ts';
import { PROBLEMS } from './routes.ts';

const DEFAULT_WINDOW_US = 7 * 86_400 * 1_000_000;
const COLUMNS = [
  ...['atUs', 'caller', 'role', 'tenant', 'clusters', 'address', 'action', 'subject'],
  ...['outcome', 'status', 'code', 'requestId', 'before', 'after', 'entryId'],
];

export const auditQuerySchema = auditFilterSchema.extend(LIST_PARAMETERS);

export function registerAudit(app: ApiApp, { store, nowUs }: RouteDeps): void {
  app.get(
    '/api/v1/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags: ['operations'],
        summary: 'Changes that were asked for, granted or not',
        description: `For admins. Who (token, role, tenant) asked for which change of what, how that ended, and what it was before and after; newest first. A token that is bound to clusters sees what was about those.

    curl 'http://127.0.0.1:7040/api/v1/audit?outcome=refused&limit=10'`,
        querystring: auditQuerySchema,
        response: {
          200: { description: 'a page of entries', content: listContent(auditListSchema) },
          ...PROBLEMS,
        },
      },
      config: { role: 'admin' },
      handlerTimeout: EXPORT_TIMEOUT_MS,
    },
    async (request, reply) => {
      const now = nowUs();
      const asked = withDefault(request.query, now);
      const { fields: _fields, format: _format, cluster, ...filters } = asked;
      // Naming a cluster that the token does not reach is refused; which entries there are, the store decides.
      askedClusters(cluster, request);
      const onlyTenant = request.grant?.tenant ?? null;
      const page = (place: PagePlace & { readonly limit: number }) =>
        store.listAudit({ ...filters, cluster, onlyTenant, ...place }, request);
      const source = { name: 'audit', item: auditEntrySchema, columns: COLUMNS, page };
      return answerList(asked, source, { reply, nowUs: now });
    },
  );
}

/** Changes are rare: a quarter of an hour would show none. Later pages carry their range in the cursor. */
function withDefault<T extends { from?: number | undefined; to?: number | undefined }>(
  query: T & { readonly cursor?: string | undefined },
  nowUs: number,
) {
  if (query.cursor !== undefined || query.from !== undefined) return query;
  return { ...query, from: Math.max(0, (query.to ?? nowUs) - DEFAULT_WINDOW_US) };
}
