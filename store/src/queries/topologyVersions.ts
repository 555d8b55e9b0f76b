/** All states of objects that held at some time since an instant, page by page, for a collector that starts. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { fromTopologyRow, type StoredVersion, topologyRowSchema } from '../rows/topologyRow.ts';
import { columnsOf, runQuery } from './query.ts';

const PAGE_ROWS = 10_000;

const query = {
  name: 'topologyVersions',
  params: z.strictObject({
    sinceUs: z.int().min(0),
    cluster: z.string(),
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    fromUs: z.int().min(0),
    rows: z.int(),
  }),
  row: topologyRowSchema,
};

const SQL = `SELECT ${columnsOf(topologyRowSchema)}
FROM topology_v1 FINAL
WHERE valid_to_us >= {sinceUs:UInt64}
  AND (cluster, kind, namespace, name, valid_from_us) > ({cluster:String}, {kind:String}, {namespace:String}, {name:String}, {fromUs:UInt64})
ORDER BY cluster, kind, namespace, name, valid_from_us
LIMIT {rows:UInt32}
`;

/** In order of cluster, kind, namespace, name and time. */
export async function* topologyVersions(
  store: Store,
  options: CallOptions & { readonly sinceUs: number },
): AsyncGenerator<StoredVersion[]> {
  const { sinceUs, ...call } = options;
  let after = { cluster: '', kind: '', namespace: '', name: '', fromUs: 0 };
  for (;;) {
    const params = { ...after, sinceUs, rows: PAGE_ROWS };
    const rows = await runQuery(store, query, { sql: SQL, params, ...call });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(fromTopologyRow);
    if (rows.length < PAGE_ROWS) return;
    const { cluster, kind, namespace, name } = last;
    after = { cluster, kind, namespace, name, fromUs: last.valid_from_us };
  }
}
