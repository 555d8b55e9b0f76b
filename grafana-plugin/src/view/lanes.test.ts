import { expect, test } from '@jest/globals';
import { lanesOf, routeText } from './lanes.ts';
import { balancedPath, partialPath, proxyProtocolPath } from './samples/samplePaths.ts';

test('one lane per machine in order of appearance; unobserved machines are marked', () => {
  expect(
    lanesOf(balancedPath).lanes.map(({ label, kind, isObserved }) => [label, kind, isObserved]),
  ).toEqual([
    ['198.51.100.23', 'client', false],
    ['edge-lb', 'load-balancer', false],
    ['node-a', 'node', true],
    ['node-b', 'node', true],
    ['node-c', 'node', true],
  ]);
});

test('two parties on one machine share its lane', () => {
  const { lanes, parties } = lanesOf(proxyProtocolPath);
  expect(lanes).toHaveLength(3);
  expect(parties.map(({ lane }) => lane)).toEqual([0, 1, 2, 2]);
});

test('the end of a hop and the start of the next are one party; if they differ there is a gap', () => {
  const { parties } = lanesOf(partialPath);
  expect(parties.map(({ party, isAfterGap }) => [party.ip, isAfterGap])).toEqual([
    ['198.51.100.23', false],
    ['10.0.0.11', false],
    ['10.244.2.7', false],
    ['10.244.2.9', true],
    ['10.244.3.21', false],
  ]);
  expect(routeText(partialPath)).toContain('→ (gap) 10.244.2.9 →');
});

test('a source port that changes at a NAT does not split a party', () => {
  const [first, second] = balancedPath.hops.slice(1, 3);
  if (first === undefined || second === undefined) throw new Error('sample has four hops');
  const moved = { ...second, from: { ...second.from, port: 40213 } };
  expect(lanesOf({ hops: [first, moved] }).parties).toHaveLength(3);
});

test('an empty path has no lanes', () => {
  expect(lanesOf({ hops: [] })).toEqual({ lanes: [], parties: [] });
});
