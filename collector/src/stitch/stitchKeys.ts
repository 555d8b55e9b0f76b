/** Under which keys a record meets others in the stitcher. */
import { joinKeys } from '@hoptrace/domain/reconstruct/joinKeys.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { recordKey } from './group.ts';

/** Records that start within this time meet; the clocks of two nodes may differ by less than this. */
const TUPLE_WINDOW_US = 10_000_000;

/** Keys of which somebody else decides how often they come back: tuples, request ids, first flights. */
const SLOTTED = /^[trf]:/;

/**
 * joinKeys() of the domain, per cluster, plus the record's own identity (so that revisions of a leg meet).
 * Tuples are reused within a second (a node that masquerades to one Pod has 64,512 ports), so the `t:` keys
 * carry the time (as do `r:` and `f:`, which clients may repeat): slots of 10 s, each record in its own and the
 * next. Two records within 10 s share one.
 *
 *   slot      0         1         2         3
 *   record A  [────A────|─────────]
 *   record B            [──B──────|─────────]          A and B share slot 1
 *   record C                      [─────────|───C ...  A and C share none
 */
export function stitchKeys(record: Sourced): string[] {
  const slot = Math.floor(record.startUs / TUPLE_WINDOW_US);
  const keys = joinKeys(record).flatMap((key) =>
    SLOTTED.test(key) ? [`${key}@${slot}`, `${key}@${slot + 1}`] : [key],
  );
  return [recordKey(record), ...keys].map((key) => `${record.cluster}|${key}`);
}

/** A key that clients may repeat at will: a request id or a first flight. */
export function isForeign(key: string): boolean {
  const start = key.indexOf('|') + 1;
  return key.startsWith('r:', start) || key.startsWith('f:', start);
}
