import { expect, test } from '@jest/globals';
import { manyPaths } from '../../../grafana-plugin/src/view/samples/samplePaths.ts';
import { appended, countNew, MAX_SHOWN, refreshed } from './merge.ts';

const all = manyPaths(10);
const ids = ({ items }: { items: readonly { pathId: string }[] }) =>
  items.map(({ pathId }) => all.findIndex((path) => path.pathId === pathId));

test('a fresh page goes on top, pages below stay with their cursor', () => {
  const shown = { items: all.slice(2, 8), nextCursor: 'below' };
  const merged = refreshed(shown, { items: all.slice(0, 4), nextCursor: 'fresh' });
  expect(ids(merged)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(merged.nextCursor).toBe('below');
});

test('a newer version replaces the older one in its place', () => {
  const [first] = all;
  if (first === undefined) throw new Error('there are ten');
  const newer = { ...first, version: 2 };
  const merged = refreshed(
    { items: all.slice(0, 2), nextCursor: 'c' },
    { items: [newer, ...all.slice(1, 2)], nextCursor: 'c' },
  );
  expect(merged.items.map(({ version }) => version)).toEqual([2, 1]);
});

test('without overlap the fresh page stands alone: there may be others between', () => {
  const merged = refreshed(
    { items: all.slice(6), nextCursor: 'old' },
    { items: all.slice(0, 3), nextCursor: 'new' },
  );
  expect([ids(merged), merged.nextCursor]).toEqual([[0, 1, 2], 'new']);
});

test('what a complete fresh page no longer lists is gone', () => {
  const merged = refreshed(
    { items: all.slice(0, 5), nextCursor: null },
    { items: all.slice(0, 3), nextCursor: null },
  );
  expect(ids(merged)).toEqual([0, 1, 2]);
});

test('what lies within the fresh page but is missing there is gone', () => {
  const merged = refreshed(
    { items: all.slice(0, 5), nextCursor: 'x' },
    { items: [all[0], all[2]].flatMap((path) => path ?? []), nextCursor: 'y' },
  );
  expect(ids(merged)).toEqual([0, 2, 3, 4]);
});

test('a page below is appended once, and the page stays bounded', () => {
  const merged = appended(
    { items: all.slice(0, 4), nextCursor: 'a' },
    { items: all.slice(3, 6), nextCursor: null },
  );
  expect([ids(merged), merged.nextCursor]).toEqual([[0, 1, 2, 3, 4, 5], null]);
  const many = manyPaths(MAX_SHOWN + 5);
  expect(
    appended({ items: many, nextCursor: 'a' }, { items: [], nextCursor: null }).items,
  ).toHaveLength(MAX_SHOWN);
});

test('new paths are counted', () => {
  expect(countNew(all.slice(3), all.slice(0, 5))).toBe(3);
});
