/** Raw records: one insert per table, more for a very large batch. */
import type { RecordKind, Sourced, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { CallOptions, Store } from '../client.ts';
import { EXCHANGES_TABLE, exchangeToRow } from '../rows/exchangeRow.ts';
import { LEGS_TABLE, legToRow } from '../rows/legRow.ts';
import {
  PROXY_HEADERS_TABLE,
  PROXY_LINKS_TABLE,
  proxyHeaderToRow,
  proxyLinkToRow,
} from '../rows/proxyRows.ts';
import { REFUSALS_TABLE, refusalToRow } from '../rows/refusalRow.ts';
import { insertInChunks } from './chunks.ts';

export type SourcedRecord = {
  [K in RecordKind]: Sourced<Extract<WireRecord, { kind: K }>>;
}[RecordKind];

const TABLES: Readonly<Record<RecordKind, string>> = {
  leg: LEGS_TABLE,
  refusal: REFUSALS_TABLE,
  proxyLink: PROXY_LINKS_TABLE,
  proxyHeader: PROXY_HEADERS_TABLE,
  exchange: EXCHANGES_TABLE,
};

/**
 * Resolves when every record is in its table. The same token with the same records in the same order is
 * stored once, also when an earlier call failed half-way; the same token with other records loses them.
 * Rejects with a StoreError, whose isRetryable says whether to call again with the same token.
 */
export async function insertRecords(
  store: Store,
  records: readonly SourcedRecord[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  const rows = new Map<string, object[]>();
  for (const record of records) {
    const table = TABLES[record.kind];
    const list = rows.get(table);
    if (list === undefined) rows.set(table, [recordToRow(record)]);
    else list.push(recordToRow(record));
  }
  for (const [table, list] of rows) {
    const sized = list.map((row) => ({ row, sizeBytes: 0 }));
    await insertInChunks(store, table, sized, { ...options, dedupToken });
  }
}

function recordToRow(record: SourcedRecord): object {
  switch (record.kind) {
    case 'leg':
      return legToRow(record);
    case 'refusal':
      return refusalToRow(record);
    case 'proxyLink':
      return proxyLinkToRow(record);
    case 'proxyHeader':
      return proxyHeaderToRow(record);
    case 'exchange':
      return exchangeToRow(record);
  }
}
