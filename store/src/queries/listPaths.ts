/** Paths of a time range, newest first, page by page. */
import type { PathFilter, PathList } from '@hoptrace/domain/rest/queries.ts';
import type { CallOptions, Store } from '../client.ts';
import { writeCursor } from './cursor.ts';
import { newestPaths } from './newestPaths.ts';
import { type PageContext, toPageRequest } from './pathFilters.ts';

/** Defaults: `to` is nowUs, `from` 15 minutes before. Throws HOP_STORE_CURSOR on a bad cursor. */
export async function listPaths(
  store: Store,
  filter: PathFilter,
  options: CallOptions & PageContext,
): Promise<PathList> {
  const { params, range } = toPageRequest(filter, options);
  const paths = await newestPaths(store, { name: 'listPaths', params }, options);
  const items = paths.slice(0, filter.limit);
  const last = paths.length > filter.limit ? items.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor({ pathId: last.pathId, ...range });
  return { items, nextCursor };
}
