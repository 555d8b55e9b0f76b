/** Raw records: one insert per table, more for a very large batch. */
import type { RecordKind, Sourced, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { CallOptions, Store } from '../client.ts';
import { EXCHANGE_COLUMNS, EXCHANGES_TABLE } from '../rows/exchangeRow.ts';
import { LEG_COLUMNS, LEGS_TABLE } from '../rows/legRow.ts';
import {
  PROXY_HEADER_COLUMNS,
  PROXY_HEADERS_TABLE,
  PROXY_LINK_COLUMNS,
  PROXY_LINKS_TABLE,
} from '../rows/proxyRows.ts';
import { REFUSAL_COLUMNS, REFUSALS_TABLE } from '../rows/refusalRow.ts';
import { type Column, RowBinary } from '../rows/rowBinary.ts';
import { MAX_ROWS } from './chunks.ts';

type OfKind<K extends RecordKind> = Sourced<Extract<WireRecord, { kind: K }>>;
export type SourcedRecord = { [K in RecordKind]: OfKind<K> }[RecordKind];

interface Table<R> {
  readonly name: string;
  readonly columns: readonly Column<R>[];
}

const TABLES: { readonly [K in RecordKind]: Table<OfKind<K>> } = {
  leg: { name: LEGS_TABLE, columns: LEG_COLUMNS },
  refusal: { name: REFUSALS_TABLE, columns: REFUSAL_COLUMNS },
  proxyLink: { name: PROXY_LINKS_TABLE, columns: PROXY_LINK_COLUMNS },
  proxyHeader: { name: PROXY_HEADERS_TABLE, columns: PROXY_HEADER_COLUMNS },
  exchange: { name: EXCHANGES_TABLE, columns: EXCHANGE_COLUMNS },
};

/** The rows of one insert; cut for the reasons of chunks.ts, and as it says. */
interface Part {
  readonly kind: RecordKind;
  readonly index: number;
  readonly rows: RowBinary;
  count: number;
}

/**
 * Resolves when every record is in its table. The same token with the same records in the same order is
 * stored once, also when an earlier call failed half-way; the same token with other records loses them.
 * Rejects with a StoreError, whose isRetryable says whether to call again with the same token; HOP_STORE_ROW (a value
 * that a column cannot hold) before anything is inserted.
 */
export async function insertRecords(
  store: Store,
  records: readonly SourcedRecord[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  for (const { kind, index, rows } of partsOf(records)) {
    const { name, columns } = TABLES[kind];
    const names = columns.map(([column]) => column);
    const call = { ...options, dedupToken: `${dedupToken}#${index}` };
    await store.insertBinary(name, { names, rows: rows.bytes() }, call);
  }
}

function partsOf(records: readonly SourcedRecord[]): Part[] {
  const parts: Part[] = [];
  const open = new Map<RecordKind, Part>();
  for (const record of records) {
    const last = open.get(record.kind);
    let part = last;
    if (part === undefined || part.count >= MAX_ROWS) {
      const index = last === undefined ? 0 : last.index + 1;
      part = { kind: record.kind, index, rows: new RowBinary(), count: 0 };
      open.set(record.kind, part);
      parts.push(part);
    }
    writeRow(part.rows, record);
    part.count += 1;
  }
  return parts;
}

function writeRow(rows: RowBinary, record: SourcedRecord): void {
  if (record.kind === 'leg') rows.row(TABLES.leg.columns, record);
  else if (record.kind === 'refusal') rows.row(TABLES.refusal.columns, record);
  else if (record.kind === 'proxyLink') rows.row(TABLES.proxyLink.columns, record);
  else if (record.kind === 'proxyHeader') rows.row(TABLES.proxyHeader.columns, record);
  else rows.row(TABLES.exchange.columns, record);
}
