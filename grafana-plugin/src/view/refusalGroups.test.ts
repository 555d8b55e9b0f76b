import { expect, test } from '@jest/globals';
import { groupRefusals } from './refusalGroups.ts';
import { droppedPath, refusalsOf, rejectedPath } from './samples/samplePaths.ts';

test('equal refusals are told once, the most frequent first', () => {
  const again = { ...droppedPath, pathId: 'again', startedAtUs: droppedPath.startedAtUs - 1 };
  const groups = groupRefusals(refusalsOf([rejectedPath, droppedPath, again]));
  expect(groups.map(({ newest, items }) => [newest.cause, items.length])).toEqual([
    ['noLocalEndpoints', 2],
    ['noEndpoints', 1],
  ]);
  expect(groups[0]?.newest.pathId).toBe('sample-dropped');
});

test('the same cause on another machine is another problem', () => {
  const [item] = refusalsOf([droppedPath]);
  if (item === undefined) throw new Error('sample is refused');
  expect(groupRefusals([item, { ...item, node: 'node-d' }])).toHaveLength(2);
});

test('clients are counted once each, unknown ones not at all', () => {
  const [item] = refusalsOf([droppedPath]);
  if (item === undefined) throw new Error('sample is refused');
  const hidden = { ...item, client: { ip: null, port: null, source: 'unknown' as const } };
  expect(groupRefusals([item, item, hidden])[0]?.clients).toBe(1);
  expect(groupRefusals([])).toEqual([]);
});
