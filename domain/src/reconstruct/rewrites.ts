/** The source-address ledger: at each step, which source arrived, which left, who changed it and why. */
import { type Endpoint, formatEndpoint, isSameEndpoint } from '../model/tuple.ts';
import type { Rewrite } from '../rest/path.ts';
import type { Topology } from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { Stop } from './stops.ts';
import type { ProxyEdge } from './threadEdges.ts';

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
  const service = topology.serviceByNodePort.get(original.dst.port);
  return {
    mechanism: 'snat',
    before: formatEndpoint(original.src),
    after: formatEndpoint(reply.dst),
    cause:
      service === undefined
        ? `${node.party.name} masqueraded the connection`
        : `kube-proxy on ${node.party.name} masquerades external connections under externalTrafficPolicy: ${service.externalTrafficPolicy}`,
    recoverable: isRecoverable(connection, source),
  };
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
  const isSeen = edge?.method === 'threadRule' || hasHeader;
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
