/** One path by its id. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { pathTimeUs } from '../pathKey.ts';
import { newestVersionsSql } from './newestVersions.ts';
import { documentRowSchema } from './pathDocument.ts';
import { runQuery } from './query.ts';

const query = {
  name: 'getPath',
  params: z.strictObject({ startedAtUs: z.int(), pathId: z.string() }),
  row: documentRowSchema,
};

/** The time in the id makes this a range of the key: one granule per part is read. */
const SQL = `SELECT document
FROM (${newestVersionsSql('is_deleted, document', 'SELECT {startedAtUs:UInt64}, {pathId:String}')})
WHERE NOT is_deleted
`;

/** The newest version; null when there is none or it was withdrawn. Throws HOP_STORE_PATH_ID on a bad id. */
export async function getPath(
  store: Store,
  pathId: string,
  options: CallOptions = {},
): Promise<Path | null> {
  const params = { startedAtUs: pathTimeUs(pathId), pathId };
  const rows = await runQuery(store, query, { sql: SQL, params, ...options });
  return rows[0]?.document ?? null;
}
