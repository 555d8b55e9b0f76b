/** The ways that requests took, added up: parties in stages from client to app, and the hops between them. */
export const STAGES = ['client', 'load balancer', 'node', 'ingress Pod', 'app Pod'] as const;

export interface GraphNode {
  readonly id: string;
  /** Index into STAGES. */
  readonly stage: number;
  readonly title: string;
  readonly subtitle: string;
  /** The machine; null if it is not known, or several stand behind this mark. */
  readonly machine: string | null;
  readonly paths: number;
}

export interface GraphEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly paths: number;
  /** Of all paths of the graph, 0 to 1. */
  readonly share: number;
  /** Median round trip; null: not measured. */
  readonly medianNs: number | null;
  readonly p99Ns: number | null;
  /** The figures bound the round trip from above only: no hop of this edge was measured at both ends. */
  readonly isBound: boolean;
  /** Of `paths`, those with a round trip. */
  readonly measured: number;
  readonly extra: number;
  readonly refused: number;
  readonly unseen: number;
}

export interface ServiceGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/**
 * At most so many parties a stage: the busiest stay, the rest become one mark `other (37)`. Edges that then
 * have the same ends become one; of their round trips only a bound is known, the largest.
 */
export function foldGraph(graph: ServiceGraph, maxPerStage: number): ServiceGraph {
  const renamed = new Map<string, string>();
  const nodes: GraphNode[] = [];
  for (const stage of STAGES.keys()) {
    const here = graph.nodes.filter((node) => node.stage === stage);
    const busiest = [...here].sort((a, b) => b.paths - a.paths || a.id.localeCompare(b.id));
    const kept = busiest.length <= maxPerStage ? busiest : busiest.slice(0, maxPerStage - 1);
    nodes.push(...kept);
    const rest = busiest.slice(kept.length);
    if (rest.length === 0) continue;
    const id = `other ${stage}`;
    for (const node of rest) renamed.set(node.id, id);
    nodes.push({
      id,
      stage,
      title: `other (${rest.length})`,
      subtitle: '',
      machine: null,
      paths: sum(rest.map(({ paths }) => paths)),
    });
  }
  if (renamed.size === 0) return { nodes, edges: graph.edges };
  return { nodes, edges: mergeEdges(graph.edges, renamed) };
}

function mergeEdges(
  edges: readonly GraphEdge[],
  renamed: ReadonlyMap<string, string>,
): readonly GraphEdge[] {
  const groups = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const source = renamed.get(edge.source) ?? edge.source;
    const target = renamed.get(edge.target) ?? edge.target;
    const id = edgeId(source, target);
    groups.set(id, [...(groups.get(id) ?? []), { ...edge, id, source, target }]);
  }
  return [...groups.values()].flatMap((members) => mergeGroup(members));
}

function mergeGroup(members: readonly GraphEdge[]): GraphEdge[] {
  const [first] = members;
  if (first === undefined) return [];
  if (members.length === 1) return [first];
  const known = members.flatMap(({ medianNs }) => medianNs ?? []);
  const tails = members.flatMap(({ p99Ns }) => p99Ns ?? []);
  return [
    {
      ...first,
      paths: sum(members.map(({ paths }) => paths)),
      share: sum(members.map(({ share }) => share)),
      medianNs: known.length === 0 ? null : Math.max(...known),
      p99Ns: tails.length === 0 ? null : Math.max(...tails),
      isBound: true,
      measured: sum(members.map(({ measured }) => measured)),
      extra: sum(members.map(({ extra }) => extra)),
      refused: sum(members.map(({ refused }) => refused)),
      unseen: sum(members.map(({ unseen }) => unseen)),
    },
  ];
}

export function edgeId(source: string, target: string): string {
  return `${source} → ${target}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
