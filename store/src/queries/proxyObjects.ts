/** Pods that say where their PROXY settings are, and the ConfigMaps of ingress controllers, as of a time. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { fromTopologyRow, type StoredVersion, topologyRowSchema } from '../rows/topologyRow.ts';
import { columnsOf, runQuery } from './query.ts';

/** Controllers, not their clients: a cluster has some dozens. */
export const PROXY_OBJECT_ROWS = 5000;

const query = {
  name: 'proxyObjects',
  params: z.strictObject({
    atUs: z.int().min(0),
    clusters: z.array(z.string()),
    namespaces: z.array(z.string()),
    rows: z.int(),
  }),
  row: topologyRowSchema,
};

/** Of arguments only these settings are stored (domain/wire/kubernetes.ts), so that nearly all Pods have none. */
const SQL = `SELECT ${columnsOf(topologyRowSchema)}
FROM topology_v1 FINAL
WHERE kind IN ('Pod', 'ConfigMap')
  AND valid_from_us <= {atUs:UInt64}
  AND valid_to_us > {atUs:UInt64}
  AND (empty({clusters:Array(String)}) OR cluster = '' OR cluster IN {clusters:Array(String)})
  AND (kind = 'ConfigMap' OR (namespace IN {namespaces:Array(String)} AND position(object, '"args":') > 0))
ORDER BY cluster, kind, namespace, name, valid_from_us DESC
LIMIT 1 BY cluster, kind, namespace, name
LIMIT {rows:UInt32}
`;

export interface ProxyObjectQuery {
  readonly atUs: number;
  /** Of the Pods. */
  readonly namespaces: readonly string[];
  /** Those that may be seen; none: all. What is told of no cluster holds for all. */
  readonly clusters: readonly string[];
}

/** In order of cluster, kind, namespace and name; at most 5,000. */
export async function proxyObjects(
  store: Store,
  { atUs, namespaces, clusters }: ProxyObjectQuery,
  call: CallOptions,
): Promise<StoredVersion[]> {
  const params = {
    ...{ atUs, rows: PROXY_OBJECT_ROWS },
    ...{ namespaces: [...namespaces], clusters: [...clusters] },
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(fromTopologyRow);
}
