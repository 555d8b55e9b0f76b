import { expect, test } from '@jest/globals';
import { chunksOf } from './chunks.ts';

const rows = (...sizes: number[]) => sizes.map((sizeBytes, n) => ({ row: { n }, sizeBytes }));
const sizesOf = (chunks: object[][]) => chunks.map((chunk) => chunk.length);

test('an empty batch makes no insert', () => {
  expect(chunksOf([])).toEqual([]);
});

test('a batch is cut by rows, by bytes, and never loses or reorders a row', () => {
  expect(sizesOf(chunksOf(rows(1, 1, 1, 1, 1), { rows: 2, bytes: 100 }))).toEqual([2, 2, 1]);
  expect(sizesOf(chunksOf(rows(4, 4, 4, 9, 1), { rows: 9, bytes: 10 }))).toEqual([2, 1, 2]);
  expect(chunksOf(rows(4, 4, 4), { rows: 9, bytes: 5 }).flat()).toEqual([
    { n: 0 },
    { n: 1 },
    { n: 2 },
  ]);
});

test('a row above the limit goes alone instead of being dropped', () => {
  expect(sizesOf(chunksOf(rows(1, 50, 1), { rows: 9, bytes: 10 }))).toEqual([1, 1, 1]);
});
