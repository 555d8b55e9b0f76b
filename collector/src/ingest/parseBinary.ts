/** The binary form of a batch (domain/src/wire/binary.ts) to a ParsedBatch. Never throws on data. */
import { decodeBatch, type WireProblem } from '@hoptrace/domain/wire/binary.ts';
import type { CheckContext, ParseResult, RecordProblem, RefusedBatch } from './batch.ts';
import { checkRecords } from './checkRecords.ts';
import { firstSeqOf, parseEnvelope } from './parseEnvelope.ts';

export const MAX_BATCH_RECORDS = 65_536;
const BATCH_HEAD_BYTES = 8;
const RECORD_HEAD_BYTES = 4;
/** 1,024 addresses of 60 bytes, and some. */
const MAX_ENVELOPE_BYTES = 128 * 1024;

/**
 * The decoder yields only values that recordSchema accepts (a test compares the two on mutated
 * batches), so records are not parsed a second time here.
 */
export function parseBinary(bytes: Uint8Array, context: CheckContext): ParseResult {
  if (hasTooManyRecords(bytes)) return { refused: tooMany(peekFirstSeq(bytes)) };
  const split = decodeBatch(bytes);
  if (split.envelope === undefined) {
    return { refused: unreadable(split.problems) };
  }
  const result = parseEnvelope(split.envelope);
  if ('refused' in result) return result;
  const { envelope } = result;
  const located = split.records.map((record) => ({ record, line: null }));
  const checked = checkRecords(located, context);
  const problems = [
    ...split.problems.map((problem): RecordProblem => ({ ...problem, reason: 'decode' })),
    ...checked.problems,
    ...countProblems(envelope.count, split.records.length + split.problems.length),
  ];
  if (checked.records.length === 0 && problems.length > 0) {
    const firstSeq = firstSeqOf(split.envelope);
    const detail = 'no record of the batch is good';
    return { refused: { code: 'HOP_BATCH_INVALID', firstSeq, detail, problems } };
  }
  return { batch: { envelope, records: checked.records, problems } };
}

/** firstSeq of a batch whose records are not looked at; null where even the envelope cannot be read. */
export function peekFirstSeq(bytes: Uint8Array): number | null {
  if (bytes.length < BATCH_HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = BATCH_HEAD_BYTES + Math.min(view.getUint32(4, true), MAX_ENVELOPE_BYTES);
  return firstSeqOf(decodeBatch(bytes.subarray(0, end)).envelope);
}

/** A batch cut between two records decodes without a problem; only its count tells. */
export function countProblems(announced: number, present: number): RecordProblem[] {
  if (announced === present) return [];
  return [
    {
      reason: 'count',
      field: 'count',
      text: `${announced} records announced, ${present} present`,
      remedy: 'send the batch whole; what was present is kept',
      value: String(announced),
    },
  ];
}

/** Steps over the record heads alone, so that a body of a million tiny records is refused before it is decoded. */
function hasTooManyRecords(bytes: Uint8Array): boolean {
  if (bytes.length < BATCH_HEAD_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = BATCH_HEAD_BYTES + view.getUint32(4, true);
  let records = 0;
  while (offset + RECORD_HEAD_BYTES <= bytes.length && records <= MAX_BATCH_RECORDS) {
    const sizeBytes = view.getUint16(offset + 2, true);
    if (sizeBytes < RECORD_HEAD_BYTES) return false;
    offset += sizeBytes;
    records += 1;
  }
  return records > MAX_BATCH_RECORDS;
}

function tooMany(firstSeq: number | null): RefusedBatch {
  return {
    code: 'HOP_BATCH_TOO_LARGE',
    firstSeq,
    detail: `the batch has more than ${MAX_BATCH_RECORDS} records`,
    problems: [
      {
        reason: 'tooLarge',
        field: 'records',
        text: `there are more than ${MAX_BATCH_RECORDS}`,
        remedy: `send at most ${MAX_BATCH_RECORDS} records in a batch`,
      },
    ],
  };
}

function unreadable(problems: readonly WireProblem[]): RefusedBatch {
  return {
    code: 'HOP_ENVELOPE_INVALID',
    firstSeq: null,
    detail: 'the batch has no readable envelope',
    problems: problems.map((problem) => ({ ...problem, reason: 'envelope' })),
  };
}
