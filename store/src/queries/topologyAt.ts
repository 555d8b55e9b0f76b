/** The objects of the topology as they were at one instant. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { fromTopologyRow, type StoredVersion, topologyRowSchema } from '../rows/topologyRow.ts';
import { columnsOf, runQuery } from './query.ts';

const query = {
  name: 'topologyAt',
  params: z.strictObject({
    atUs: z.int().min(0),
    cluster: z.string(),
    clusters: z.array(z.string()),
    kind: z.string(),
    namespace: z.string(),
    objectName: z.string(),
    afterCluster: z.string(),
    afterKind: z.string(),
    afterNamespace: z.string(),
    afterName: z.string(),
    rows: z.int().min(1).max(10_000),
  }),
  row: topologyRowSchema,
};

const SQL = `SELECT ${columnsOf(topologyRowSchema)}
FROM topology_v1 FINAL
WHERE valid_from_us <= {atUs:UInt64}
  AND valid_to_us > {atUs:UInt64}
  AND ({cluster:String} = '' OR cluster = {cluster:String})
  AND (empty({clusters:Array(String)}) OR cluster IN {clusters:Array(String)})
  AND ({kind:String} = '' OR kind = {kind:String})
  AND ({namespace:String} = '' OR namespace = {namespace:String})
  AND ({objectName:String} = '' OR name = {objectName:String})
  AND (cluster, kind, namespace, name) > ({afterCluster:String}, {afterKind:String}, {afterNamespace:String}, {afterName:String})
ORDER BY cluster, kind, namespace, name, valid_from_us DESC
LIMIT 1 BY cluster, kind, namespace, name
LIMIT {rows:UInt32}
`;

/** Which objects; an empty text stands for any. */
export interface TopologyFilter {
  readonly atUs: number;
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface TopologyPlace {
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** At most `limit`, in order of cluster, kind, namespace and name, those after `after`. */
export async function topologyAt(
  store: Store,
  filter: TopologyFilter,
  options: CallOptions & {
    readonly after: TopologyPlace | null;
    readonly limit: number;
    /** Those that may be seen; none: all. */
    readonly clusters?: readonly string[];
  },
): Promise<StoredVersion[]> {
  const { after, limit, clusters = [], ...call } = options;
  const { name, ...rest } = filter;
  const params = {
    ...rest,
    clusters: [...clusters],
    objectName: name,
    afterCluster: after?.cluster ?? '',
    afterKind: after?.kind ?? '',
    afterNamespace: after?.namespace ?? '',
    afterName: after?.name ?? '',
    rows: limit,
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(fromTopologyRow);
}
