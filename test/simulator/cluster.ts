/**
 * The machines of a world and their names.
 *
 *   client 203.0.113.x ──► lb 192.168.50.5 ──► nodes 192.168.50.1n ──► ingress 10.244.n.10 ──► app 10.244.n.20
 */
import { buildTopology, type Topology } from '@hoptrace/domain/topology/topology.ts';
import { kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import type { NodeAddress } from '@hoptrace/domain/wire/v1.ts';
import { type Addresses, addressesOfFamily, type IpFamily } from './addresses.ts';

export const BALANCER = 'lb';

export interface SimPod {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
  readonly netns: number;
  readonly isIngress: boolean;
}

export interface SimService {
  readonly name: string;
  readonly nodePort: number;
  readonly policy: 'Cluster' | 'Local';
  readonly pods: readonly SimPod[];
  readonly targetPort: number;
}

export interface SimNode {
  readonly name: string;
  readonly ip: string;
  /** The address with which the node masquerades towards its own Pods. */
  readonly bridgeIp: string;
}

export interface SimCluster {
  readonly addresses: Addresses;
  readonly nodes: readonly SimNode[];
  readonly ingressPods: readonly SimPod[];
  readonly appPods: readonly SimPod[];
  readonly services: Readonly<
    Record<'cluster' | 'local' | 'app' | 'empty' | 'wrongPort', SimService>
  >;
  readonly topology: Topology;
}

/** A NodePort that no Service has. */
export const CLOSED_NODE_PORT = 30099;

/** Ingress Pods on all nodes but the last; app Pods on all. */
export function clusterOf(nodeCount: number, family: IpFamily): SimCluster {
  const addresses = addressesOfFamily(family);
  const nodes = Array.from({ length: nodeCount }, (_, index): SimNode => {
    const n = index + 1;
    return { name: `node${n}`, ip: addresses.node(n), bridgeIp: addresses.bridge(n) };
  });
  const podOn = (kind: 'ingress' | 'app', index: number): SimPod => ({
    name: `${kind}-${index + 1}`,
    node: `node${index + 1}`,
    ip: addresses.pod(index + 1, kind === 'ingress' ? 10 : 20),
    netns: kind === 'ingress' ? 10 : 20,
    isIngress: kind === 'ingress',
  });
  const appPods = nodes.map((_, index) => podOn('app', index));
  const ingressPods = nodes.slice(0, -1).map((_, index) => podOn('ingress', index));
  const service = (
    name: string,
    nodePort: number,
    pods: readonly SimPod[],
    policy: SimService['policy'] = 'Cluster',
    targetPort = 8080,
  ): SimService => ({ name, nodePort, pods, policy, targetPort });
  const services = {
    cluster: service('ingress', 30080, ingressPods, 'Cluster', 80),
    local: service('ingress-local', 30081, ingressPods, 'Local', 80),
    empty: service('empty', 30085, []),
    app: service('app', 30090, appPods),
    wrongPort: service('wrong-port', 30091, appPods, 'Cluster', 8081),
  };
  const pods = [...ingressPods, ...appPods];
  return {
    addresses,
    nodes,
    ingressPods,
    appPods,
    services,
    topology: topologyOf(addresses, nodes, pods, Object.values(services)),
  };
}

/** What an agent reports as addresses of its machine. */
export function addressesOf(cluster: SimCluster, machine: string): NodeAddress[] {
  if (machine === BALANCER) {
    return [
      { ip: cluster.addresses.balancerIp, ifname: 'eth1' },
      { ip: cluster.addresses.vip.ip, ifname: 'eth0' },
    ];
  }
  return cluster.nodes
    .filter((node) => node.name === machine)
    .flatMap((node) => [
      { ip: node.ip, ifname: 'eth0' },
      { ip: node.bridgeIp, ifname: 'cni0' },
    ]);
}

function topologyOf(
  addresses: Addresses,
  nodes: readonly SimNode[],
  pods: readonly SimPod[],
  services: readonly SimService[],
): Topology {
  const objects = [
    ...nodes.map(({ name, ip }) => ({
      kind: 'Node',
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address: ip }] },
    })),
    ...pods.map((pod) => ({
      kind: 'Pod',
      metadata: {
        name: pod.name,
        namespace: 'default',
        labels: pod.isIngress ? { 'app.kubernetes.io/name': 'ingress-nginx' } : {},
      },
      spec: { nodeName: pod.node },
      status: { podIPs: [{ ip: pod.ip }] },
    })),
    ...services.flatMap((each) => serviceObjects(addresses, each)),
  ];
  return buildTopology(objects.map((object) => kubernetesObjectSchema.parse(object)));
}

function serviceObjects(
  addresses: Addresses,
  { name, nodePort, policy, pods, targetPort }: SimService,
) {
  return [
    {
      kind: 'Service',
      metadata: {
        name,
        namespace: 'default',
        annotations: { 'hoptrace/load-balancer-addresses': addresses.balancerIp },
      },
      spec: {
        type: 'NodePort',
        externalTrafficPolicy: policy,
        ports: [{ name: 'http', port: 80, nodePort }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-1`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      ports: [{ name: 'http', port: targetPort }],
      endpoints: pods.map((pod) => ({
        addresses: [pod.ip],
        nodeName: pod.node,
        conditions: {},
      })),
    },
  ];
}
