/** Under which keys a record meets others in the stitcher. */
import { joinKeys } from '@hoptrace/domain/reconstruct/joinKeys.ts';
import { type TupleUse, tupleUseOf } from '@hoptrace/domain/reconstruct/tupleMeetings.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { recordKey } from './group.ts';

const SLOT_US = 10_000_000;

/** Keys that clients may repeat at will: request ids and first flights. */
const SLOTTED = /^[rf]:/;

export interface StitchKeys {
  /** Its own identity (recordKey), by which revisions of a leg meet; not one of `keys`. */
  readonly own: string;
  /** That and those under which it meets others, all per cluster. */
  readonly keys: readonly string[];
  readonly tuple: StitchTuple | null;
}

/**
 * joinKeys() of the domain, per cluster, plus the record's own identity. The `r:` and `f:` keys carry the time: slots
 * of 10 s, each record in its own and the next. Two within 10 s share one.
 *
 *   slot      0         1         2         3
 *   record A  [────A────|─────────]
 *   record B            [──B──────|─────────]          A and B share slot 1
 *   record C                      [─────────|───C ...  A and C share none
 */
export function stitchKeys(record: Sourced): StitchKeys {
  const prefix = `${record.cluster}|`;
  const own = recordKey(record);
  const keys = [prefix + own];
  for (const key of joinKeys(record)) {
    if (!SLOTTED.test(key)) keys.push(prefix + key);
    else {
      const slot = Math.floor(record.startUs / SLOT_US);
      keys.push(`${prefix}${key}@${slot}`, `${prefix}${key}@${slot + 1}`);
    }
  }
  return { own, keys, tuple: stitchTuple(record) };
}

export interface StitchTuple {
  readonly use: TupleUse;
  /** One of the record's keys, of the most that it may share. */
  readonly holder: string;
}

/** The tuple that may bring a record together with others. */
export function stitchTuple(record: Sourced): StitchTuple | null {
  const prefix = `${record.cluster}|`;
  const use = tupleUseOf(record, prefix);
  return use === null ? null : { use, holder: prefix + holderOf(record) };
}

function holderOf(record: Sourced): string {
  if ('clientIsnHash' in record && record.clientIsnHash !== null)
    return `c:${record.clientIsnHash}`;
  if ('isnPairHash' in record && record.isnPairHash !== null) return `p:${record.isnPairHash}`;
  return recordKey(record);
}

/** A key that clients may repeat at will: a request id or a first flight. */
export function isForeign(key: string): boolean {
  const start = key.indexOf('|') + 1;
  return key.startsWith('r:', start) || key.startsWith('f:', start);
}
