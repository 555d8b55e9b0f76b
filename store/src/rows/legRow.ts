/** legs_v1, both ways. */
import { LEG_CLOSERS, LEG_ENDS, type LegRecord, type Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';
import { SOURCE_COLUMNS, sourceColumns, toSource } from './source.ts';
import { TAP_COLUMNS, tapColumns, toTap } from './tap.ts';
import { optionalTupleColumns, toTuple, tupleColumns } from './tuples.ts';
import { bigColumn, ipColumn, optionalBigColumn, optionalHashColumn } from './values.ts';

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
  client_bytes: optionalBigColumn,
  server_bytes: optionalBigColumn,
  client_retransmits: z.number(),
  server_retransmits: z.number(),
  closed_by: z.enum(LEG_CLOSERS),
});
type LegRow = z.infer<typeof legRowSchema>;

type Leg = Sourced<LegRecord>;

export const LEG_COLUMNS: readonly Column<Leg>[] = [
  ...SOURCE_COLUMNS,
  ...TAP_COLUMNS,
  ['leg_id', (out, { legId }) => out.u64(legId)],
  ['revision', (out, { revision }) => out.u8(revision)],
  ...tupleColumns<Leg>('', ({ tuple }) => tuple),
  ...optionalTupleColumns<Leg>('original', ({ original }) => original),
  ...optionalTupleColumns<Leg>('reply', ({ reply }) => reply),
  ['client_isn_hash', (out, { clientIsnHash }) => out.hash(clientIsnHash)],
  ['server_isn_hash', (out, { serverIsnHash }) => out.hash(serverIsnHash)],
  ['isn_pair_hash', (out, { isnPairHash }) => out.hash(isnPairHash)],
  ['syn_ttl', (out, { synTtl }) => out.u8(synTtl)],
  ['syn_count', (out, { synCount }) => out.u16(synCount)],
  ['syn_ns', (out, { synNs }) => out.u64(synNs)],
  ['syn_ack_ns', (out, { synAckNs }) => out.nullableU64(synAckNs)],
  ['ack_ns', (out, { ackNs }) => out.nullableU64(ackNs)],
  ['first_request_ns', (out, { firstRequestNs }) => out.nullableU64(firstRequestNs)],
  ['first_response_ns', (out, { firstResponseNs }) => out.nullableU64(firstResponseNs)],
  ['end_ns', (out, { endNs }) => out.nullableU64(endNs)],
  ['leg_end', (out, { end }) => out.enum8(LEG_ENDS, end)],
  ['client_bytes', (out, { traffic }) => out.nullableU64(traffic?.clientBytes ?? null)],
  ['server_bytes', (out, { traffic }) => out.nullableU64(traffic?.serverBytes ?? null)],
  ['client_retransmits', (out, { traffic }) => out.u32(traffic?.clientRetransmits ?? 0)],
  ['server_retransmits', (out, { traffic }) => out.u32(traffic?.serverRetransmits ?? 0)],
  ['closed_by', (out, { traffic }) => out.enum8(LEG_CLOSERS, traffic?.closedBy ?? 'nobody')],
];

export function rowToLeg(row: LegRow): Leg {
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
    ...trafficOf(row),
  };
}

function trafficOf(row: LegRow): Pick<LegRecord, 'traffic'> {
  if (row.client_bytes === null) return {};
  const traffic = {
    clientBytes: row.client_bytes,
    serverBytes: row.server_bytes,
    clientRetransmits: row.client_retransmits,
    serverRetransmits: row.server_retransmits,
    closedBy: row.closed_by,
  };
  return { traffic };
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
