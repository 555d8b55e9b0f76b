import { expect, test } from '@jest/globals';
import { addUpGraph, type CountedEdge } from './addUpGraph.ts';

function edge(change: Partial<CountedEdge>): CountedEdge {
  return {
    kind: 'network',
    source: ['client', '', ''],
    target: ['node', 'node-a', 'node-a'],
    requests: 10,
    crossesNode: 10,
    extra: 0,
    notJudged: 0,
    refused: 0,
    unseen: 0,
    measured: 0,
    medianNs: null,
    p99Ns: null,
    boundNs: null,
    sourceIps: ['198.51.100.7'],
    targetIps: ['10.0.0.11'],
    ports: [30080],
    ...change,
  };
}

test('parties count what touched them, and zones are compared only where both are known', () => {
  const zones = new Map([
    ['node-a', 'zone-1'],
    ['node-b', 'zone-2'],
  ]);
  const { parties, edges } = addUpGraph(
    [
      edge({}),
      edge({
        kind: 'nodeForward',
        source: ['node', 'node-a', 'node-a'],
        target: ['app', 'shop/web-1', 'node-b'],
        requests: 7,
      }),
    ],
    zones,
  );
  expect(parties.map(({ id, zone, requests }) => [id, zone, requests])).toEqual([
    ['client', null, 10],
    ['node node-a node-a', 'zone-1', 10],
    ['app shop/web-1 node-b', 'zone-2', 7],
  ]);
  expect(edges.map(({ crossesZone }) => crossesZone)).toEqual([null, true]);
});
