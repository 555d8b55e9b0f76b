/** States of objects that held at some time of a range: what changed is the difference between neighbours. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { fromTopologyRow, type StoredVersion, topologyRowSchema } from '../rows/topologyRow.ts';
import { columnsOf, runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'topologyBetween',
  params: z.strictObject({
    ...windowParams,
    clusters: clustersParam,
    namespace: z.string(),
    service: z.string(),
    rows: z.int().min(1),
  }),
  row: topologyRowSchema,
};

/** Only objects with more than one state in the range, or with one that began or ended in it: the newest first. */
const SQL = `SELECT ${columnsOf(topologyRowSchema)}
FROM topology_v1 FINAL
WHERE valid_from_us < {toUs:UInt64}
  AND valid_to_us >= {fromUs:UInt64}
  AND (valid_from_us >= {fromUs:UInt64} OR valid_to_us < {toUs:UInt64})
  AND ${IN_CLUSTERS}
  AND (
    ({service:String} = '' AND kind IN ('Service', 'EndpointSlice', 'HealthCheck', 'Node'))
    OR (kind = 'Service' AND namespace = {namespace:String} AND name = {service:String})
    OR (kind = 'HealthCheck' AND namespace = {namespace:String}
      AND JSONExtractString(object, 'service') = {service:String})
    OR (kind = 'EndpointSlice' AND namespace = {namespace:String}
      AND JSONExtractString(object, 'metadata', 'labels', 'kubernetes.io/service-name') = {service:String})
  )
ORDER BY valid_from_us DESC, cluster, kind, namespace, name
LIMIT {rows:UInt32}
`;

export interface ChangedObjects {
  readonly clusters: readonly string[];
  readonly namespace: string;
  /** Empty: all Services, and nodes. */
  readonly service: string;
}

/** At most `rows`, those that began last. */
export async function topologyBetween(
  store: Store,
  asked: ChangedObjects,
  options: CallOptions & { readonly window: TimeWindow; readonly rows: number },
): Promise<StoredVersion[]> {
  const { window, rows, ...call } = options;
  const params = { ...window, ...asked, clusters: [...asked.clusters], rows };
  const found = await runQuery(store, query, { sql: SQL, params, ...call });
  return found.map(fromTopologyRow);
}
