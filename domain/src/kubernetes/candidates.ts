/** Step 4 of the outcome function: among which endpoints a node chooses (KEP-1669, KEP-2433, KEP-3015). */
import type { TopologyNode } from '../topology/nodes.ts';
import { type ServicePort, type TopologyEndpoint, usableEndpoints } from '../topology/topology.ts';

export interface Candidates {
  readonly endpoints: readonly TopologyEndpoint[];
  /** What narrowed the choice to fewer than all usable endpoints; null: nothing. */
  readonly narrowedBy: 'Local' | 'nodeHints' | 'zoneHints' | null;
}

/**
 * Cluster: ready endpoints after hints, else terminating ones that still serve (without hints). Local: the same on
 * this node alone, hints never apply.
 */
export function candidatesOf(
  service: ServicePort,
  policy: 'Cluster' | 'Local',
  node: TopologyNode,
): Candidates {
  if (policy === 'Local') {
    return { endpoints: usableEndpoints(service, node.name), narrowedBy: 'Local' };
  }
  const all = usableEndpoints(service);
  const isReady = all.every((endpoint) => endpoint.ready);
  return isReady ? hinted(all, node) : { endpoints: all, narrowedBy: null };
}

/**
 * kube-proxy reads the hints of the endpoints, never the Service: they count only if every ready endpoint has one and
 * one at least names this node (or, after that, its zone).
 */
function hinted(ready: readonly TopologyEndpoint[], node: TopologyNode): Candidates {
  const onNode = ready.filter((endpoint) => endpoint.hintedNodes.includes(node.name));
  if (onNode.length > 0 && ready.every((endpoint) => endpoint.hintedNodes.length > 0)) {
    return { endpoints: onNode, narrowedBy: 'nodeHints' };
  }
  const { zone } = node;
  const inZone = ready.filter((endpoint) => zone !== null && endpoint.hintedZones.includes(zone));
  if (inZone.length > 0 && ready.every((endpoint) => endpoint.hintedZones.length > 0)) {
    return { endpoints: inZone, narrowedBy: 'zoneHints' };
  }
  return { endpoints: ready, narrowedBy: null };
}
