/** The documents of given paths. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { pathTimeUs } from '../pathKey.ts';
import { GIVEN_KEYS, newestVersionsSql } from './newestVersions.ts';
import { documentRowSchema } from './pathDocument.ts';
import { runQuery } from './query.ts';

const query = {
  name: 'pathsByIds',
  params: z.strictObject({ times: z.array(z.int()), ids: z.array(z.string()) }),
  row: documentRowSchema,
};

const SQL = `SELECT document
FROM (${newestVersionsSql('started_at_us, path_id, is_deleted, document', GIVEN_KEYS)})
WHERE NOT is_deleted
ORDER BY started_at_us, path_id
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
