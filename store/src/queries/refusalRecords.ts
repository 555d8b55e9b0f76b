/** Raw refusals by the hash of the client's ISN. */
import type { RefusalRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { refusalRowSchema, rowToRefusal } from '../rows/refusalRow.ts';
import { columnsOf, runQuery } from './query.ts';
import { hashesParam, IN_WINDOW, ONCE, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'refusalRecords',
  params: z.strictObject({ ...windowParams, clientIsnHashes: hashesParam }),
  row: refusalRowSchema,
};

const SQL = `SELECT ${columnsOf(refusalRowSchema)}
FROM refusals_v1
WHERE ${IN_WINDOW}
    AND client_isn_hash IN {clientIsnHashes:Array(UInt64)}
ORDER BY start_us, node, seq
${ONCE}
`;

/** In order of start, node and seq. The window is about startUs. */
export async function refusalRecords(
  store: Store,
  clientIsnHashes: readonly string[],
  options: CallOptions & { readonly window: TimeWindow },
): Promise<Sourced<RefusalRecord>[]> {
  const { window, ...call } = options;
  const params = { ...window, clientIsnHashes: [...clientIsnHashes] };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(rowToRefusal);
}
