/** The source-address ledger: at each step, which source arrived, which left, who changed it and why. */
import {
  type Endpoint,
  endpointKey,
  formatEndpoint,
  isSameEndpoint,
  type Tuple,
} from '../model/tuple.ts';
import type { Rewrite } from '../rest/path.ts';
import { isPolicyChanging, type Topology } from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { ProxyEdge } from './proxyEdge.ts';
import type { Stop } from './stops.ts';

/** A node's NAT: the source before and after, by conntrack's own tuples. null: the source passed unchanged. */
export function natRewrite(
  node: Stop,
  connection: Connection,
  source: Stop,
  topology: Topology,
): Rewrite | null {
  const original = node.nat?.original;
  const reply = node.nat?.reply;
  if (original === null || original === undefined || reply === null || reply === undefined)
    return null;
  if (isSameEndpoint(original.src, reply.dst)) return null;
  // Seen on the wire only, and not to an address of this machine: what did that is not known.
  const isOwn = topology.nodeByIp.get(reply.dst.ip) === node.machine;
  return {
    mechanism: node.isWireOnly === true && !isOwn ? 'unknown' : 'snat',
    before: formatEndpoint(original.src),
    after: formatEndpoint(reply.dst),
    cause:
      node.isWireOnly === true
        ? `${node.party.name ?? node.party.ip} rewrites the source: seen on the wire, and no conntrack entry says by which rule`
        : snatCause(node.party.name ?? node.party.ip, { original, reply }, topology),
    recoverable: isRecoverable(connection, source),
  };
}

/** By which rule a machine rewrites the source, as far as topology and tuples tell; else that they do not. */
function snatCause(
  machine: string,
  { original, reply }: { original: Tuple; reply: Tuple },
  topology: Topology,
): string {
  // SNAT to the address from which a load balancer connects is that load balancer's own.
  if (topology.loadBalancerByIp.has(reply.dst.ip))
    return `${machine}, a load balancer, rewrites the source of what it passes on`;
  if (original.src.ip === reply.src.ip)
    return `${machine} rewrites the source, because ${original.src.ip} was sent back to itself (hairpin)`;
  const service =
    topology.serviceByNodePort.get(original.dst.port) ??
    topology.serviceByAddress.get(endpointKey(original.dst))?.service;
  if (service === undefined)
    return `${machine} rewrites the source; no Service of the topology explains why`;
  const policy = service.externalTrafficPolicy;
  if (policy === 'Cluster')
    return `kube-proxy on ${machine} masquerades external connections under externalTrafficPolicy: ${policy}`;
  const named = `${service.namespace}/${service.name}`;
  return isPolicyChanging(service, topology)
    ? `${machine} masquerades as under externalTrafficPolicy: Cluster; the policy of ${named} changed around the time of this connection, and nodes apply changes at different times`
    : `${machine} rewrites the source although ${named} has externalTrafficPolicy: ${policy}, which would keep an outside client's`;
}

/**
 * A PROXY header in the connection carries the client through every NAT. Without one, a client that
 * connected itself is lost; behind a load balancer HTTP headers may carry it, which nobody observed.
 */
function isRecoverable(connection: Connection, source: Stop): boolean | null {
  if (connection.proxyHeader?.claimed !== null && connection.proxyHeader !== null) return true;
  return source.party.role === 'client' ? false : null;
}

/** A proxy opened a connection of its own: the receiver sees the proxy's address. */
export function proxyRewrite(
  inboundSource: Endpoint | null,
  proxy: Stop,
  connection: Connection,
  edge: ProxyEdge | null,
): Rewrite {
  const hasHeader = connection.proxyHeader?.claimed !== null && connection.proxyHeader !== null;
  const isSeen = (edge !== null && edge.method !== 'timing') || hasHeader;
  const header = hasHeader
    ? ` and announces the client in a PROXY v${connection.proxyHeader?.version} header`
    : '';
  return {
    mechanism: hasHeader ? 'proxyProtocol' : isSeen ? 'tcpProxy' : 'unknown',
    before: inboundSource === null ? 'unknown' : formatEndpoint(inboundSource),
    after: formatEndpoint(proxy.party),
    cause: isSeen
      ? `${nameOf(proxy)} opens a connection of its own${header}`
      : `${nameOf(proxy)} connects from its own address; whether it proxies or translates was not observed`,
    recoverable: hasHeader ? true : null,
  };
}

function nameOf(stop: Stop): string {
  return stop.party.name ?? stop.party.ip;
}
