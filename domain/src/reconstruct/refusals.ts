/** Why a connection was refused: what was seen, set against what the topology says should happen there. */
import { formatEndpoint } from '../model/tuple.ts';
import type { RefusalInfo } from '../rest/path.ts';
import { type ServicePort, type Topology, usableEndpoints } from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { Refusal } from './evidence.ts';
import { isDnat } from './stops.ts';

interface Explanation {
  readonly cause: string;
  readonly text: string;
  readonly remedy: string;
}

export function explainRefusal(connection: Connection, topology: Topology): RefusalInfo | null {
  const { refusal } = connection;
  if (refusal === null) return null;
  const { cause, text, remedy } = explain(connection, refusal, topology);
  return {
    kind: refusal.refusal,
    node: refusal.node,
    evidence: refusal.evidence,
    reason: refusal.evidence === 'icmp' ? icmpName(refusal) : refusal.reason,
    cause,
    text,
    remedy,
    synCount: refusal.synCount,
    afterNs: refusal.afterNs,
  };
}

function explain(connection: Connection, refusal: Refusal, topology: Topology): Explanation {
  const nat = connection.legs.find(isDnat);
  const { dst } = refusal.tuple;
  if (nat !== undefined) return atEndpoint(refusal, nat.reply?.src ?? dst, topology);
  if (topology.podByIp.has(dst.ip)) return atEndpoint(refusal, dst, topology);
  const service = topology.serviceByNodePort.get(dst.port) ?? null;
  const isNodeAddress = topology.nodeByIp.has(dst.ip);
  if (isNodeAddress && service !== null) return atNodePort(refusal, service, topology);
  if (isNodeAddress && refusal.refusal === 'reset') return closedPort(refusal);
  return unknown(refusal, 'the topology says nothing about this address');
}

function atNodePort(refusal: Refusal, service: ServicePort, topology: Topology): Explanation {
  const name = `${service.namespace}/${service.name}`;
  const entryNode = topology.nodeByIp.get(refusal.tuple.dst.ip) ?? refusal.node;
  const anywhere = usableEndpoints(service);
  if (refusal.refusal !== 'reset' && anywhere.length === 0) {
    // Kernels limit ICMP errors (net.ipv4.icmp_ratelimit): of many rejected SYNs most end in silence (measured in the lab).
    const how =
      refusal.refusal === 'rejected'
        ? 'rejected the connection (ICMP port unreachable)'
        : 'refused the connection; no ICMP answer was seen (kernels limit how many they send), so the client waits until its own time-out';
    return {
      cause: 'noEndpoints',
      text: `Service ${name} has no ready endpoint anywhere, so ${entryNode} ${how}.`,
      remedy: `Check the Pods that ${name} selects: do they exist and are they ready? kubectl -n ${service.namespace} get endpointslices -l kubernetes.io/service-name=${service.name}`,
    };
  }
  const isLocal = service.externalTrafficPolicy === 'Local';
  if (
    refusal.refusal === 'dropped' &&
    isLocal &&
    usableEndpoints(service, entryNode).length === 0 &&
    anywhere.length > 0
  ) {
    const nodes = [...new Set(anywhere.flatMap((endpoint) => endpoint.node ?? []))]
      .sort()
      .join(', ');
    return {
      cause: 'noLocalEndpoints',
      text: `Service ${name} has externalTrafficPolicy: Local and ${entryNode} has no ready endpoint of it (there are some on ${nodes}), so the SYN was dropped in silence; the client waits until its own time-out.`,
      remedy: `Let the load balancer health-check the node port and send only to ${nodes}, run an endpoint on ${entryNode}, or use externalTrafficPolicy: Cluster.`,
    };
  }
  return unknown(
    refusal,
    `${name} (externalTrafficPolicy: ${service.externalTrafficPolicy}) has ${anywhere.length} usable endpoints, which does not explain it`,
  );
}

function closedPort(refusal: Refusal): Explanation {
  const where = formatEndpoint(refusal.tuple.dst);
  return {
    cause: 'closedPort',
    text: `Nothing listens on ${where}: no Service has this NodePort and no process on ${refusal.node} holds the port, so the kernel answered with RST.`,
    remedy:
      'Compare the port that the client or load balancer uses with spec.ports[].nodePort of the Service.',
  };
}

/** The connection was on its way to an endpoint, by a Service or straight to the Pod. */
function atEndpoint(
  refusal: Refusal,
  endpoint: { ip: string; port: number },
  topology: Topology,
): Explanation {
  const pod = topology.podByIp.get(endpoint.ip);
  const who =
    pod === undefined
      ? formatEndpoint(endpoint)
      : `${pod.namespace}/${pod.name} (${formatEndpoint(endpoint)})`;
  if (refusal.refusal === 'reset') {
    return {
      cause: 'endpointClosedPort',
      text: `The connection reached ${who}, which answered with RST: nothing listens on that port there.`,
      remedy:
        'Compare the Service’s targetPort with the port the container listens on; is the process up?',
    };
  }
  return unknown(refusal, `it was on its way to ${who}`);
}

function unknown(refusal: Refusal, known: string): Explanation {
  const seen = {
    rst: 'an RST was seen',
    icmp: `ICMP ${icmpName(refusal)} was seen`,
    kfreeSkb: `the kernel dropped the SYN (${refusal.reason})`,
    silence: 'no answer was seen and no drop either',
  }[refusal.evidence];
  return {
    cause: 'unknown',
    text: `The connection to ${formatEndpoint(refusal.tuple.dst)} was ${refusal.refusal} on ${refusal.node}: ${seen}. Why is not known: ${known}.`,
    remedy: `Look at the packet filters on ${refusal.node} and at what else handles ${formatEndpoint(refusal.tuple.dst)}; give hoptrace the cluster's topology.`,
  };
}

/** Names of the codes of destination unreachable: RFC 792 and RFC 1812 (type 3), RFC 4443 (type 1). */
function icmpName({ icmpType, icmpCode }: Refusal): string {
  const names: Record<string, string> = {
    '3/0': 'network unreachable',
    '3/1': 'host unreachable',
    '3/3': 'port unreachable',
    '3/9': 'network administratively prohibited',
    '3/10': 'host administratively prohibited',
    '3/13': 'communication administratively prohibited',
    '1/0': 'no route to destination',
    '1/1': 'administratively prohibited',
    '1/3': 'address unreachable',
    '1/4': 'port unreachable',
  };
  return names[`${icmpType}/${icmpCode}`] ?? `type ${icmpType} code ${icmpCode}`;
}
