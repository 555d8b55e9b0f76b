/** What is said about each cause of a refusal: one sentence why, one what to do. Nothing here decides. */
import { DATA_PLANE_RULES } from '../kubernetes/dataPlanes.ts';
import type { Cause } from '../kubernetes/outcome.ts';
import { isPrimary, type NodeView } from '../kubernetes/target.ts';
import { formatEndpoint } from '../model/tuple.ts';
import type { ServicePort } from '../topology/topology.ts';
import { usableEndpoints } from '../topology/topology.ts';
import type { Refusal } from './evidence.ts';

export interface Explanation {
  readonly cause: string;
  readonly text: string;
  readonly remedy: string;
}

export interface ServiceRefusal {
  readonly refusal: Refusal;
  readonly view: NodeView;
  readonly service: ServicePort;
  /** The destination is the Service's ClusterIP, so internalTrafficPolicy applies. */
  readonly isInternal: boolean;
}

type ServiceCause = Exclude<Cause, 'closedPort' | 'hostPortElsewhere'>;
type Words = Omit<Explanation, 'cause'>;

const WORDS: Readonly<Record<ServiceCause, (subject: ServiceRefusal) => Words>> = {
  noEndpoints,
  noLocalEndpoints,
  sourceRanges,
  nodePortAddress,
  unknownServicePort,
  asymmetricReturn,
};

export function isServiceCause(cause: Cause): cause is ServiceCause {
  return cause !== 'closedPort' && cause !== 'hostPortElsewhere';
}

export function explainService(cause: ServiceCause, subject: ServiceRefusal): Explanation {
  return { cause, ...WORDS[cause](subject) };
}

/** Kernels limit ICMP errors (net.ipv4.icmp_ratelimit): of many rejected SYNs most end in silence (measured in the lab). */
function noEndpoints({ refusal, view, service }: ServiceRefusal): Words {
  const name = nameOf(service);
  const how =
    refusal.refusal === 'rejected'
      ? 'rejected the connection (ICMP port unreachable)'
      : 'refused the connection; no ICMP answer was seen (kernels limit how many they send), so the client waits until its own time-out';
  return {
    text: `Service ${name} has no ready endpoint anywhere, so ${view.node.name} ${how}.`,
    remedy: `Check the Pods that ${name} selects: do they exist and are they ready? kubectl -n ${service.namespace} get endpointslices -l kubernetes.io/service-name=${service.name}`,
  };
}

function noLocalEndpoints({ refusal, view, service, isInternal }: ServiceRefusal): Words {
  const field = isInternal ? 'internalTrafficPolicy' : 'externalTrafficPolicy';
  const nodes = nodesOf(service);
  const what =
    refusal.refusal === 'rejected'
      ? `the connection was rejected (${planeOf(view)})`
      : 'the SYN was dropped in silence; the client waits until its own time-out';
  return {
    text: `Service ${nameOf(service)} has ${field}: Local and ${view.node.name} has no ready endpoint of it (there are some on ${nodes}), so ${what}.`,
    remedy: isInternal
      ? `Run an endpoint on ${view.node.name}, use internalTrafficPolicy: Cluster, or trafficDistribution: PreferSameNode, which falls back.`
      : `Let the load balancer health-check ${healthCheckOf(service)} and send only to ${nodes}, run an endpoint on ${view.node.name}, or use externalTrafficPolicy: Cluster.`,
  };
}

/** Only type LoadBalancer has a health check port. */
function healthCheckOf({ healthCheckNodePort }: ServicePort): string {
  return healthCheckNodePort === null
    ? 'the node port'
    : `port ${healthCheckNodePort} (healthCheckNodePort)`;
}

function sourceRanges({ refusal, view, service }: ServiceRefusal): Words {
  const { src, dst } = refusal.tuple;
  return {
    text: `${src.ip} is outside spec.loadBalancerSourceRanges of ${nameOf(service)} (${service.sourceRanges.join(', ')}), so ${view.node.name} dropped the SYN to ${formatEndpoint(dst)} in silence; the client waits until its own time-out.`,
    remedy: `If ${src.ip} may connect, add it to the ranges. Behind a load balancer that rewrites the source the ranges have to hold the balancer's own address.`,
  };
}

function nodePortAddress({ refusal, view, service }: ServiceRefusal): Words {
  const { dst } = refusal.tuple;
  const primary = view.node.addresses.filter((ip) => isPrimary(view.node, ip)).join(', ');
  return {
    text: `${nameOf(service)} has the NodePort ${dst.port}, but kube-proxy in nftables mode opens NodePorts on the node's primary address only (${primary}), not on ${dst.ip}, so the kernel answered with RST.`,
    remedy: `Connect to ${primary}, or set nodePortAddresses of kube-proxy.`,
  };
}

function unknownServicePort({ refusal, service }: ServiceRefusal): Words {
  const { dst } = refusal.tuple;
  return {
    text: `${dst.ip} is the ClusterIP of ${nameOf(service)}, which has no port ${dst.port}; depending on the data plane that is rejected, or leaves by the default route and is lost.`,
    remedy: `Compare the port with spec.ports[].port of ${nameOf(service)}.`,
  };
}

function asymmetricReturn({ view, service }: ServiceRefusal): Words {
  return {
    text: `${view.node.name} forwarded the SYN to an endpoint of ${nameOf(service)} on another machine without rewriting its source, so the answer does not come back through ${view.node.name} and the client throws it away.`,
    remedy: `Send only to nodes that have an endpoint (${nodesOf(service)}), use externalTrafficPolicy: Cluster, or let the CNI masquerade what Pods send to other nodes.`,
  };
}

function planeOf({ dataPlane, isDataPlaneKnown }: NodeView): string {
  return isDataPlaneKnown
    ? DATA_PLANE_RULES[dataPlane].title
    : 'which data plane runs there is not known; older kube-proxy in ipvs mode and Cilium do so';
}

function nodesOf(service: ServicePort): string {
  return [...new Set(usableEndpoints(service).flatMap((each) => each.node ?? []))]
    .sort()
    .join(', ');
}

function nameOf(service: ServicePort): string {
  return `${service.namespace}/${service.name}`;
}
