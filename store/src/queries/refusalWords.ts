/** What is said of given refusals, without their documents. */
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { pathTimeUs } from '../pathKey.ts';
import { GIVEN_KEYS, newestVersionsSql } from './newestVersions.ts';
import { runQuery } from './query.ts';
import { clustersParam, IN_CLUSTERS } from './recordWindow.ts';

const query = {
  name: 'refusalWords',
  params: z.strictObject({
    times: z.array(z.int()),
    ids: z.array(z.string()),
    clusters: clustersParam,
  }),
  row: z.object({ path_id: z.string(), refusal_text: z.string(), refusal_remedy: z.string() }),
};

const COLUMNS = 'started_at_us, path_id, is_deleted, cluster, refusal_text, refusal_remedy';
const SQL = `SELECT path_id, refusal_text, refusal_remedy
FROM (${newestVersionsSql(COLUMNS, GIVEN_KEYS)})
WHERE NOT is_deleted AND ${IN_CLUSTERS}
ORDER BY started_at_us, path_id
`;

export interface RefusalWords {
  readonly pathId: string;
  readonly text: string;
  readonly remedy: string;
}

/** Of the newest versions, oldest first; ids that are gone are left out. Throws HOP_STORE_PATH_ID on a bad id. */
export async function refusalWords(
  store: Store,
  ids: readonly string[],
  options: CallOptions & { readonly clusters?: readonly string[] } = {},
): Promise<RefusalWords[]> {
  if (ids.length === 0) return [];
  const { clusters = [], ...call } = options;
  const params = { times: ids.map(pathTimeUs), ids: [...ids], clusters: [...clusters] };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map((row) => ({
    pathId: row.path_id,
    text: row.refusal_text,
    remedy: row.refusal_remedy,
  }));
}
