/**
 * Was a crossing needed? Extra means: another choice that policy and hints allow, at this node or by entering at
 * another, would have stayed on the machine. The reason names that choice.
 */
import { candidatesOf } from '../kubernetes/candidates.ts';
import { expectedOutcome } from '../kubernetes/outcome.ts';
import { type NodeView, sourceClassOf, viewOf } from '../kubernetes/target.ts';
import type { ServicePort, Topology, TopologyEndpoint } from '../topology/topology.ts';
import { serviceOfEndpoint, showPod, usableEndpoints } from '../topology/topology.ts';
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
    topology.serviceByAddress.get(`${node.party.ip}|${node.party.port}`)?.service ??
    serviceOfEndpoint(topology, endpoint.party.ip, endpoint.party.port);
  if (service === null || node.machine === null) return UNKNOWN;
  const view = viewOf(topology, node.machine);
  const name = `${service.namespace}/${service.name}`;
  const source = node.nat?.original?.src ?? null;
  const allowed = allowedAt(topology, view, service, node);
  const local = allowed.find((each) => each.node === node.machine);
  if (local !== undefined) {
    return {
      extra: true,
      reason: `${node.machine} has a ready endpoint of ${name} itself (${podName(topology, local.ip)}); externalTrafficPolicy: ${service.externalTrafficPolicy} lets kube-proxy pick one on another node`,
    };
  }
  // Who dials from this very machine, or from a Pod, cannot enter by another node.
  if (source !== null && sourceClassOf(topology, view, source.ip) !== 'outside') return NOT_EXTRA;
  const elsewhere = nodesThatServeThemselves(topology, service);
  if (elsewhere.length === 0) return NOT_EXTRA;
  return {
    extra: true,
    reason: `${whyNotHere(node.machine, name, service)}; had the request entered on ${elsewhere.join(' or ')}, it would not have crossed`,
  };
}

/** What the outcome function allows there; where it knows no such address, what the Service's policy allows. */
function allowedAt(
  topology: Topology,
  view: NodeView,
  service: ServicePort,
  { party, nat }: Stop,
): readonly TopologyEndpoint[] {
  const src = nat?.original?.src ?? { ip: '' };
  const outcome = expectedOutcome(topology, { view, src, dst: { ip: party.ip, port: party.port } });
  return outcome.choices.length > 0
    ? outcome.choices.map((choice) => choice.endpoint)
    : candidatesOf(service, service.externalTrafficPolicy, view.node).endpoints;
}

/** Nodes whose own choice, under policy and hints, holds an endpoint of their own. */
function nodesThatServeThemselves(topology: Topology, service: ServicePort): string[] {
  const nodes = new Set(usableEndpoints(service).flatMap((each) => each.node ?? []));
  return [...nodes]
    .filter((name) =>
      candidatesOf(
        service,
        service.externalTrafficPolicy,
        viewOf(topology, name).node,
      ).endpoints.some((each) => each.node === name),
    )
    .sort();
}

function whyNotHere(machine: string, name: string, service: ServicePort): string {
  return usableEndpoints(service, machine).length === 0
    ? `${machine} has no endpoint of ${name}`
    : `topology hints keep the endpoints of ${name} on ${machine} for others`;
}

/** A proxy Pod connected to an endpoint on another machine. Proxies dial endpoints themselves: hints do not bind them. */
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
  return pod === undefined ? ip : showPod(pod);
}
