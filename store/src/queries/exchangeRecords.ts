/** The exchanges of given connections. */
import type { ExchangeRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { CallOptions, Store } from '../client.ts';
import { exchangeRowSchema, rowToExchange } from '../rows/exchangeRow.ts';
import { columnsOf, runQuery } from './query.ts';
import { hashesParam, IN_WINDOW, ONCE, type TimeWindow, windowParams } from './recordWindow.ts';

const query = {
  name: 'exchangeRecords',
  params: z.strictObject({ ...windowParams, isnPairHashes: hashesParam }),
  row: exchangeRowSchema,
};

const SQL = `SELECT ${columnsOf(exchangeRowSchema)}
FROM exchanges_v1
WHERE ${IN_WINDOW}
    AND isn_pair_hash IN {isnPairHashes:Array(UInt64)}
ORDER BY start_us, node, seq
${ONCE}
`;

/** In order of start, node and seq; every tap's own record. The window is about startUs. */
export async function exchangeRecords(
  store: Store,
  isnPairHashes: readonly string[],
  options: CallOptions & { readonly window: TimeWindow },
): Promise<Sourced<ExchangeRecord>[]> {
  const { window, ...call } = options;
  const params = { ...window, isnPairHashes: [...isnPairHashes] };
  const rows = await runQuery(store, query, { sql: SQL, params, ...call });
  return rows.map(rowToExchange);
}
