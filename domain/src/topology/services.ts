/** Services and their endpoints, as kube-proxy reads them from Service and EndpointSlice objects. TCP only. */
import { canonicalIp } from '../model/ip.ts';
import type { EndpointSliceObject, ServiceObject } from '../wire/kubernetes.ts';

export interface TopologyEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly node: string | null;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zone: string | null;
  /** Topology hints: for whom this endpoint is meant. Empty: no hint. */
  readonly hintedNodes: readonly string[];
  readonly hintedZones: readonly string[];
}

export interface VirtualIp {
  readonly ip: string;
  /** ipMode VIP: every node handles the address itself. false (ipMode Proxy): packets go out to the load balancer. */
  readonly isCaptured: boolean;
}

export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: string;
  readonly nodePort: number | null;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly endpoints: readonly TopologyEndpoint[];
  /** Port of ClusterIP, external and load balancer addresses. */
  readonly servicePort: number;
  readonly clusterIps: readonly string[];
  readonly externalIps: readonly string[];
  readonly virtualIps: readonly VirtualIp[];
  /** spec.loadBalancerSourceRanges; empty: everybody. Binds load balancer addresses only, never NodePorts. */
  readonly sourceRanges: readonly string[];
  readonly healthCheckNodePort: number | null;
  /** OpenShift: policy Local without a local endpoint behaves like Cluster. */
  readonly fallsBackFromLocal: boolean;
}

export const LOCAL_WITH_FALLBACK = 'traffic-policy.network.alpha.openshift.io/local-with-fallback';

/** By `namespace/service`, so that thousands of Services do not each look at all slices. */
export function slicesByService(
  slices: readonly EndpointSliceObject[],
): ReadonlyMap<string, readonly EndpointSliceObject[]> {
  const found = new Map<string, EndpointSliceObject[]>();
  for (const slice of slices) {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels['kubernetes.io/service-name'] ?? ''}`;
    const list = found.get(key);
    if (list === undefined) found.set(key, [slice]);
    else list.push(slice);
  }
  return found;
}

export function portsOf(
  service: ServiceObject,
  slices: ReadonlyMap<string, readonly EndpointSliceObject[]>,
): ServicePort[] {
  const { metadata, spec } = service;
  const own = slices.get(`${metadata.namespace}/${metadata.name}`) ?? [];
  return spec.ports
    .filter((port) => port.protocol === 'TCP')
    .map((port) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      port: port.name === '' ? String(port.port) : port.name,
      nodePort: port.nodePort ?? null,
      externalTrafficPolicy: spec.externalTrafficPolicy ?? 'Cluster',
      internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster',
      endpoints: withoutRepeats(own.flatMap((slice) => endpointsOf(slice, port.name))),
      servicePort: port.port,
      clusterIps: addressesOf(spec.clusterIPs),
      externalIps: addressesOf(spec.externalIPs ?? []),
      virtualIps: virtualIpsOf(service),
      sourceRanges: spec.loadBalancerSourceRanges ?? [],
      healthCheckNodePort: spec.healthCheckNodePort ?? null,
      fallsBackFromLocal: metadata.annotations[LOCAL_WITH_FALLBACK] !== undefined,
    }));
}

/** Entries with a hostname only are never handled by nodes (KEP-1860). */
function virtualIpsOf(service: ServiceObject): VirtualIp[] {
  return (service.status.loadBalancer.ingress ?? []).flatMap(({ ip, ipMode }) => {
    const canonical = ip === undefined ? null : canonicalIp(ip);
    return canonical === null ? [] : [{ ip: canonical, isCaptured: ipMode !== 'Proxy' }];
  });
}

/** `None` (headless) and other texts that are no address fall out. */
function addressesOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => canonicalIp(text) ?? []);
}

/** Unset conditions count as ready, serving, not terminating (kube-proxy, endpointslicecache.go). */
function endpointsOf(slice: EndpointSliceObject, portName: string): TopologyEndpoint[] {
  const port = (slice.ports ?? []).find((each) => (each.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, nodeName, zone, hints, conditions }) =>
    addressesOf(addresses).map((ip) => ({
      ip,
      port,
      node: nodeName ?? null,
      ready: conditions.ready ?? true,
      serving: conditions.serving ?? true,
      terminating: conditions.terminating ?? false,
      zone: zone ?? null,
      hintedNodes: (hints?.forNodes ?? []).map(({ name }) => name),
      hintedZones: (hints?.forZones ?? []).map(({ name }) => name),
    })),
  );
}

/** While slices are rewritten an endpoint may be in two of them for a moment. */
function withoutRepeats(endpoints: readonly TopologyEndpoint[]): TopologyEndpoint[] {
  return [...new Map(endpoints.map((each) => [`${each.ip}|${each.port}`, each])).values()];
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
