import { expect, test } from '@jest/globals';
import { foldGraph } from '../view/graphModel.ts';
import {
  crossNodePath,
  droppedPath,
  proxyProtocolPath,
  samplePaths,
} from '../view/samples/samplePaths.ts';
import { graphOf } from './graph.ts';
import { graphFrames, graphFromFrames } from './graphFrames.ts';

const OPTIONS = { paths: 3, notices: [] };

test('paths add up: each counts once for an edge, with its share of all', () => {
  const twice = { ...crossNodePath, pathId: 'second' };
  const { nodes, edges } = graphOf([crossNodePath, twice, droppedPath]);
  expect(nodes.find(({ stage }) => stage === 0)).toMatchObject({ title: 'clients', paths: 3 });
  const extra = edges.find((edge) => edge.extra > 0);
  expect(extra).toMatchObject({ paths: 2, extra: 2, refused: 0 });
  expect(extra?.share).toBeCloseTo(2 / 3);
  expect(edges.reduce((sum, { refused }) => sum + refused, 0)).toBe(1);
});

test('a median is of round trips seen at both ends; of bounds only the bound is given; of none nothing', () => {
  const { edges } = graphOf([proxyProtocolPath]);
  for (const [index, hop] of proxyProtocolPath.hops.entries()) {
    const edge = edges[index];
    if (hop.rtt === null) expect(edge).toMatchObject({ medianNs: null, measured: 0 });
    else if (hop.rtt.method === 'handshakeDifference')
      expect(edge).toMatchObject({ medianNs: hop.rtt.valueNs, isBound: false });
    else expect(edge).toMatchObject({ medianNs: hop.rtt.highNs, isBound: true });
  }
});

test('the frames of the node graph hold all that the panel draws', () => {
  const graph = graphOf(samplePaths);
  expect(graphFromFrames(frames(graph).reverse())).toEqual({ graph, missing: null });
});

test('missing columns are named', () => {
  const [nodes] = frames(graphOf(samplePaths));
  expect(graphFromFrames([{ length: 0, fields: [{ name: 'a', values: [] }] }]).missing).toEqual([
    'nodes.id',
    'nodes.title',
    'nodes.stage',
    'edges.id',
    'edges.source',
    'edges.target',
    'edges.mainstat',
  ]);
  expect(graphFromFrames(nodes === undefined ? [] : [nodes]).missing).toEqual([
    'edges.id',
    'edges.source',
    'edges.target',
    'edges.mainstat',
  ]);
});

function frames(graph: ReturnType<typeof graphOf>) {
  return graphFrames(graph, OPTIONS).map((frame) => ({
    ...frame,
    length: frame.fields[0]?.values.length ?? 0,
  }));
}

test('too many parties: the busiest stay, the rest are one mark, and no path is lost', () => {
  const paths = Array.from({ length: 30 }, (_, index) => ({
    ...crossNodePath,
    pathId: `path-${index}`,
    hops: crossNodePath.hops.map((hop) => ({
      ...hop,
      to: { ...hop.to, name: `${hop.to.name}-${index % 10}`, node: `${hop.to.node}-${index % 10}` },
      from: hop.from.role === 'client' ? hop.from : { ...hop.from, node: `n-${index % 10}` },
    })),
  }));
  const graph = graphOf(paths);
  const folded = foldGraph(graph, 4);
  for (const stage of new Set(folded.nodes.map((node) => node.stage)))
    expect(folded.nodes.filter((node) => node.stage === stage).length).toBeLessThanOrEqual(4);
  expect(folded.nodes.map(({ title }) => title)).toContain('other (7)');
  const total = (edges: typeof graph.edges) => edges.reduce((sum, edge) => sum + edge.paths, 0);
  expect(total(folded.edges)).toBe(total(graph.edges));
  const ids = new Set(folded.nodes.map(({ id }) => id));
  for (const edge of folded.edges)
    expect([ids.has(edge.source), ids.has(edge.target)]).toEqual([true, true]);
});
