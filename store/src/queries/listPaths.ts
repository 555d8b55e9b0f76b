/** Paths of a time range, newest first, page by page. */
import type { PathFilter, PathList } from '@hoptrace/domain/rest/queries.ts';
import type { CallOptions, Store } from '../client.ts';
import { writeCursor } from './cursor.ts';
import { documentRowSchema } from './pathDocument.ts';
import {
  type PageContext,
  pathListParamsSchema,
  pathListSql,
  toPageRequest,
} from './pathFilters.ts';
import { runQuery } from './query.ts';

const query = { name: 'listPaths', params: pathListParamsSchema, row: documentRowSchema };

/** Defaults: `to` is nowUs, `from` 15 minutes before. Throws HOP_STORE_CURSOR on a bad cursor. */
export async function listPaths(
  store: Store,
  filter: PathFilter,
  options: CallOptions & PageContext,
): Promise<PathList> {
  const { params, range } = toPageRequest(filter, options);
  const rows = await runQuery(store, query, { sql: pathListSql(params), params, ...options });
  const items = rows.slice(0, filter.limit).map((row) => row.document);
  const last = rows.length > filter.limit ? items.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor({ pathId: last.pathId, ...range });
  return { items, nextCursor };
}
