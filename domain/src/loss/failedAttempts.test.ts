import { expect, test } from '@jest/globals';
import { legsOf, refusalOf } from '../reconstruct/builders.ts';
import { FailedAttemptBook } from './failedAttempts.ts';

const TUPLE = '10.244.2.10:51000 > 10.244.3.20:8080';
const tap = { node: 'node2', role: 'pod', direction: 'tx', tuple: TUPLE } as const;
const [unanswered] = legsOf({ id: 1, taps: [tap], isAnswered: false });
const [served] = legsOf({ id: 2, taps: [tap] });
const refused = refusalOf(3, tap, {});
const always = () => true;

test('an attempt that failed counts for the Pod that made it, around its time', () => {
  for (const record of [unanswered, refused]) {
    const book = new FailedAttemptBook();
    if (record !== undefined) book.note(record, always);
    const at = (us: number) => ({ fromUs: refused.startUs + us, toUs: refused.startUs + us });
    expect([-3e6, 0, 9e6, 11e6].map((us) => book.has('10.244.2.10', at(us)))).toEqual([
      ...[false, true, true, false],
    ]);
    expect(book.has('10.244.2.11', at(0))).toBe(false);
  }
});

test('what was served counts for nobody, and clients from outside are not kept', () => {
  const book = new FailedAttemptBook();
  if (served !== undefined) book.note(served, always);
  book.note(refused, () => false);
  expect(book.has('10.244.2.10', { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER })).toBe(false);
});

test('addresses are bounded', () => {
  const book = new FailedAttemptBook();
  const whenever = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };
  const ipOf = (n: number) => `10.${n >> 8}.${n & 255}.1`;
  for (let n = 0; n < 5000; n++)
    book.note(refusalOf(n, { ...tap, tuple: `${ipOf(n)}:1 > 10.0.0.1:2` }, {}), always);
  expect([0, 4999].map((n) => book.has(ipOf(n), whenever))).toEqual([false, true]);
});
