/** legs_v1, both ways. */
import { LEG_ENDS, type LegRecord, type Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { sourceColumns, sourceValues, toSource } from './source.ts';
import { tapColumns, tapValues, toTap } from './tap.ts';
import { optionalTupleValues, toTuple, tupleValues } from './tuples.ts';
import { bigColumn, hashValue, ipColumn, optionalBigColumn, optionalHashColumn } from './values.ts';

export const LEGS_TABLE = 'legs_v1';

export const legRowSchema = z.object({
  ...sourceColumns,
  ...tapColumns,
  leg_id: bigColumn,
  revision: z.number(),
  src_ip: ipColumn,
  src_port: z.number(),
  dst_ip: ipColumn,
  dst_port: z.number(),
  has_original: z.boolean(),
  original_src_ip: ipColumn,
  original_src_port: z.number(),
  original_dst_ip: ipColumn,
  original_dst_port: z.number(),
  has_reply: z.boolean(),
  reply_src_ip: ipColumn,
  reply_src_port: z.number(),
  reply_dst_ip: ipColumn,
  reply_dst_port: z.number(),
  client_isn_hash: optionalHashColumn,
  server_isn_hash: optionalHashColumn,
  isn_pair_hash: optionalHashColumn,
  syn_ttl: z.number(),
  syn_count: z.number(),
  syn_ns: bigColumn,
  syn_ack_ns: optionalBigColumn,
  ack_ns: optionalBigColumn,
  first_request_ns: optionalBigColumn,
  first_response_ns: optionalBigColumn,
  end_ns: optionalBigColumn,
  leg_end: z.enum(LEG_ENDS),
});
type LegRow = z.infer<typeof legRowSchema>;

export function legToRow(leg: Sourced<LegRecord>): object {
  return {
    ...sourceValues(leg),
    ...tapValues(leg.tap),
    leg_id: leg.legId,
    revision: leg.revision,
    ...tupleValues(leg.tuple),
    ...optionalTupleValues('original', leg.original),
    ...optionalTupleValues('reply', leg.reply),
    client_isn_hash: hashValue(leg.clientIsnHash),
    server_isn_hash: hashValue(leg.serverIsnHash),
    isn_pair_hash: hashValue(leg.isnPairHash),
    syn_ttl: leg.synTtl,
    syn_count: leg.synCount,
    syn_ns: leg.synNs,
    syn_ack_ns: leg.synAckNs,
    ack_ns: leg.ackNs,
    first_request_ns: leg.firstRequestNs,
    first_response_ns: leg.firstResponseNs,
    end_ns: leg.endNs,
    leg_end: leg.end,
  };
}

export function rowToLeg(row: LegRow): Sourced<LegRecord> {
  return {
    kind: 'leg',
    ...toSource(row),
    tap: toTap(row),
    tuple: toTuple(row),
    ...conntrackOf(row),
    clientIsnHash: row.client_isn_hash,
    serverIsnHash: row.server_isn_hash,
    isnPairHash: row.isn_pair_hash,
    synTtl: row.syn_ttl,
    synCount: row.syn_count,
    synNs: row.syn_ns,
    synAckNs: row.syn_ack_ns,
    ackNs: row.ack_ns,
    firstRequestNs: row.first_request_ns,
    firstResponseNs: row.first_response_ns,
    endNs: row.end_ns,
    end: row.leg_end,
    revision: row.revision,
    legId: row.leg_id,
  };
}

function conntrackOf(row: LegRow): Pick<LegRecord, 'original' | 'reply'> {
  const original = toTuple({
    src_ip: row.original_src_ip,
    src_port: row.original_src_port,
    dst_ip: row.original_dst_ip,
    dst_port: row.original_dst_port,
  });
  const reply = toTuple({
    src_ip: row.reply_src_ip,
    src_port: row.reply_src_port,
    dst_ip: row.reply_dst_ip,
    dst_port: row.reply_dst_port,
  });
  return { original: row.has_original ? original : null, reply: row.has_reply ? reply : null };
}
