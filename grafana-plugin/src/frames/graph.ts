/** Adds paths up to the graph of a service: who sent to whom how often, how long it took, what was refused. */

import type { Hop, Party, Path } from '../rest/types.ts';
import { edgeId, type GraphEdge, type GraphNode, type ServiceGraph } from '../view/graphModel.ts';
import { partyName } from '../view/lanes.ts';
import { isSeen } from '../view/words.ts';

const STAGE_OF_ROLE: Record<Party['role'], number> = {
  client: 0,
  'load-balancer': 1,
  node: 2,
  ingress: 3,
  app: 4,
  pod: 4,
  unknown: 4,
};

interface NodeTally {
  readonly node: GraphNode;
  readonly addresses: Set<string>;
  readonly pathIds: Set<string>;
}

interface EdgeTally {
  readonly source: string;
  readonly target: string;
  readonly hops: { readonly hop: Hop; readonly isRefused: boolean }[];
  readonly pathIds: Set<string>;
}

/** Every path counts once for each party and each edge that it touches. The clients are one mark. */
export function graphOf(paths: readonly Path[]): ServiceGraph {
  const nodes = new Map<string, NodeTally>();
  const edges = new Map<string, EdgeTally>();
  for (const path of paths) {
    for (const [index, hop] of path.hops.entries()) {
      const source = countParty(nodes, hop.from, path.pathId);
      const target = countParty(nodes, hop.to, path.pathId);
      const id = edgeId(source, target);
      const edge = edges.get(id) ?? { source, target, hops: [], pathIds: new Set() };
      edges.set(id, edge);
      const isLast = index === path.hops.length - 1;
      edge.hops.push({ hop, isRefused: isLast && path.refusal !== null });
      edge.pathIds.add(path.pathId);
    }
  }
  const all = new Set(paths.map(({ pathId }) => pathId)).size;
  return {
    nodes: [...nodes.values()].map(closeNode),
    edges: [...edges].map(([id, tally]) => closeEdge(id, tally, all)),
  };
}

function countParty(nodes: Map<string, NodeTally>, party: Party, pathId: string): string {
  const stage = STAGE_OF_ROLE[party.role];
  const name = party.role === 'client' ? 'clients' : markOf(party);
  const id = `${stage} ${name}`;
  const known = nodes.get(id);
  const tally = known ?? {
    node: { id, stage, title: shortName(name), subtitle: '', machine: machineOf(party), paths: 0 },
    addresses: new Set<string>(),
    pathIds: new Set<string>(),
  };
  nodes.set(id, tally);
  tally.addresses.add(party.role === 'client' ? party.ip : subtitleOf(party));
  tally.pathIds.add(pathId);
  return id;
}

function markOf(party: Party): string {
  return party.role === 'node' ? (party.node ?? partyName(party)) : partyName(party);
}

/** `ingress-nginx/controller-x` → `controller-x`; the namespace is in the subtitle. */
function shortName(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

function machineOf(party: Party): string | null {
  return party.role === 'client' ? null : party.node;
}

function subtitleOf(party: Party): string {
  if (party.role === 'node') return `port ${party.port}`;
  const namespace = party.name?.includes('/') === true ? party.name.split('/')[0] : undefined;
  const machine = party.node === null || party.node === party.name ? undefined : `on ${party.node}`;
  return [namespace, machine].filter((each) => each !== undefined).join(' ');
}

function closeNode({ node, addresses, pathIds }: NodeTally): GraphNode {
  const [only = ''] = addresses;
  const several = node.stage === 2 ? `${addresses.size} ports` : `${addresses.size} places`;
  const clients = addresses.size === 1 ? only : `${addresses.size} addresses`;
  const subtitle = node.stage === 0 ? clients : addresses.size === 1 ? only : several;
  return { ...node, subtitle, paths: pathIds.size };
}

function closeEdge(
  id: string,
  { source, target, hops, pathIds }: EdgeTally,
  all: number,
): GraphEdge {
  const rtts = hops.flatMap(({ hop }) => hop.rtt ?? []);
  const exact = rtts.filter(({ method }) => method === 'handshakeDifference');
  const isBound = exact.length === 0 && rtts.length > 0;
  const figures = (
    isBound ? rtts.map(({ highNs }) => highNs) : exact.map(({ valueNs }) => valueNs)
  ).sort((a, b) => a - b);
  return {
    id,
    source,
    target,
    paths: pathIds.size,
    share: pathIds.size / all,
    medianNs: quantile(figures, 0.5),
    p99Ns: quantile(figures, 0.99),
    isBound,
    measured: figures.length,
    extra: hops.filter(({ hop }) => hop.extra === true).length,
    refused: hops.filter(({ isRefused }) => isRefused).length,
    unseen: hops.filter(({ hop }) => !isSeen(hop)).length,
  };
}

/** Of sorted values the smallest that is at least as large as so many of them; null of none. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
