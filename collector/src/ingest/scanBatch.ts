/**
 * The check of a batch that makes no objects of its legs: on the way to the log nobody needs them. Says yes only where
 * parseBinary() would keep every record; anything else, good or bad, is left to parseBinary() and its words.
 */
import { isLegalLeg, LEG_BYTES, u53 } from '@hoptrace/domain/live/legRow.ts';
import { decodeBatch, decodeRecord } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { CheckContext } from './batch.ts';
import { checkRecords, type LocatedRecord } from './checkRecords.ts';
import { MAX_BATCH_RECORDS } from './parseBinary.ts';
import { parseEnvelope } from './parseEnvelope.ts';

const LEG_HEAD = (LEG_BYTES << 16) | (1 << 8) | 1;
const SEQ_AT = 4;
const START_AT = 12;
/** synNs, then five that may be null (all ones). */
const STAMPS_AT = 165;
const STAMPS = 6;
const NULL_WORD = 0xffff_ffff;

export interface ScannedBatch {
  readonly envelope: Envelope;
  /** Of its records, without a gap. */
  readonly first: number;
  readonly last: number;
}

/** Null where it is not all good, not numbered without a gap from firstSeq on, or empty. Never throws. */
export function scanBatch(bytes: Uint8Array, context: CheckContext): ScannedBatch | null {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + view.getUint32(4, true);
  if (start > bytes.length) return null;
  const split = decodeBatch(bytes.subarray(0, start));
  if (split.envelope === undefined) return null;
  const result = parseEnvelope(split.envelope);
  if ('refused' in result) return null;
  const { envelope } = result;
  const { firstSeq, count } = envelope;
  if (count === 0 || count > MAX_BATCH_RECORDS) return null;
  if (!areRecordsGood(view, start, envelope, context)) return null;
  return { envelope, first: firstSeq, last: firstSeq + count - 1 };
}

function areRecordsGood(
  view: DataView,
  start: number,
  { firstSeq, count }: Envelope,
  context: CheckContext,
): boolean {
  const others: LocatedRecord[] = [];
  let offset = start;
  for (let index = 0; index < count; index++) {
    if (offset + 12 > view.byteLength) return false;
    if (u53(view, offset + SEQ_AT) !== firstSeq + index) return false;
    if (view.getUint32(offset, true) === LEG_HEAD) {
      if (offset + LEG_BYTES > view.byteLength || !isLegalLeg(view, offset)) return false;
      if (!isInTime(view, offset, context)) return false;
      offset += LEG_BYTES;
      continue;
    }
    const sizeBytes = view.getUint16(offset + 2, true);
    if (sizeBytes < 12 || offset + sizeBytes > view.byteLength) return false;
    const record = new DataView(view.buffer, view.byteOffset + offset, sizeBytes);
    const decoded = decodeRecord(record, 'record');
    if ('problem' in decoded) return false;
    others.push({ record: decoded.record, line: null });
    offset += sizeBytes;
  }
  return offset === view.byteLength && checkRecords(others, context).problems.length === 0;
}

/** The rule of checkRecords(): what counts is the newest stamp of the leg. */
function isInTime(view: DataView, at: number, { nowUs, maxClockSkewUs }: CheckContext): boolean {
  let newestNs = 0;
  for (let index = 0; index < STAMPS; index++) {
    const stamp = at + STAMPS_AT + index * 8;
    const low = view.getUint32(stamp, true);
    const high = view.getUint32(stamp + 4, true);
    if (index > 0 && low === NULL_WORD && high === NULL_WORD) continue;
    newestNs = Math.max(newestNs, high * 0x1_0000_0000 + low);
  }
  const newestUs = u53(view, at + START_AT) + newestNs / 1000;
  return Math.abs(newestUs - nowUs) <= maxClockSkewUs;
}
