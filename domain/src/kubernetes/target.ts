/** Step 1 of the outcome function: what a destination address means on one node, and what a source is to it. */
import type { Endpoint } from '../model/tuple.ts';
import type { HostPort, TopologyNode } from '../topology/nodes.ts';
import type { ServicePort, Topology } from '../topology/topology.ts';
import type { NodeAddress } from '../wire/v1.ts';
import { isInRange, isIpv6 } from './cidr.ts';
import { ASSUMED_DATA_PLANE, DATA_PLANE_RULES, type DataPlane } from './dataPlanes.ts';

/** One node with what its agent reports about it. */
export interface NodeView {
  readonly node: TopologyNode;
  readonly dataPlane: DataPlane;
  /** false: nobody said which data plane runs, `dataPlane` is an assumption. */
  readonly isDataPlaneKnown: boolean;
  /** Every address of the node: the Node object's, then those that only its agent saw. */
  readonly addresses: readonly string[];
}

export type Target =
  | { readonly kind: 'nodePort' | 'clusterIp' | 'externalIp'; readonly service: ServicePort }
  | {
      readonly kind: 'loadBalancerIp';
      readonly service: ServicePort;
      readonly isCaptured: boolean;
    }
  | { readonly kind: 'hostPort'; readonly hostPort: HostPort }
  /** The NodePort exists, but this data plane opens it on the node's primary addresses only. */
  | { readonly kind: 'nodePortElsewhere'; readonly service: ServicePort }
  | { readonly kind: 'clusterIpUnknownPort'; readonly service: ServicePort }
  /** An address of this node on which the topology knows no listener. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'pod'; readonly node: string | null }
  | { readonly kind: 'otherNode'; readonly node: string }
  | { readonly kind: 'unknown' };

/** `pod`: what the node's local traffic detector takes for a Pod of the cluster. */
export type SourceClass = 'pod' | 'thisNode' | 'outside';

const UNNAMED: Omit<TopologyNode, 'name'> = {
  zone: null,
  addresses: [],
  podCidrs: [],
  dataPlane: null,
  localDetector: 'clusterCidr',
};

export function viewOf(
  topology: Topology,
  name: string,
  reported: readonly NodeAddress[] = [],
): NodeView {
  const node = topology.nodes.get(name) ?? { name, ...UNNAMED };
  return {
    node,
    dataPlane: node.dataPlane ?? ASSUMED_DATA_PLANE,
    isDataPlaneKnown: node.dataPlane !== null,
    addresses: [...new Set([...node.addresses, ...reported.map(({ ip }) => ip)])],
  };
}

export function targetOf(topology: Topology, view: NodeView, dst: Endpoint): Target {
  const address = topology.serviceByAddress.get(`${dst.ip}|${dst.port}`);
  if (address?.kind === 'loadBalancerIp') {
    return { kind: 'loadBalancerIp', service: address.service, isCaptured: address.isCaptured };
  }
  if (address !== undefined) return { kind: address.kind, service: address.service };
  const ofClusterIp = topology.serviceByClusterIp.get(dst.ip);
  if (ofClusterIp !== undefined) return { kind: 'clusterIpUnknownPort', service: ofClusterIp };
  if (view.addresses.includes(dst.ip)) return onNode(topology, view, dst);
  const pod = topology.podByIp.get(dst.ip);
  if (pod !== undefined) return { kind: 'pod', node: pod.node };
  const node = topology.nodeByIp.get(dst.ip);
  return node === undefined ? { kind: 'unknown' } : { kind: 'otherNode', node };
}

function onNode(topology: Topology, view: NodeView, dst: Endpoint): Target {
  const service = topology.serviceByNodePort.get(dst.port);
  if (service !== undefined) {
    return isNodePortOpenOn(view, dst.ip)
      ? { kind: 'nodePort', service }
      : { kind: 'nodePortElsewhere', service };
  }
  const hostPort = topology.hostPorts.find(
    (each) =>
      each.node === view.node.name &&
      each.port === dst.port &&
      (each.hostIp === null || each.hostIp === dst.ip),
  );
  return hostPort === undefined ? { kind: 'closed' } : { kind: 'hostPort', hostPort };
}

/** kube-proxy in nftables mode opens NodePorts on the primary address of each family only, unless configured. */
function isNodePortOpenOn(view: NodeView, ip: string): boolean {
  if (DATA_PLANE_RULES[view.dataPlane].nodePortsOn === 'allAddresses') return true;
  return isPrimary(view.node, ip);
}

export function isPrimary(node: TopologyNode, ip: string): boolean {
  return node.addresses.find((each) => isIpv6(each) === isIpv6(ip)) === ip;
}

export function sourceClassOf(topology: Topology, view: NodeView, ip: string): SourceClass {
  if (view.addresses.includes(ip)) return 'thisNode';
  const nodes = nodesOfDetector(topology, view);
  const isPod = nodes.some(
    (node) =>
      node.podCidrs.some((range) => isInRange(ip, range)) ||
      topology.podByIp.get(ip)?.node === node.name,
  );
  return isPod ? 'pod' : 'outside';
}

function nodesOfDetector(topology: Topology, { node }: NodeView): readonly TopologyNode[] {
  if (node.localDetector === 'none') return [];
  return node.localDetector === 'nodeCidr' ? [node] : [...topology.nodes.values()];
}
