/** refusals_v1, both ways. */
import {
  REFUSAL_EVIDENCE,
  REFUSAL_KINDS,
  type RefusalRecord,
  type Sourced,
} from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';
import { SOURCE_COLUMNS, sourceColumns, toSource } from './source.ts';
import { TAP_COLUMNS, tapColumns, toTap } from './tap.ts';
import { toTuple, tupleColumns } from './tuples.ts';
import { bigColumn, ipColumn, optionalHashColumn } from './values.ts';

export const REFUSALS_TABLE = 'refusals_v1';

export const refusalRowSchema = z.object({
  ...sourceColumns,
  ...tapColumns,
  src_ip: ipColumn,
  src_port: z.number(),
  dst_ip: ipColumn,
  dst_port: z.number(),
  client_isn_hash: optionalHashColumn,
  refusal: z.enum(REFUSAL_KINDS),
  evidence: z.enum(REFUSAL_EVIDENCE),
  after_ns: bigColumn,
  syn_count: z.number(),
  icmp_type: z.number(),
  icmp_code: z.number(),
  reason: z.string(),
});

type Refusal = Sourced<RefusalRecord>;

export const REFUSAL_COLUMNS: readonly Column<Refusal>[] = [
  ...SOURCE_COLUMNS,
  ...TAP_COLUMNS,
  ...tupleColumns<Refusal>('', ({ tuple }) => tuple),
  ['client_isn_hash', (out, { clientIsnHash }) => out.hash(clientIsnHash)],
  ['refusal', (out, { refusal }) => out.enum8(REFUSAL_KINDS, refusal, 1)],
  ['evidence', (out, { evidence }) => out.enum8(REFUSAL_EVIDENCE, evidence, 1)],
  ['after_ns', (out, { afterNs }) => out.u64(afterNs)],
  ['syn_count', (out, { synCount }) => out.u16(synCount)],
  ['icmp_type', (out, { icmpType }) => out.u8(icmpType)],
  ['icmp_code', (out, { icmpCode }) => out.u8(icmpCode)],
  ['reason', (out, { reason }) => out.text(reason)],
];

export function rowToRefusal(row: z.infer<typeof refusalRowSchema>): Refusal {
  return {
    kind: 'refusal',
    ...toSource(row),
    tap: toTap(row),
    tuple: toTuple(row),
    clientIsnHash: row.client_isn_hash,
    refusal: row.refusal,
    evidence: row.evidence,
    afterNs: row.after_ns,
    synCount: row.syn_count,
    icmpType: row.icmp_type,
    icmpCode: row.icmp_code,
    reason: row.reason,
  };
}
