import { expect, test } from '@jest/globals';
import type { RefusalItem } from '../rest/types.ts';
import { droppedPath, refusalsOf, resetPath } from '../view/samples/samplePaths.ts';
import type { PlainFrame } from './plainFrame.ts';
import { refusalCounts, refusalFrame, refusalMarks, refusalStates } from './refusals.ts';

const [dropped, reset] = refusalsOf([droppedPath, resetPath]);
const WHOLE = { isCut: false };
const BUCKETS = { fromMs: 60_000, toMs: 90_000, stepMs: 10_000 };

function at(item: RefusalItem | undefined, ms: number): RefusalItem {
  if (item === undefined) throw new Error('no sample');
  return { ...item, startedAtUs: ms * 1000 };
}

function column(frame: PlainFrame, name: string) {
  return frame.fields.find((field) => field.name === name)?.values;
}

test('counts: every step of time has a figure, and nothing is counted twice', () => {
  const items = [at(dropped, 61_000), at(dropped, 69_999), at(reset, 70_000)];
  const frame = refusalCounts(items, WHOLE, BUCKETS);
  expect(column(frame, 'time')).toEqual([60_000, 70_000, 80_000]);
  expect(column(frame, 'dropped')).toEqual([2, 0, 0]);
  expect(column(frame, 'reset')).toEqual([0, 1, 0]);
  expect(column(frame, 'rejected')).toEqual([0, 0, 0]);
});

test('states: a row a place; where no refusal is known it is null, not "ok"', () => {
  const frame = refusalStates([at(dropped, 61_000), at(reset, 75_000)], WHOLE, BUCKETS);
  const [, first, second] = frame.fields;
  expect([first?.values, second?.values]).toEqual([
    ['dropped', null, null],
    [null, 'reset', null],
  ]);
  expect(first?.name).toContain(dropped?.node ?? 'no node');
});

test('states: no more rows than can be read, and it says how many are left out', () => {
  const many = Array.from({ length: 23 }, (_, index) => ({
    ...at(dropped, 61_000),
    node: `node-${index}`,
  }));
  const frame = refusalStates(many, WHOLE, BUCKETS);
  expect(frame.fields).toHaveLength(21);
  expect(frame.meta.notices?.map(({ text }) => text).join()).toContain('3 are not');
});

test('without a refusal there is still a time axis', () => {
  expect(refusalStates([], WHOLE, BUCKETS).fields).toHaveLength(1);
  expect(column(refusalCounts([], WHOLE, BUCKETS), 'reset')).toEqual([0, 0, 0]);
  expect(refusalFrame([], WHOLE).fields[0]?.values).toEqual([]);
});

test('marks: what follows closely is one mark from the first to the last, what does not is another', () => {
  const items = [at(dropped, 200_000), at(dropped, 90_000), at(dropped, 70_000)];
  const frame = refusalMarks(items, WHOLE, 60_000);
  expect(column(frame, 'time')).toEqual([70_000, 200_000]);
  expect(column(frame, 'timeEnd')).toEqual([90_000, 200_000]);
  expect(column(frame, 'text')?.[0]).toContain('2 refusals: no ready endpoint on this node');
});
