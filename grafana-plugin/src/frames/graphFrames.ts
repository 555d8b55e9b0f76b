/** A graph as the two frames of Grafana's node graph; the path graph panel reads the same columns back. */
import type { GraphEdge, GraphNode, ServiceGraph } from '../view/graphModel.ts';
import { PATH_GRAPH_PANEL_ID } from './ids.ts';
import {
  fieldsOf,
  flag,
  NANOSECONDS,
  number,
  type PlainFrame,
  type PlainNotice,
  SHARE,
  same,
  text,
} from './plainFrame.ts';

const REFUSED_COLOUR = 'red';
const EXTRA_COLOUR = 'orange';
const PLAIN_COLOUR = 'blue';
const MIN_THICKNESS = 1;
const MAX_THICKNESS = 12;

export interface GraphFrameOptions {
  /** Paths that were added up. */
  readonly paths: number;
  readonly notices: readonly PlainNotice[];
}

export function graphFrames(graph: ServiceGraph, options: GraphFrameOptions): PlainFrame[] {
  const meta = {
    preferredVisualisationType: 'nodeGraph',
    preferredVisualisationPluginId: PATH_GRAPH_PANEL_ID,
    custom: { hoptracePaths: options.paths },
  } as const;
  return [
    { name: 'nodes', meta, fields: nodeFields(graph) },
    { name: 'edges', meta: { ...meta, notices: options.notices }, fields: edgeFields(graph.edges) },
  ];
}

function nodeFields({ nodes, edges }: ServiceGraph) {
  const refusedAt = new Map<string, number>();
  for (const { target, refused } of edges)
    refusedAt.set(target, (refusedAt.get(target) ?? 0) + refused);
  const refused = ({ id, paths }: GraphNode) =>
    paths === 0 ? 0 : (refusedAt.get(id) ?? 0) / paths;
  return fieldsOf(nodes, {
    ...same<GraphNode>(text, 'id', 'title', 'subtitle'),
    ...same<GraphNode>(number, 'stage'),
    mainstat: number(({ paths }) => paths, { displayName: 'paths', unit: 'short' }),
    arc__refused: number(refused, { displayName: 'refused', ...SHARE }),
    arc__passed: number((node) => 1 - refused(node), { displayName: 'passed on', ...SHARE }),
    detail__machine: text(({ machine }) => machine, 'machine'),
  });
}

function edgeFields(edges: readonly GraphEdge[]) {
  return fieldsOf(edges, {
    ...same<GraphEdge>(text, 'id', 'source', 'target'),
    mainstat: number(({ share }) => share, { displayName: 'share', ...SHARE }),
    secondarystat: number(({ medianNs }) => medianNs, {
      displayName: 'median round trip',
      ...NANOSECONDS,
    }),
    thickness: number(({ share }) => MIN_THICKNESS + share * (MAX_THICKNESS - MIN_THICKNESS)),
    color: text(colourOf),
    strokeDasharray: text(({ medianNs }) => (medianNs === null ? '6 4' : '')),
    detail__p99: number(({ p99Ns }) => p99Ns, { displayName: '99th percentile', ...NANOSECONDS }),
    detail__bound: flag(({ isBound }) => isBound, 'upper bound only'),
    detail__paths: number(({ paths }) => paths, 'paths'),
    detail__measured: number(({ measured }) => measured, 'measured'),
    detail__extra: number(({ extra }) => extra, 'extra hops'),
    detail__refused: number(({ refused }) => refused, 'refused'),
    detail__unseen: number(({ unseen }) => unseen, 'not seen by an agent'),
  });
}

function colourOf({ refused, extra }: GraphEdge): string {
  if (refused > 0) return REFUSED_COLOUR;
  return extra > 0 ? EXTRA_COLOUR : PLAIN_COLOUR;
}

/** A field as panels get it. */
interface ReadField {
  readonly name: string;
  readonly values: ArrayLike<unknown>;
}

interface ReadFrame {
  readonly length: number;
  readonly fields: readonly ReadField[];
}

export type ReadGraph =
  | { readonly graph: ServiceGraph; readonly missing: null }
  | { readonly graph: null; readonly missing: readonly string[] };

const NEEDED = {
  nodes: ['id', 'title', 'stage'],
  edges: ['id', 'source', 'target', 'mainstat'],
} as const;

/** Reads the two frames back, in any order; names the columns that are not there. */
export function graphFromFrames(frames: readonly ReadFrame[]): ReadGraph {
  const edges = frames.find((frame) => has(frame, 'source'));
  const nodes = frames.find((frame) => has(frame, 'stage'));
  const missing = [
    ...NEEDED.nodes
      .filter((name) => nodes === undefined || !has(nodes, name))
      .map((name) => `nodes.${name}`),
    ...NEEDED.edges
      .filter((name) => edges === undefined || !has(edges, name))
      .map((name) => `edges.${name}`),
  ];
  if (nodes === undefined || edges === undefined || missing.length > 0)
    return { graph: null, missing };
  return {
    graph: { nodes: rows(nodes).map(nodeOf), edges: rows(edges).map(edgeOf) },
    missing: null,
  };
}

function has(frame: ReadFrame, name: string): boolean {
  return frame.fields.some((field) => field.name === name);
}

type Row = (name: string) => unknown;

function rows(frame: ReadFrame): Row[] {
  const fields = new Map(frame.fields.map((field) => [field.name, field.values]));
  return Array.from({ length: frame.length }, (_, index) => (name) => fields.get(name)?.[index]);
}

function nodeOf(row: Row): GraphNode {
  return {
    id: words(row('id')),
    stage: count(row('stage')),
    title: words(row('title')),
    subtitle: words(row('subtitle')),
    machine: typeof row('detail__machine') === 'string' ? words(row('detail__machine')) : null,
    paths: count(row('mainstat')),
  };
}

function edgeOf(row: Row): GraphEdge {
  return {
    id: words(row('id')),
    source: words(row('source')),
    target: words(row('target')),
    paths: count(row('detail__paths')),
    share: count(row('mainstat')),
    medianNs: figure(row('secondarystat')),
    p99Ns: figure(row('detail__p99')),
    isBound: row('detail__bound') === true,
    measured: count(row('detail__measured')),
    extra: count(row('detail__extra')),
    refused: count(row('detail__refused')),
    unseen: count(row('detail__unseen')),
  };
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function figure(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function count(value: unknown): number {
  return figure(value) ?? 0;
}
