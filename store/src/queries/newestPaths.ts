/**
 * The newest paths that pass a filter. Their keys are looked for in all versions, which needs no more than the end of the
 * range; the newest versions of those then decide. Keys whose newest version does not pass are rare, so that a few more
 * keys than rows nearly always suffice; where they do not, it goes on behind the last key.
 */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { bigColumn } from '../rows/values.ts';
import { documentRowSchema } from './pathDocument.ts';
import {
  type PathListParams,
  pathDocumentsSql,
  pathKeysSql,
  pathListParamsSchema,
} from './pathFilters.ts';
import { runQuery } from './query.ts';

const MORE_KEYS = 16;
const keyRow = z.object({ started_at_us: bigColumn, path_id: z.string() });
const documentParams = pathListParamsSchema.extend({
  times: z.array(z.int()),
  ids: z.array(z.string()),
});

/** At most `params.rows`, newest first. `name` is how the queries are logged. */
export async function newestPaths(
  store: Store,
  { name, params }: { readonly name: string; readonly params: PathListParams },
  options: CallOptions,
): Promise<Path[]> {
  const { signal } = options;
  const found: Path[] = [];
  const wanted = params.rows + MORE_KEYS;
  let place: PathListParams = { ...params, rows: wanted };
  for (;;) {
    const keys = await runQuery(
      store,
      { name: `${name}Keys`, params: pathListParamsSchema, row: keyRow },
      { sql: pathKeysSql(place), params: place, signal },
    );
    const last = keys.at(-1);
    if (last === undefined) return found;
    const times = keys.map((key) => key.started_at_us);
    const ids = keys.map((key) => key.path_id);
    const rows = await runQuery(
      store,
      { name, params: documentParams, row: documentRowSchema },
      { sql: pathDocumentsSql(place), params: { ...place, times, ids }, signal },
    );
    found.push(...rows.map((row) => row.document));
    if (found.length >= params.rows || keys.length < wanted) return found.slice(0, params.rows);
    place = { ...place, afterUs: last.started_at_us, afterId: last.path_id };
  }
}
