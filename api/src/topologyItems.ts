/** States of objects as the store has them, to items of the API. */
import { TOPOLOGY_KINDS, type TopologyItem } from '@hoptrace/domain/rest/topology.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { topologyAt } from '@hoptrace/store/queries/topologyAt.ts';
import type { StoredVersion } from '@hoptrace/store/rows/topologyRow.ts';
import type { StoreCall, TopologyQuery } from './pathStore.ts';

/** Rows that a newer version of hoptrace wrote and this one does not know are left out. */
export async function topologyItems(
  store: Store,
  { atUs, after, limit, cluster = '', kind = '', namespace = '', name = '' }: TopologyQuery,
  { signal, clusters }: StoreCall,
): Promise<TopologyItem[]> {
  const filter = { atUs, cluster, kind, namespace, name };
  const rows = await topologyAt(store, filter, { after, limit, signal, clusters });
  return rows.flatMap(itemOf);
}

function itemOf(row: StoredVersion): TopologyItem[] {
  const kind = TOPOLOGY_KINDS.find((each) => each === row.kind);
  const object: unknown = JSON.parse(row.object);
  if (kind === undefined || typeof object !== 'object' || object === null) return [];
  const { cluster, namespace, name, source, revision } = row;
  return [
    {
      ...{ cluster, kind, namespace, name, source, revision },
      validFromUs: finite(row.fromUs),
      earliestFromUs: finite(row.earliestUs),
      validToUs: finite(row.toUs),
      earliestToUs: finite(row.earliestToUs),
      object: Object.fromEntries(Object.entries(object)),
    },
  ];
}

function finite(us: number): number | null {
  return Number.isFinite(us) ? us : null;
}
