/** Checks that a schema cannot make: the clock, and that no two records of a batch claim one identity. */
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { CheckContext, RecordProblem } from './batch.ts';

export interface LocatedRecord {
  readonly record: WireRecord;
  /** Line of an NDJSON body; null for binary records, which are named by their seq. */
  readonly line: number | null;
}

/** Splits records into good ones and problems. The order of the good ones is kept. */
export function checkRecords(
  located: readonly LocatedRecord[],
  context: CheckContext,
): { records: WireRecord[]; problems: RecordProblem[] } {
  const seen = new Set<number>();
  const records: WireRecord[] = [];
  const problems: RecordProblem[] = [];
  for (const each of located) {
    const problem = problemOf(each, seen, context);
    if (problem === null) records.push(each.record);
    else problems.push(problem);
    seen.add(each.record.seq);
  }
  return { records, problems };
}

function problemOf(
  { record, line }: LocatedRecord,
  seen: ReadonlySet<number>,
  context: CheckContext,
): RecordProblem | null {
  const at = line === null ? {} : { line };
  const field = (name: string) => (line === null ? `records[seq=${record.seq}].${name}` : name);
  if (seen.has(record.seq)) {
    return {
      reason: 'duplicateSeq',
      field: field('seq'),
      text: `${record.seq} is used twice in this batch`,
      remedy: 'number records without repetition within one bootId',
      value: String(record.seq),
      ...at,
    };
  }
  const off = clockProblem(record, context);
  if (off === null) return null;
  return {
    reason: 'timeStamp',
    field: field('startUs'),
    text: off,
    remedy: "send CLOCK_REALTIME in microseconds and check the node's clock (NTP)",
    value: String(record.startUs),
    ...at,
  };
}

/**
 * A connection may have begun long ago: what counts is the newest stamp in the record. A start in the
 * future, or stamps that lie in the future, are refused alike.
 */
function clockProblem(record: WireRecord, { nowUs, maxClockSkewUs }: CheckContext): string | null {
  const newestUs = record.startUs + newestStampNs(record) / 1000;
  const aheadUs = newestUs - nowUs;
  if (Math.abs(aheadUs) <= maxClockSkewUs) return null;
  const hours = (us: number) => `${(us / 3_600_000_000).toFixed(1)} h`;
  const side = aheadUs > 0 ? 'after' : 'before';
  return `its newest stamp is ${hours(Math.abs(aheadUs))} ${side} the collector's clock, allowed are ${hours(maxClockSkewUs)}`;
}

function newestStampNs(record: WireRecord): number {
  if (record.kind === 'refusal') return record.afterNs;
  if (record.kind === 'exchange') {
    const { requestFirstNs, requestLastNs, responseFirstNs, responseLastNs } = record;
    const stamps = [requestFirstNs, requestLastNs, responseFirstNs, responseLastNs];
    return Math.max(...stamps.map((each) => each ?? 0));
  }
  if (record.kind !== 'leg') return 0;
  const { synNs, synAckNs, ackNs, firstRequestNs, firstResponseNs, endNs } = record;
  return Math.max(
    synNs,
    ...[synAckNs, ackNs, firstRequestNs, firstResponseNs, endNs].map((each) => each ?? 0),
  );
}
