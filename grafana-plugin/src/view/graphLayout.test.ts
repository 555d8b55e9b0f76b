import { expect, test } from '@jest/globals';
import { HEAD_HEIGHT, layoutGraph, MIN_COLUMN_GAP, NODE_WIDTH, stripesOf } from './graphLayout.ts';
import type { GraphEdge, GraphNode, ServiceGraph } from './graphModel.ts';

function node(id: string, stage: number): GraphNode {
  return { id, stage, title: id, subtitle: '', machine: id, paths: 10 };
}

function edge(source: string, target: string, rest: Partial<GraphEdge> = {}): GraphEdge {
  return {
    id: `${source} → ${target}`,
    source,
    target,
    paths: 10,
    share: 1,
    medianNs: 1000,
    p99Ns: 2000,
    isBound: false,
    measured: 10,
    extra: 0,
    refused: 0,
    unseen: 0,
    ...rest,
  };
}

const CHAIN: ServiceGraph = {
  nodes: [node('client', 0), node('lb', 1), node('b', 2), node('a', 2)],
  edges: [
    edge('client', 'lb', { share: 0.6 }),
    edge('client', 'a', { share: 0.4 }),
    edge('lb', 'b', { share: 0.6 }),
  ],
};

test('a column a stage, as wide as there is room, marks by name', () => {
  const { nodes, stages, width } = layoutGraph(CHAIN, 1000, 400);
  expect(stages.map(({ label }) => label)).toEqual(['client', 'load balancer', 'node']);
  expect(nodes.map(({ node: { id } }) => id)).toEqual(['client', 'lb', 'a', 'b']);
  expect(width).toBeLessThanOrEqual(1000);
});

test('an edge that skips a stage passes below the marks there', () => {
  const { nodes, edges } = layoutGraph(CHAIN, 1000, 400);
  const balancer = nodes.find(({ node: { id } }) => id === 'lb');
  const passing = edges.find(({ edge: { target } }) => target === 'a');
  const laneY = Number(/ (\d+(?:\.\d+)?)H/.exec(passing?.d ?? '')?.[1]);
  expect(laneY).toBeGreaterThan((balancer?.y ?? 0) + (balancer?.height ?? 0));
});

test('where there is no room it grows and scrolls, it does not squeeze', () => {
  const many = Array.from({ length: 12 }, (_, index) => node(`n${index}`, 2));
  const graph = {
    nodes: [node('client', 0), ...many],
    edges: many.map(({ id }) => edge('client', id, { share: 1 / 12 })),
  };
  const { width, height, edges } = layoutGraph(graph, 100, 100);
  expect(width).toBeGreaterThanOrEqual(2 * NODE_WIDTH + MIN_COLUMN_GAP);
  expect(height).toBeGreaterThan(12 * 40);
  const labels = edges.map(({ labelY }) => labelY).sort((a, b) => a - b);
  for (const [index, y] of labels.entries())
    expect(y).toBeGreaterThanOrEqual(index === 0 ? HEAD_HEIGHT : (labels[index - 1] ?? 0) + 31);
});

test('an edge that goes back swings out and stays on the page', () => {
  const graph = { nodes: CHAIN.nodes, edges: [...CHAIN.edges, edge('b', 'a')] };
  const { width, edges } = layoutGraph(graph, 500, 400);
  const back = edges.find(({ edge: { source } }) => source === 'b');
  expect(back?.d).toMatch(/^M[\d.]+ [\d.]+C/);
  for (const x of (back?.d.match(/[\d.]+ [\d.]+/g) ?? []).map((pair) => Number(pair.split(' ')[0])))
    expect(x).toBeLessThanOrEqual(width);
});

test('stripes are as wide as what they stand for, and fill the band', () => {
  const stripes = stripesOf(edge('a', 'b', { paths: 10, refused: 2, extra: 3 }), 100);
  expect(stripes).toEqual([
    { tone: 'plain', shift: -25, width: 50 },
    { tone: 'extra', shift: 15, width: 30 },
    { tone: 'refused', shift: 40, width: 20 },
  ]);
  expect(stripesOf(edge('a', 'b', { paths: 4, refused: 4, extra: 4 }), 8)).toEqual([
    { tone: 'refused', shift: 0, width: 8 },
  ]);
});
