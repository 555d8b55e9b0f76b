/** refusals_v1, both ways. */
import {
  REFUSAL_EVIDENCE,
  REFUSAL_KINDS,
  type RefusalRecord,
  type Sourced,
} from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { sourceColumns, sourceValues, toSource } from './source.ts';
import { tapColumns, tapValues, toTap } from './tap.ts';
import { toTuple, tupleValues } from './tuples.ts';
import { bigColumn, hashValue, ipColumn, optionalHashColumn } from './values.ts';

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

export function refusalToRow(refusal: Sourced<RefusalRecord>): object {
  return {
    ...sourceValues(refusal),
    ...tapValues(refusal.tap),
    ...tupleValues(refusal.tuple),
    client_isn_hash: hashValue(refusal.clientIsnHash),
    refusal: refusal.refusal,
    evidence: refusal.evidence,
    after_ns: refusal.afterNs,
    syn_count: refusal.synCount,
    icmp_type: refusal.icmpType,
    icmp_code: refusal.icmpCode,
    reason: refusal.reason,
  };
}

export function rowToRefusal(row: z.infer<typeof refusalRowSchema>): Sourced<RefusalRecord> {
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
