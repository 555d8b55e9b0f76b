/** Paths that ended in a refusal, newest first, page by page. */
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { RefusalFilter, RefusalItem, RefusalList } from '@hoptrace/domain/rest/queries.ts';
import type { CallOptions, Store } from '../client.ts';
import { writeCursor } from './cursor.ts';
import { newestPaths } from './newestPaths.ts';
import { type PageContext, toPageRequest } from './pathFilters.ts';

/** Defaults: `to` is nowUs, `from` 15 minutes before. Throws HOP_STORE_CURSOR on a bad cursor. */
export async function listRefusals(
  store: Store,
  filter: RefusalFilter,
  options: CallOptions & PageContext,
): Promise<RefusalList> {
  const { params: filters, range } = toPageRequest(filter, options);
  const params = { ...filters, hasRefusal: true as const };
  const found = await newestPaths(store, { name: 'listRefusals', params }, options);
  const paths = found.slice(0, filter.limit);
  const last = found.length > filter.limit ? paths.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor({ pathId: last.pathId, ...range });
  return { items: paths.flatMap(toRefusalItem), nextCursor };
}

/**
 * The refused SYN was sent where the last connection of the path was aimed: nodeForward steps (NAT) only
 * carried it on. A path without a hop cannot say where, and is not a refusal that could be shown.
 */
export function toRefusalItem(path: Path): RefusalItem[] {
  const aimed = aimedAt(path.hops);
  if (path.refusal === null || aimed === undefined) return [];
  return [
    {
      pathId: path.pathId,
      startedAtUs: path.startedAtUs,
      cluster: path.cluster,
      client: path.client,
      destination: { ip: aimed.to.ip, port: aimed.to.port },
      service: path.service,
      ...path.refusal,
    },
  ];
}

export function aimedAt(hops: readonly Hop[]): Hop | undefined {
  return hops.findLast((hop) => hop.kind !== 'nodeForward') ?? hops[0];
}
