/** The documents of given paths. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { pathTimeUs } from '../pathKey.ts';
import { documentRowSchema } from './pathDocument.ts';
import { runQuery } from './query.ts';

const query = {
  name: 'pathsByIds',
  params: z.strictObject({ times: z.array(z.int()), ids: z.array(z.string()) }),
  row: documentRowSchema,
};

const SQL = `SELECT document
FROM paths_v1 FINAL
WHERE (started_at_us, path_id) IN (SELECT arrayJoin(arrayZip({times:Array(UInt64)}, {ids:Array(String)})) AS key)
ORDER BY started_at_us, path_id
SETTINGS do_not_merge_across_partitions_select_final = 1
`;

/** The newest versions, oldest first; ids that are gone are left out. Throws HOP_STORE_PATH_ID on a bad id. */
export async function pathsByIds(
  store: Store,
  ids: readonly string[],
  options: CallOptions = {},
): Promise<Path[]> {
  if (ids.length === 0) return [];
  const params = { times: ids.map(pathTimeUs), ids: [...ids] };
  const rows = await runQuery(store, query, { sql: SQL, params, ...options });
  return rows.map((row) => row.document);
}
