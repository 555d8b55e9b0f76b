/** A topology with other nodes, and the changes that this brings; everything else is read through. */
import type { TopologyNode } from './nodes.ts';
import type { Topology, TopologyChange } from './topology.ts';
import { changesNear } from './topology.ts';

export interface OtherNodes {
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly changes: readonly TopologyChange[];
}

/** Copies nothing: a topology may be worked out as it is read, and read in a few places only. */
export function withNodes(topology: Topology, { nodes, changes }: OtherNodes): Topology {
  const { asOf } = topology;
  return {
    // What the agents found out about nodes holds for longer than what is looked at here.
    ...(asOf === undefined ? {} : { asOf: (us) => withNodes(asOf(us), { nodes, changes }) }),
    nodes,
    get changes() {
      return [...topology.changes, ...changes];
    },
    changesOf: (subject) => [
      ...changesNear(topology, [subject]),
      ...changes.filter((each) => each.subject === subject),
    ],
    get nodeByIp() {
      return topology.nodeByIp;
    },
    get podByIp() {
      return topology.podByIp;
    },
    get serviceByNodePort() {
      return topology.serviceByNodePort;
    },
    get services() {
      return topology.services;
    },
    get loadBalancerByIp() {
      return topology.loadBalancerByIp;
    },
    get serviceByAddress() {
      return topology.serviceByAddress;
    },
    get serviceByEndpoint() {
      return topology.serviceByEndpoint;
    },
    get serviceByClusterIp() {
      return topology.serviceByClusterIp;
    },
    get hostPorts() {
      return topology.hostPorts;
    },
    get imageByContainer() {
      return topology.imageByContainer;
    },
  };
}
