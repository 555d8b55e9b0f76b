/**
 * In which mode kube-proxy runs on each node, as the agents find it, through time. Kubernetes has no field for it; an
 * annotation of the Node is believed before an agent. Pure: each function answers a new history. Times in microseconds.
 */
import type { TopologyNode } from '../topology/nodes.ts';
import type { Topology, TopologyChange } from '../topology/topology.ts';
import { type OtherNodes, withNodes } from '../topology/withNodes.ts';
import type { KubeProxyMode } from '../wire/nodeFacts.ts';
import { DEFAULT_TRANSITION_WINDOW_US } from './history.ts';
import { countUpTo } from './segments.ts';

/** Agents look at their node every 30 s: a change they report may be as old, and some more for its way here. */
const LOOKED_WITHIN_US = 35_000_000;
/** A node whose mode goes to and fro must not grow without bound. */
const MAX_REPORTS_PER_NODE = 64;

export interface ModeReport {
  /** null: the agent looked and could not tell. */
  readonly mode: KubeProxyMode | null;
  /** Of an agent's first report minus infinity: what it found may have been so for ever. */
  readonly fromUs: number;
}

/** By node, in the order of time. */
export type ModeHistory = ReadonlyMap<string, readonly ModeReport[]>;

export const NO_MODES: ModeHistory = new Map();

/** The same history where the report is no news. */
export function withModeReport(
  history: ModeHistory,
  { node, mode, atUs }: { node: string; mode: KubeProxyMode | null; atUs: number },
): ModeHistory {
  const before = history.get(node) ?? [];
  const last = before.at(-1);
  if (last?.mode === mode || (last !== undefined && atUs <= last.fromUs)) return history;
  const fromUs = last === undefined ? Number.NEGATIVE_INFINITY : atUs;
  const after = [...before, { mode, fromUs }].slice(-MAX_REPORTS_PER_NODE);
  return new Map(history).set(node, after);
}

/** A topology with what the agents reported of its nodes; what differs is built once for each segment of time. */
export function modesLookup(history: ModeHistory): (topology: Topology, atUs: number) => Topology {
  const edges = [...history.values()].flat().flatMap(({ fromUs }) => edgesOf(fromUs));
  edges.sort((a, b) => a - b);
  // By the nodes as they were before: a topology as of a time is a new one each time it is asked for.
  const remembered = new WeakMap<Topology['nodes'], Map<number, OtherNodes>>();
  return (topology, atUs) => {
    if (history.size === 0) return topology;
    const segment = countUpTo(edges, atUs);
    const known = remembered.get(topology.nodes) ?? new Map<number, OtherNodes>();
    remembered.set(topology.nodes, known);
    const built = known.get(segment) ?? withModes(topology, history, atUs);
    known.set(segment, built);
    return withNodes(topology, built);
  };
}

function withModes(topology: Topology, history: ModeHistory, atUs: number): OtherNodes {
  const nodes = new Map<string, TopologyNode>(topology.nodes);
  const changes: TopologyChange[] = [];
  for (const [name, reports] of history) {
    const node = nodes.get(name);
    if (node === undefined || node.dataPlane !== null) continue;
    const mode = reports.findLast(({ fromUs }) => fromUs <= atUs)?.mode ?? null;
    nodes.set(name, { ...node, dataPlane: mode });
    changes.push(...changesOf(name, reports, atUs));
  }
  return { nodes, changes };
}

function changesOf(
  node: string,
  reports: readonly ModeReport[],
  atUs: number,
): readonly TopologyChange[] {
  return reports.flatMap(({ fromUs }) => {
    const [began, , ended] = edgesOf(fromUs);
    if (began === undefined || ended === undefined || atUs < began || atUs >= ended) return [];
    return [{ subject: `Node ${node}`, earliestUs: fromUs - LOOKED_WITHIN_US, latestUs: fromUs }];
  });
}

/** When the time around a change begins, the change, and when that time is over. */
function edgesOf(fromUs: number): number[] {
  if (!Number.isFinite(fromUs)) return [];
  const window = DEFAULT_TRANSITION_WINDOW_US;
  return [fromUs - LOOKED_WITHIN_US - window, fromUs, fromUs + window + 1];
}
