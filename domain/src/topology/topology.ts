/** The names behind addresses, at one instant. Built from Kubernetes objects; addresses are canonical text. */
import { canonicalIp } from '../model/ip.ts';
import type {
  EndpointSliceObject,
  KubernetesObject,
  NodeObject,
  PodObject,
  ServiceObject,
} from '../wire/kubernetes.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string | null;
  readonly isIngress: boolean;
}

export interface TopologyEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly node: string | null;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: string;
  readonly nodePort: number | null;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly endpoints: readonly TopologyEndpoint[];
}

export interface Topology {
  readonly nodeByIp: ReadonlyMap<string, string>;
  readonly podByIp: ReadonlyMap<string, Pod>;
  readonly serviceByNodePort: ReadonlyMap<number, ServicePort>;
  readonly services: readonly ServicePort[];
  /** Source addresses of external load balancers, with the name to show. */
  readonly loadBalancerByIp: ReadonlyMap<string, string>;
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

export function buildTopology(objects: readonly KubernetesObject[]): Topology {
  const services = objects.filter((object): object is ServiceObject => object.kind === 'Service');
  const slices = objects.filter(
    (object): object is EndpointSliceObject => object.kind === 'EndpointSlice',
  );
  const servicePorts = services.flatMap((service) => portsOf(service, slices));
  return {
    nodeByIp: new Map(
      objects.flatMap((object) => (object.kind === 'Node' ? nodeAddresses(object) : [])),
    ),
    podByIp: new Map(
      objects.flatMap((object) => (object.kind === 'Pod' ? podAddresses(object) : [])),
    ),
    serviceByNodePort: new Map(
      servicePorts.flatMap((port) =>
        port.nodePort === null ? [] : [[port.nodePort, port] as const],
      ),
    ),
    services: servicePorts,
    loadBalancerByIp: new Map(services.flatMap(loadBalancerAddresses)),
  };
}

function nodeAddresses(node: NodeObject): [string, string][] {
  return node.status.addresses.flatMap(({ type, address }) => {
    const ip = type.endsWith('IP') ? canonicalIp(address) : null;
    return ip === null ? [] : [[ip, node.metadata.name] as [string, string]];
  });
}

/** hostNetwork Pods share their node's address, so the address does not name them. */
function podAddresses(pod: PodObject): [string, Pod][] {
  if (pod.spec.hostNetwork) return [];
  const { namespace, name, labels } = pod.metadata;
  const value: Pod = {
    namespace,
    name,
    node: pod.spec.nodeName ?? null,
    isIngress: INGRESS_NAMES.has(labels['app.kubernetes.io/name'] ?? ''),
  };
  return pod.status.podIPs.flatMap(({ ip }) => {
    const canonical = canonicalIp(ip);
    return canonical === null ? [] : [[canonical, value] as [string, Pod]];
  });
}

function portsOf(service: ServiceObject, slices: readonly EndpointSliceObject[]): ServicePort[] {
  const { namespace, name } = service.metadata;
  const own = slices.filter(
    ({ metadata }) =>
      metadata.namespace === namespace && metadata.labels['kubernetes.io/service-name'] === name,
  );
  return service.spec.ports
    .filter((port) => port.protocol === 'TCP')
    .map((port) => ({
      namespace,
      name,
      port: port.name === '' ? String(port.port) : port.name,
      nodePort: port.nodePort ?? null,
      externalTrafficPolicy: service.spec.externalTrafficPolicy ?? 'Cluster',
      endpoints: own.flatMap((slice) => endpointsOf(slice, port.name)),
    }));
}

/** Unset conditions count as ready, serving, not terminating (kube-proxy, endpointslicecache.go). */
function endpointsOf(slice: EndpointSliceObject, portName: string): TopologyEndpoint[] {
  const port = (slice.ports ?? []).find((each) => (each.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, nodeName, conditions }) =>
    addresses.flatMap((address) => {
      const ip = canonicalIp(address);
      if (ip === null) return [];
      return [
        {
          ip,
          port,
          node: nodeName ?? null,
          ready: conditions.ready ?? true,
          serving: conditions.serving ?? true,
          terminating: conditions.terminating ?? false,
        },
      ];
    }),
  );
}

function loadBalancerAddresses(service: ServiceObject): [string, string][] {
  const listed = service.metadata.annotations[LOAD_BALANCER_ANNOTATION] ?? '';
  return listed.split(',').flatMap((text) => {
    const ip = canonicalIp(text.trim());
    return ip === null ? [] : [[ip, 'load balancer'] as [string, string]];
  });
}

/**
 * The endpoints that kube-proxy may choose: the ready ones, else those that terminate but still serve
 * (KEP-1669). With `node`, only those on that node (policy Local).
 */
export function usableEndpoints(service: ServicePort, node?: string): TopologyEndpoint[] {
  const scope = service.endpoints.filter(
    (endpoint) => node === undefined || endpoint.node === node,
  );
  const ready = scope.filter((endpoint) => endpoint.ready);
  if (ready.length > 0) return ready;
  return scope.filter((endpoint) => endpoint.serving && endpoint.terminating);
}

/** The Service port that has this endpoint; null when none or the topology does not know. */
export function serviceOfEndpoint(
  topology: Topology,
  ip: string,
  port: number,
): ServicePort | null {
  return (
    topology.services.find((service) =>
      service.endpoints.some((endpoint) => endpoint.ip === ip && endpoint.port === port),
    ) ?? null
  );
}
