/** exchanges_v1, both ways. */
import { EXCHANGE_PROTOCOLS, type ExchangeRecord, type Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { sourceColumns, sourceValues, toSource } from './source.ts';
import { tapColumns, tapValues, toTap } from './tap.ts';
import {
  bigColumn,
  hashColumn,
  hashValue,
  optionalBigColumn,
  optionalHashColumn,
} from './values.ts';

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

export function exchangeToRow(exchange: Sourced<ExchangeRecord>): object {
  return {
    ...sourceValues(exchange),
    ...tapValues(exchange.tap),
    isn_pair_hash: hashValue(exchange.isnPairHash),
    burst: exchange.burst,
    request_offset: exchange.requestOffset,
    response_offset: exchange.responseOffset,
    request_first_ns: exchange.requestFirstNs,
    request_last_ns: exchange.requestLastNs,
    response_first_ns: exchange.responseFirstNs,
    response_last_ns: exchange.responseLastNs,
    request_bytes: exchange.requestBytes,
    response_bytes: exchange.responseBytes,
    method: exchange.method,
    status: exchange.status,
    request_id_hash: hashValue(exchange.requestIdHash),
    trace_id_hash: hashValue(exchange.traceIdHash),
    protocol: exchange.protocol,
    first_flight_hash: hashValue(exchange.firstFlightHash),
  };
}

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
