/** Was a crossing needed? Extra means: another choice that the policy allows would have stayed on the machine. */
import type { Topology } from '../topology/topology.ts';
import { serviceOfEndpoint, usableEndpoints } from '../topology/topology.ts';
import type { Stop } from './stops.ts';

export interface ExtraVerdict {
  readonly extra: boolean | null;
  readonly reason: string | null;
}

const NOT_EXTRA: ExtraVerdict = { extra: false, reason: null };
const UNKNOWN: ExtraVerdict = { extra: null, reason: null };

/** A node forwarded a Service connection to an endpoint on another machine. */
export function extraByNode(topology: Topology, node: Stop, endpoint: Stop): ExtraVerdict {
  const service =
    topology.serviceByNodePort.get(node.party.port) ??
    serviceOfEndpoint(topology, endpoint.party.ip, endpoint.party.port);
  if (service === null || node.machine === null) return UNKNOWN;
  const name = `${service.namespace}/${service.name}`;
  const local = usableEndpoints(service, node.machine)[0];
  if (local !== undefined) {
    return {
      extra: true,
      reason: `${node.machine} has a ready endpoint of ${name} itself (${podName(topology, local.ip)}); externalTrafficPolicy: ${service.externalTrafficPolicy} lets kube-proxy pick one on another node`,
    };
  }
  const elsewhere = [
    ...new Set(usableEndpoints(service).flatMap((each) => each.node ?? [])),
  ].sort();
  if (elsewhere.length === 0) return NOT_EXTRA;
  return {
    extra: true,
    reason: `${node.machine} has no endpoint of ${name}; had the request entered on ${elsewhere.join(' or ')}, it would not have crossed`,
  };
}

/** A proxy Pod connected to an endpoint on another machine. */
export function extraByProxy(topology: Topology, proxy: Stop, endpoint: Stop): ExtraVerdict {
  const service = serviceOfEndpoint(topology, endpoint.party.ip, endpoint.party.port);
  if (service === null || proxy.machine === null) return UNKNOWN;
  const local = usableEndpoints(service, proxy.machine)[0];
  if (local === undefined) return NOT_EXTRA;
  return {
    extra: true,
    reason: `${proxy.machine} has a ready endpoint of ${service.namespace}/${service.name} itself: ${podName(topology, local.ip)}`,
  };
}

function podName(topology: Topology, ip: string): string {
  const pod = topology.podByIp.get(ip);
  return pod === undefined ? ip : `${pod.namespace}/${pod.name}`;
}
