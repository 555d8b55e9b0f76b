/** All states of some Services, of their EndpointSlices and of their health checks in a time range. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { fromTopologyRow, type StoredVersion, topologyRowSchema } from '../rows/topologyRow.ts';
import { columnsOf, runQuery } from './query.ts';
import type { TimeWindow } from './recordWindow.ts';

export const HISTORY_ROWS = 50_000;

const query = {
  name: 'serviceHistory',
  params: z.strictObject({
    fromUs: z.int().min(0),
    toUs: z.int().min(0),
    clusters: z.array(z.string()),
    namespaces: z.array(z.string()),
    services: z.array(z.string()),
    rows: z.int(),
  }),
  row: topologyRowSchema,
};

/** What is told of no cluster holds for all: whoever may see a path to a Service may see that Service. */
const SQL = `SELECT ${columnsOf(topologyRowSchema)}
FROM topology_v1 FINAL
WHERE kind IN ('Service', 'EndpointSlice', 'HealthCheck')
  AND valid_from_us < {toUs:UInt64}
  AND valid_to_us > {fromUs:UInt64}
  AND (empty({clusters:Array(String)}) OR cluster IN {clusters:Array(String)}
      OR (cluster = '' AND notEmpty({services:Array(String)})))
  AND (empty({namespaces:Array(String)}) OR namespace IN {namespaces:Array(String)})
  AND (empty({services:Array(String)}) OR concat(namespace, '/', multiIf(
      kind = 'Service', name,
      kind = 'HealthCheck', JSONExtractString(object, 'service'),
      JSONExtractString(object, 'metadata', 'labels', 'kubernetes.io/service-name'))) IN {services:Array(String)})
ORDER BY cluster, kind, namespace, name, valid_from_us
LIMIT {rows:UInt32}
`;

/** `services`: as namespace/name. In order of cluster, kind, namespace, name and time; at most 50,000. */
export async function serviceHistory(
  store: Store,
  services: readonly string[],
  options: CallOptions & { readonly window: TimeWindow; readonly clusters?: readonly string[] },
): Promise<StoredVersion[]> {
  const { window, clusters = [], ...call } = options;
  const namespaces = [...new Set(services.map((each) => each.split('/')[0] ?? ''))];
  const params = {
    ...{ ...window, namespaces, rows: HISTORY_ROWS },
    ...{ services: [...services], clusters: [...clusters] },
  };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(fromTopologyRow);
}
