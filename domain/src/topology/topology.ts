/** The names behind addresses, at one instant. Built from Kubernetes objects; addresses are canonical text. */
import { canonicalIp } from '../model/ip.ts';
import type {
  EndpointSliceObject,
  KubernetesObject,
  PodObject,
  ServiceObject,
} from '../wire/kubernetes.ts';
import { type HostPort, hostPortsOf, nodeOf, type TopologyNode } from './nodes.ts';
import { portsOf, type ServicePort, slicesByService } from './services.ts';

export { type ServicePort, type TopologyEndpoint, usableEndpoints } from './services.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string | null;
  readonly isIngress: boolean;
  /** `namespace/name` of another Pod that may have had the address already; which of the two had it is not known. */
  readonly orElse?: string;
}

/** For people; both where it may be either. */
export function showPod({ namespace, name, orElse }: Pod): string {
  return orElse === undefined ? `${namespace}/${name}` : `${namespace}/${name} or ${orElse}`;
}

/** How a Service is reached under an address that is its own. */
export interface ServiceAddress {
  readonly kind: 'clusterIp' | 'externalIp' | 'loadBalancerIp';
  readonly service: ServicePort;
  /** false: ipMode Proxy, nodes let the address pass to the load balancer. */
  readonly isCaptured: boolean;
}

/** Something that the verdict depends on changed about then. `earliestUs` ≤ `latestUs`, CLOCK_REALTIME µs. */
export interface TopologyChange {
  /** `Service ns/name` (its slices included), `Node name`, `Pod ns/name`. */
  readonly subject: string;
  readonly earliestUs: number;
  readonly latestUs: number;
}

export interface Topology {
  readonly nodeByIp: ReadonlyMap<string, string>;
  readonly podByIp: ReadonlyMap<string, Pod>;
  readonly serviceByNodePort: ReadonlyMap<number, ServicePort>;
  readonly services: readonly ServicePort[];
  /** Source addresses of external load balancers, with the name to show. */
  readonly loadBalancerByIp: ReadonlyMap<string, string>;
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  /** By `ip|port`. */
  readonly serviceByAddress: ReadonlyMap<string, ServiceAddress>;
  /** By endpoint `ip|port`; the first Service in order where several have it. */
  readonly serviceByEndpoint: ReadonlyMap<string, ServicePort>;
  readonly serviceByClusterIp: ReadonlyMap<string, ServicePort>;
  readonly hostPorts: readonly HostPort[];
  /** By container id: the image that it runs, by digest where Kubernetes knows it. */
  readonly imageByContainer: ReadonlyMap<string, string>;
  /** Changes near this instant; empty where no history is kept. */
  readonly changes: readonly TopologyChange[];
  /** Those of one subject, where a look through all would be long. */
  readonly changesOf?: (subject: string) => readonly TopologyChange[];
  /** The same cluster at another instant near this one; absent where no history is kept. */
  readonly asOf?: (atUs: number) => Topology;
}

/** Changes of these subjects near the topology's instant, in the order of the subjects. */
export function changesNear(topology: Topology, subjects: readonly string[]): TopologyChange[] {
  const { changesOf } = topology;
  if (changesOf !== undefined) return subjects.flatMap((subject) => changesOf(subject));
  return subjects.flatMap((subject) => topology.changes.filter((each) => each.subject === subject));
}

/** Whether the Service had, or was to have, another policy near the topology's instant; false where no history is kept. */
export function isPolicyChanging(service: ServicePort, topology: Topology): boolean {
  const { asOf } = topology;
  const { namespace, name, externalTrafficPolicy } = service;
  if (asOf === undefined) return false;
  return changesNear(topology, [`Service ${namespace}/${name}`])
    .flatMap(({ earliestUs, latestUs }) => [earliestUs - 1, latestUs])
    .filter(Number.isFinite)
    .some((otherUs) =>
      asOf(otherUs).services.some(
        (other) =>
          other.namespace === namespace &&
          other.name === name &&
          other.externalTrafficPolicy !== externalTrafficPolicy,
      ),
    );
}

/** Lists on a Service the addresses from which its load balancer connects; Kubernetes itself has no field for them. */
export const LOAD_BALANCER_ANNOTATION = 'hoptrace/load-balancer-addresses';

/** app.kubernetes.io/name of ingress controllers, as their charts set it. */
const INGRESS_NAMES = new Set([
  'ingress-nginx',
  'traefik',
  'haproxy-ingress',
  'kubernetes-ingress',
  'contour',
  'kong',
]);

export const EMPTY_TOPOLOGY: Topology = buildTopology([]);

/** `changes`: what a history knows to have changed near the instant that `objects` show. */
export function buildTopology(
  objects: readonly KubernetesObject[],
  changes: readonly TopologyChange[] = [],
): Topology {
  const services = objects.filter((object): object is ServiceObject => object.kind === 'Service');
  const slices = slicesByService(
    objects.filter((object): object is EndpointSliceObject => object.kind === 'EndpointSlice'),
  );
  const pods = objects.filter((object): object is PodObject => object.kind === 'Pod');
  const nodes = objects.flatMap((object) => (object.kind === 'Node' ? [nodeOf(object)] : []));
  const ports = services.flatMap((service) => portsOf(service, slices));
  return {
    nodeByIp: new Map(nodes.flatMap(({ name, addresses }) => addresses.map((ip) => [ip, name]))),
    podByIp: new Map(pods.flatMap(podAddresses)),
    serviceByNodePort: new Map(
      ports.flatMap((port) => (port.nodePort === null ? [] : [[port.nodePort, port] as const])),
    ),
    services: ports,
    loadBalancerByIp: new Map(services.flatMap(loadBalancerAddresses)),
    nodes: new Map(nodes.map((node) => [node.name, node])),
    serviceByAddress: new Map(ports.flatMap(serviceAddresses)),
    serviceByEndpoint: new Map(
      ports
        .flatMap((port) => port.endpoints.map((each) => [`${each.ip}|${each.port}`, port] as const))
        .reverse(),
    ),
    serviceByClusterIp: new Map(
      ports.flatMap((port) => port.clusterIps.map((ip) => [ip, port] as const)),
    ),
    hostPorts: pods.flatMap(hostPortsOf),
    imageByContainer: new Map(pods.flatMap(containerImages)),
    changes,
  };
}

export function serviceAddresses(service: ServicePort): [string, ServiceAddress][] {
  const { servicePort, clusterIps, externalIps, virtualIps } = service;
  const at = (
    kind: ServiceAddress['kind'],
    ip: string,
    isCaptured = true,
  ): [string, ServiceAddress] => [`${ip}|${servicePort}`, { kind, service, isCaptured }];
  return [
    ...virtualIps.map(({ ip, isCaptured }) => at('loadBalancerIp', ip, isCaptured)),
    ...externalIps.map((ip) => at('externalIp', ip)),
    ...clusterIps.map((ip) => at('clusterIp', ip)),
  ];
}

export function containerImages({ status }: PodObject): [string, string][] {
  return (status.containerStatuses ?? []).flatMap(({ containerID, image, imageID }) => {
    const id = containerID.split('//')[1] ?? '';
    const runs = imageID === '' ? image : imageID;
    return id === '' || runs === '' ? [] : [[id, runs] as [string, string]];
  });
}

function podAddresses(pod: PodObject): [string, Pod][] {
  const value = podOf(pod);
  return podIps(pod).map((ip) => [ip, value]);
}

export function podOf({ metadata, spec }: PodObject): Pod {
  const { namespace, name, labels } = metadata;
  return {
    namespace,
    name,
    node: spec.nodeName ?? null,
    isIngress: INGRESS_NAMES.has(labels['app.kubernetes.io/name'] ?? ''),
  };
}

/** Addresses that the Pod has for itself: none in its node's network, and none once it has ended. */
export function podIps({ spec, status }: PodObject): string[] {
  if (spec.hostNetwork || status.phase === 'Succeeded' || status.phase === 'Failed') return [];
  return status.podIPs.flatMap(({ ip }) => canonicalIp(ip) ?? []);
}

export function loadBalancerAddresses(service: ServiceObject): [string, string][] {
  const listed = service.metadata.annotations[LOAD_BALANCER_ANNOTATION] ?? '';
  return listed.split(',').flatMap((text) => {
    const ip = canonicalIp(text.trim());
    return ip === null ? [] : [[ip, 'load balancer'] as [string, string]];
  });
}

/** The Service port that has this endpoint; null when none or the topology does not know. */
export function serviceOfEndpoint(
  topology: Topology,
  ip: string,
  port: number,
): ServicePort | null {
  return topology.serviceByEndpoint.get(`${ip}|${port}`) ?? null;
}
