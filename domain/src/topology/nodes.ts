/** Nodes and the ports that Pods hold on them. */
import {
  DATA_PLANES,
  type DataPlane,
  LOCAL_DETECTORS,
  type LocalDetector,
} from '../kubernetes/dataPlanes.ts';
import { canonicalIp } from '../model/ip.ts';
import type { NodeObject, PodObject } from '../wire/kubernetes.ts';

export interface TopologyNode {
  readonly name: string;
  readonly zone: string | null;
  /** InternalIP and ExternalIP, in the Node object's order. */
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  /** null: nobody said; see ASSUMED_DATA_PLANE. */
  readonly dataPlane: DataPlane | null;
  readonly localDetector: LocalDetector;
}

/** A port of a node that leads to a Pod without any Service. */
export interface HostPort {
  readonly node: string;
  /** null: all addresses of the node. */
  readonly hostIp: string | null;
  readonly port: number;
  /** `namespace/name`. */
  readonly pod: string;
  /** Where hostPort translates to; null: the Pod uses the node's own network and there is no translation. */
  readonly target: { readonly ip: string; readonly port: number } | null;
}

/** Says which data plane a node runs (values: DATA_PLANES); Kubernetes itself has no field for it. */
export const DATA_PLANE_ANNOTATION = 'hoptrace/data-plane';
/** Says how kube-proxy tells Pods from others (values: LOCAL_DETECTORS; clusterCidr unless said). */
export const LOCAL_DETECTOR_ANNOTATION = 'hoptrace/local-detector';

export function nodeOf(node: NodeObject): TopologyNode {
  const { name, labels, annotations } = node.metadata;
  const plane = annotations[DATA_PLANE_ANNOTATION];
  const detector = annotations[LOCAL_DETECTOR_ANNOTATION];
  return {
    name,
    zone: labels['topology.kubernetes.io/zone'] ?? null,
    addresses: node.status.addresses.flatMap(({ type, address }) =>
      type.endsWith('IP') ? (canonicalIp(address) ?? []) : [],
    ),
    podCidrs: node.spec.podCIDRs,
    dataPlane: DATA_PLANES.find((each) => each === plane) ?? null,
    localDetector: LOCAL_DETECTORS.find((each) => each === detector) ?? 'clusterCidr',
  };
}

/** hostPorts, and the declared ports of Pods in the node's own network. */
export function hostPortsOf(pod: PodObject): HostPort[] {
  const node = pod.spec.nodeName;
  if (node === undefined) return [];
  const ip = canonicalIp(pod.status.podIPs[0]?.ip ?? '');
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ containerPort, hostPort, hostIP, protocol }): HostPort[] => {
    if (protocol !== 'TCP') return [];
    const hostIp = hostIP === undefined || /^(0\.0\.0\.0|::)?$/.test(hostIP) ? null : hostIP;
    const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
    if (pod.spec.hostNetwork)
      return [{ node, hostIp, port: containerPort, pod: name, target: null }];
    if (hostPort === undefined || ip === null) return [];
    return [{ node, hostIp, port: hostPort, pod: name, target: { ip, port: containerPort } }];
  });
}
