/** The topology as it was stored, taken into the index when a collector starts. */
import type { TopologyVersion } from '@hoptrace/domain/topology/asOf/version.ts';
import { kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import type { TopologyBook } from './topologyBook.ts';
import type { StoredTopology, TopologyStore } from './topologyStore.ts';

export interface LoadResult {
  readonly loaded: number;
  /** Of another version of hoptrace, or broken. */
  readonly unreadable: number;
}

export interface LoadOptions {
  readonly sinceUs: number;
  /** Takes what an agent told of its node; false: it cannot be read. */
  readonly onAgentRow: (row: StoredTopology) => boolean;
}

/** Before anything else is told. Rejects as the store does. */
export async function loadTopology(
  book: TopologyBook,
  store: Pick<TopologyStore, 'topologySince'>,
  { sinceUs, onAgentRow }: LoadOptions,
): Promise<LoadResult> {
  let loaded = 0;
  let unreadable = 0;
  let held: StoredTopology | null = null;
  const take = (row: StoredTopology, next: StoredTopology | null) => {
    if (restoreRow(book, row, next)) loaded += 1;
    else unreadable += 1;
  };
  for await (const rows of store.topologySince(sinceUs))
    for (const row of rows) {
      if (row.source === 'agent') {
        if (onAgentRow(row)) loaded += 1;
        else unreadable += 1;
        continue;
      }
      if (held !== null) take(held, row);
      held = row;
    }
  if (held !== null) take(held, null);
  return { loaded, unreadable };
}

function restoreRow(book: TopologyBook, row: StoredTopology, next: StoredTopology | null): boolean {
  const object = objectOf(row);
  const index = book.indexOf(row.cluster);
  if (object === null || index === null) return false;
  // Two collectors of one cluster note the same change at slightly different times.
  const isFollowed = next !== null && isSameObject(row, next) && next.fromUs < row.toUs;
  const version: TopologyVersion = {
    ...{ object, fromUs: row.fromUs, earliestUs: row.earliestUs },
    toUs: isFollowed ? next.fromUs : row.toUs,
    earliestToUs: isFollowed ? next.earliestUs : row.earliestToUs,
    source: row.source === 'agent' ? 'watch' : row.source,
  };
  index.restore(version, row.revision);
  return true;
}

function objectOf({ object }: StoredTopology) {
  try {
    return kubernetesObjectSchema.safeParse(JSON.parse(object)).data ?? null;
  } catch {
    return null;
  }
}

function isSameObject(a: StoredTopology, b: StoredTopology): boolean {
  return (
    a.cluster === b.cluster && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
  );
}
