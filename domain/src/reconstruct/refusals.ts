/** Why a connection was refused: what was seen, set against what the outcome function expects there at that time. */
import { DATA_PLANE_RULES, type Verdict } from '../kubernetes/dataPlanes.ts';
import { expectedOutcome, type Outcome } from '../kubernetes/outcome.ts';
import { isPrimary, type NodeView, sourceClassOf, viewOf } from '../kubernetes/target.ts';
import { type Endpoint, formatEndpoint } from '../model/tuple.ts';
import type { RefusalInfo } from '../rest/path.ts';
import {
  type ServicePort,
  showPod,
  type Topology,
  type TopologyChange,
} from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { Context, Leg, Refusal } from './evidence.ts';
import { type Explanation, explainService, isServiceCause } from './refusalTexts.ts';
import { isDnat, isSnat } from './stops.ts';
import { changesAround, statesAround } from './transition.ts';

type Addresses = Context['addressesByNode'];

/** `addresses` widens what counts as an address of a node beyond the Node objects. */
export function explainRefusal(
  connection: Connection,
  topology: Topology,
  addresses: Addresses = new Map(),
): RefusalInfo | null {
  const { refusal } = connection;
  if (refusal === null) return null;
  const changes = changesAround(connection, refusal, topology);
  const explainAt = (then: Topology) => explain(connection, refusal, then, addresses);
  const { cause, text, remedy } = explainNear(refusal, changes, topology, explainAt);
  const transition = transitionOf(changes);
  return {
    kind: refusal.refusal,
    node: refusal.node,
    evidence: refusal.evidence,
    reason: refusal.evidence === 'icmp' ? icmpName(refusal) : refusal.reason,
    cause,
    text: [text, ...silenceOf(refusal), ...(transition === null ? [] : [transition])].join(' '),
    remedy,
    synCount: synsOf(connection, refusal),
    afterNs: refusal.afterNs,
    ...(transition === null ? {} : { transitional: true }),
  };
}

/** Silence is told while the client still waits: what may come yet is not denied. */
function silenceOf({ evidence, afterNs }: Refusal): string[] {
  if (evidence !== 'silence') return [];
  const seconds = Math.round(afterNs / 1e8) / 10;
  return [`No answer came within ${seconds} s; should one come, it is told instead.`];
}

/** The client goes on repeating its SYN after the verdict, and the leg counts on. */
function synsOf({ legs }: Connection, { node, tap, synCount }: Refusal): number {
  const same = legs.filter(
    (leg) =>
      leg.node === node &&
      leg.tap.ifindex === tap.ifindex &&
      leg.tap.netns === tap.netns &&
      leg.tap.synDirection === tap.synDirection,
  );
  return Math.max(synCount, ...same.map((leg) => leg.synCount));
}

/** What the state of the time does not explain may be of the state before a change near it, or after. */
function explainNear(
  refusal: Refusal,
  changes: readonly TopologyChange[],
  topology: Topology,
  explainAt: (topology: Topology) => Explanation,
): Explanation {
  const now = explainAt(topology);
  if (now.cause !== 'unknown') return now;
  for (const { topology: other, when } of statesAround(changes, refusal.startUs, topology)) {
    const then = explainAt(other);
    if (then.cause !== 'unknown') return { ...then, text: `By the state of ${when}: ${then.text}` };
  }
  return betweenRules(refusal, changes, topology) ?? now;
}

/**
 * kube-proxy in iptables mode replaces the filter table before the nat table: a REJECT that goes and a DNAT that comes
 * leave a moment in which the port is nobody's (in the lab 2 of 4,476 connections met it).
 */
function betweenRules(
  { refusal, node, tuple }: Refusal,
  changes: readonly TopologyChange[],
  { serviceByNodePort, nodeByIp }: Topology,
): Explanation | null {
  const service = serviceByNodePort.get(tuple.dst.port);
  const isAtNode = nodeByIp.get(tuple.dst.ip) === node;
  if (refusal !== 'reset' || changes.length === 0 || service === undefined || !isAtNode)
    return null;
  const name = `${service.namespace}/${service.name}`;
  return {
    cause: 'closedPort',
    text: `${node} answered with RST on the NodePort ${tuple.dst.port} of ${name}: probably its rules were just being replaced (kube-proxy in iptables mode replaces one table after the other), and for that moment nothing handled the port.`,
    remedy: `Clients that try again are served. If it goes on, look whether kube-proxy on ${node} is up to date (port 10256 /healthz).`,
  };
}

function explain(
  connection: Connection,
  refusal: Refusal,
  topology: Topology,
  addresses: Addresses,
): Explanation {
  const { dst } = refusal.tuple;
  const nat = connection.legs.find(
    (leg) => isDnat(leg) && !leadsToNodePort(leg, refusal, topology),
  );
  if (nat !== undefined) return behindNat(nat, refusal, topology, addresses);
  if (topology.podByIp.has(dst.ip)) return atEndpoint(refusal, dst, topology);
  const node = topology.nodeByIp.get(dst.ip) ?? refusal.node;
  const view = viewOf(topology, node, addresses.get(node));
  const expected = expectedOutcome(topology, { view, src: refusal.tuple.src, dst });
  return againstExpected(refusal, expected, view, topology);
}

/** A machine in front (a load balancer) sent it to a NodePort: the node decides, as for whoever dials it. */
function leadsToNodePort(
  { node, reply }: Leg,
  refusal: Refusal,
  { serviceByNodePort, nodeByIp }: Topology,
): boolean {
  const { dst } = refusal.tuple;
  return (
    node !== refusal.node &&
    serviceByNodePort.has(dst.port) &&
    nodeByIp.get(dst.ip) === refusal.node &&
    reply?.src.ip === dst.ip &&
    reply.src.port === dst.port
  );
}

function againstExpected(
  refusal: Refusal,
  expected: Outcome,
  view: NodeView,
  topology: Topology,
): Explanation {
  const { target, cause } = expected;
  const isExpected = [expected.verdict, ...expected.alsoPossible].some((verdict) =>
    agrees(refusal, verdict),
  );
  if (target.kind === 'closed' && isExpected) return closedPort(refusal, topology);
  if (target.kind === 'hostPort' && refusal.refusal === 'reset') {
    return podClosedPort(target.hostPort.pod);
  }
  if (!('service' in target)) {
    return unknown(refusal, 'the topology says nothing about this address');
  }
  const { service } = target;
  const subject = { refusal, view, service, isInternal: target.kind === 'clusterIp' };
  if (cause !== null && isServiceCause(cause) && isExpected) return explainService(cause, subject);
  if (mayBeOnOtherAddress(refusal, expected, view)) {
    return explainService('nodePortAddress', subject);
  }
  return unknown(refusal, whatIsKnown(service, expected));
}

/** Of many rejected SYNs most end in silence, because kernels limit how many ICMP errors they send. */
function agrees(refusal: Refusal, expected: Verdict): boolean {
  if (refusal.refusal === 'dropped')
    return expected === 'drop' || expected === 'reject' || expected === 'pass';
  if (refusal.refusal === 'rejected') return expected === 'reject' || expected === 'pass';
  return expected === 'reset';
}

/** An open NodePort does not answer RST by itself; nftables mode is one reason, and nobody said that it does not run. */
function mayBeOnOtherAddress(refusal: Refusal, { target }: Outcome, view: NodeView): boolean {
  return (
    refusal.refusal === 'reset' &&
    target.kind === 'nodePort' &&
    !view.isDataPlaneKnown &&
    !isPrimary(view.node, refusal.tuple.dst.ip)
  );
}

function whatIsKnown(service: ServicePort, { target, policy, choices }: Outcome): string {
  const name = `${service.namespace}/${service.name}`;
  if (target.kind === 'loadBalancerIp' && !target.isCaptured) {
    return `the load balancer of ${name} (ipMode Proxy) handles this address, no node does`;
  }
  const field = target.kind === 'clusterIp' ? 'internalTrafficPolicy' : 'externalTrafficPolicy';
  return `${name} (${field}: ${policy ?? service.externalTrafficPolicy}) has ${choices.length} usable endpoints, which does not explain it`;
}

/** A node had chosen an endpoint: the connection was on its way there. */
function behindNat(
  nat: Leg,
  refusal: Refusal,
  topology: Topology,
  addresses: Addresses,
): Explanation {
  const endpoint = nat.reply?.src ?? refusal.tuple.dst;
  const original = nat.original ?? nat.tuple;
  if (refusal.refusal !== 'reset') {
    const view = viewOf(topology, nat.node, addresses.get(nat.node));
    const attempt = { view, src: original.src, dst: original.dst };
    const expected = expectedOutcome(topology, attempt);
    const { target } = expected;
    if ('service' in target) {
      const { service } = target;
      const subject = { refusal, view, service, isInternal: target.kind === 'clusterIp' };
      if (returnsElsewhere(nat, endpoint, expected, topology, view))
        return explainService('asymmetricReturn', subject);
      if (isGone(endpoint, service)) return endpointGone(refusal, endpoint, service, topology);
    }
  }
  return atEndpoint(refusal, endpoint, topology);
}

/** Source kept, endpoint on another machine, client on a third: the answer takes another way. Fine for eBPF data planes. */
function returnsElsewhere(
  nat: Leg,
  endpoint: Endpoint,
  expected: Outcome,
  topology: Topology,
  view: NodeView,
): boolean {
  const machine = topology.podByIp.get(endpoint.ip)?.node ?? topology.nodeByIp.get(endpoint.ip);
  if (isSnat(nat) || machine === undefined || machine === null || machine === nat.node)
    return false;
  const original = nat.original ?? nat.tuple;
  const isFromHere =
    topology.podByIp.get(original.src.ip)?.node === nat.node ||
    sourceClassOf(topology, view, original.src.ip) === 'thisNode';
  const needsWayBack = DATA_PLANE_RULES[view.dataPlane].returns === 'onlyIfRewritten';
  return !isFromHere && (expected.verdict === 'misroute' || needsWayBack);
}

/** Somebody else may have the address by now. */
function isGone({ ip, port }: Endpoint, { endpoints }: ServicePort): boolean {
  return !endpoints.some((each) => each.ip === ip && each.port === port);
}

function endpointGone(
  refusal: Refusal,
  endpoint: Endpoint,
  service: ServicePort,
  topology: Topology,
): Explanation {
  const name = `${service.namespace}/${service.name}`;
  const pod = topology.podByIp.get(endpoint.ip);
  const now =
    pod === undefined
      ? 'nobody answers there'
      : `the address is that of ${showPod(pod)}, which did not answer`;
  return {
    cause: 'endpointGone',
    text: `${refusal.node} still forwarded to ${formatEndpoint(endpoint)}, which the topology no longer knows as an endpoint of ${name}: ${now}.`,
    remedy: `Is kube-proxy on that node up to date (its metric sync_proxy_rules_last_timestamp_seconds, port 10256 /healthz)? A Pod that stops should drain first (preStop).`,
  };
}

function closedPort(refusal: Refusal, topology: Topology): Explanation {
  const { dst } = refusal.tuple;
  const elsewhere = topology.hostPorts.filter((each) => each.port === dst.port);
  if (elsewhere.length > 0) {
    const nodes = [...new Set(elsewhere.map((each) => each.node))].sort().join(', ');
    return {
      cause: 'hostPortElsewhere',
      text: `${formatEndpoint(dst)} is a hostPort of Pods on ${nodes}, and ${refusal.node} runs none of them, so the kernel answered with RST.`,
      remedy: `Send only to ${nodes}: a hostPort has no health check and no Service in front.`,
    };
  }
  return {
    cause: 'closedPort',
    text: `Nothing listens on ${formatEndpoint(dst)}: no Service has this NodePort and no process on ${refusal.node} holds the port, so the kernel answered with RST.`,
    remedy:
      'Compare the port that the client or load balancer uses with spec.ports[].nodePort of the Service.',
  };
}

/** The connection was on its way to an endpoint, by a Service or straight to the Pod. */
function atEndpoint(refusal: Refusal, endpoint: Endpoint, topology: Topology): Explanation {
  const pod = topology.podByIp.get(endpoint.ip);
  const who =
    pod === undefined ? formatEndpoint(endpoint) : `${showPod(pod)} (${formatEndpoint(endpoint)})`;
  return refusal.refusal === 'reset'
    ? podClosedPort(who)
    : unknown(refusal, `it was on its way to ${who}`);
}

function podClosedPort(who: string): Explanation {
  return {
    cause: 'endpointClosedPort',
    text: `The connection reached ${who}, which answered with RST: nothing listens on that port there.`,
    remedy:
      'Compare the Service’s targetPort with the port the container listens on; is the process up?',
  };
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

/** Nodes apply changes at different times, so the verdict may be of before or after. */
function transitionOf([changed]: readonly TopologyChange[]): string | null {
  return changed === undefined
    ? null
    : `${changed.subject} changed around the time of this connection, and nodes apply changes at different times: this is a moment of transition.`;
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
