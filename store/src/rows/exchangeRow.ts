/** exchanges_v1, both ways. */
import { EXCHANGE_PROTOCOLS, type ExchangeRecord, type Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';
import { SOURCE_COLUMNS, sourceColumns, toSource } from './source.ts';
import { TAP_COLUMNS, tapColumns, toTap } from './tap.ts';
import { bigColumn, hashColumn, optionalBigColumn, optionalHashColumn } from './values.ts';

export const EXCHANGES_TABLE = 'exchanges_v1';

export const exchangeRowSchema = z.object({
  ...sourceColumns,
  ...tapColumns,
  isn_pair_hash: hashColumn,
  burst: z.number(),
  request_offset: bigColumn,
  response_offset: bigColumn,
  request_first_ns: optionalBigColumn,
  request_last_ns: optionalBigColumn,
  response_first_ns: optionalBigColumn,
  response_last_ns: optionalBigColumn,
  request_bytes: bigColumn,
  response_bytes: bigColumn,
  method: z.string(),
  status: z.number(),
  request_id_hash: optionalHashColumn,
  trace_id_hash: optionalHashColumn,
  protocol: z.enum(EXCHANGE_PROTOCOLS),
  first_flight_hash: optionalHashColumn,
});

type Exchange = Sourced<ExchangeRecord>;

export const EXCHANGE_COLUMNS: readonly Column<Exchange>[] = [
  ...SOURCE_COLUMNS,
  ...TAP_COLUMNS,
  ['isn_pair_hash', (out, { isnPairHash }) => out.hash(isnPairHash)],
  ['burst', (out, { burst }) => out.u32(burst)],
  ['request_offset', (out, { requestOffset }) => out.u64(requestOffset)],
  ['response_offset', (out, { responseOffset }) => out.u64(responseOffset)],
  ['request_first_ns', (out, { requestFirstNs }) => out.nullableU64(requestFirstNs)],
  ['request_last_ns', (out, { requestLastNs }) => out.nullableU64(requestLastNs)],
  ['response_first_ns', (out, { responseFirstNs }) => out.nullableU64(responseFirstNs)],
  ['response_last_ns', (out, { responseLastNs }) => out.nullableU64(responseLastNs)],
  ['request_bytes', (out, { requestBytes }) => out.u64(requestBytes)],
  ['response_bytes', (out, { responseBytes }) => out.u64(responseBytes)],
  ['method', (out, { method }) => out.text(method)],
  ['status', (out, { status }) => out.u16(status)],
  ['request_id_hash', (out, { requestIdHash }) => out.hash(requestIdHash)],
  ['trace_id_hash', (out, { traceIdHash }) => out.hash(traceIdHash)],
  ['protocol', (out, { protocol }) => out.enum8(EXCHANGE_PROTOCOLS, protocol)],
  ['first_flight_hash', (out, { firstFlightHash }) => out.hash(firstFlightHash)],
];

export function rowToExchange(row: z.infer<typeof exchangeRowSchema>): Sourced<ExchangeRecord> {
  return {
    kind: 'exchange',
    ...toSource(row),
    tap: toTap(row),
    isnPairHash: row.isn_pair_hash,
    burst: row.burst,
    requestOffset: row.request_offset,
    responseOffset: row.response_offset,
    requestFirstNs: row.request_first_ns,
    requestLastNs: row.request_last_ns,
    responseFirstNs: row.response_first_ns,
    responseLastNs: row.response_last_ns,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    method: row.method,
    status: row.status,
    requestIdHash: row.request_id_hash,
    traceIdHash: row.trace_id_hash,
    protocol: row.protocol,
    firstFlightHash: row.first_flight_hash,
  };
}
