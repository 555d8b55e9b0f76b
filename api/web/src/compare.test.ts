import { expect, test } from '@jest/globals';
import type { Change } from '../../../domain/src/rest/changes.ts';
import { splitOf } from './compare.ts';

const RANGE = { kind: 'fixed', from: '2026-09-01T14:00:00Z', to: '2026-09-01T14:10:00Z' } as const;
const START_US = Date.UTC(2026, 8, 1, 14) * 1000;
const minute = (count: number) => START_US + count * 60_000_000;

function change(atUs: number, kind: Change['kind']): Change {
  const rest = { cluster: 'c', namespace: 'shop', name: 'web', field: 'f', before: '', after: '' };
  return { ...rest, atUs, earliestAtUs: atUs, kind, nodes: [], text: `${kind} changed` };
}
const context = (asked: string | null, ...changes: Change[]) => ({ nowMs: 0, asked, changes });

test('a policy comes before newer changes of other kinds', () => {
  const changes = [change(minute(8), 'endpoints'), change(minute(4), 'policy')];
  expect(splitOf(RANGE, context(null, ...changes))).toEqual({
    fromUs: START_US,
    atUs: minute(4),
    toUs: minute(10),
    text: 'policy changed',
  });
});

test('what the address asks for counts, if it lies in the range', () => {
  const changes = [change(minute(4), 'policy')];
  expect(splitOf(RANGE, context(String(minute(6)), ...changes)).atUs).toBe(minute(6));
  expect(splitOf(RANGE, context(String(minute(60)), ...changes)).atUs).toBe(minute(4));
  expect(splitOf(RANGE, context('soon', ...changes)).atUs).toBe(minute(4));
});

test('without a change it is the middle, and a range that ends now ends at the given time', () => {
  expect(splitOf(RANGE, context(null)).atUs).toBe(minute(5));
  const recent = splitOf({ kind: 'recent', key: '15m' }, { ...context(null), nowMs: 1e12 });
  expect([recent.toUs, recent.toUs - recent.fromUs]).toEqual([1e15, 900_000_000]);
});
