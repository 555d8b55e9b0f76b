/** Which paths a time range has, and in which version: without their documents, for whoever looks for what is new. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'pathVersions',
  params: z.strictObject({ ...windowParams, clusters: clustersParam, rows: z.int().min(1) }),
  row: z.object({ path_id: z.string(), version: z.int() }),
};

/** Without FINAL: the newest version of each is what the reader keeps, and a withdrawn path is gone from the documents. */
const SQL = `SELECT path_id, max(paths_v1.version) AS version
FROM paths_v1
WHERE started_at_us >= {fromUs:UInt64} AND started_at_us < {toUs:UInt64}
    AND ${IN_CLUSTERS}
GROUP BY started_at_us, path_id
ORDER BY started_at_us DESC, path_id DESC
LIMIT {rows:UInt32}
`;

/** The newest `rows`, oldest first. */
export async function pathVersions(
  store: Store,
  asked: { readonly clusters: readonly string[]; readonly rows: number },
  options: CallOptions & { readonly window: TimeWindow },
): Promise<{ readonly pathId: string; readonly version: number }[]> {
  const { window, ...call } = options;
  const params = { ...window, clusters: [...asked.clusters], rows: asked.rows };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(({ path_id, version }) => ({ pathId: path_id, version })).reverse();
}
