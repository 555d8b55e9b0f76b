/**
 * Step 7: who handled a connection, in order: its source, each node that rewrote the destination (DNAT),
 * its destination. Nodes that only route are part of the way, not parties.
 */
import { type Endpoint, isSameEndpoint } from '../model/tuple.ts';
import type { Party, Role } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Context, Leg } from './evidence.ts';

export interface Stop {
  readonly party: Party;
  /** A name under which two stops are on the same machine; null when unknown. */
  readonly machine: string | null;
  /** The leg at which this party's own tap saw the connection; null: known by address only. */
  readonly leg: Leg | null;
  /** The leg that shows this node's NAT (original and reply tuple). */
  readonly nat: Leg | null;
}

export function stopsOf(connection: Connection, context: Context): Stop[] {
  const first = connection.legs[0];
  const last = connection.legs.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    sourceStop(first, context),
    ...natStops(connection),
    destinationStop(connection, last, context),
  ];
}

function sourceStop(first: Leg, context: Context): Stop {
  const endpoint = first.original?.src ?? first.tuple.src;
  const isLocal =
    first.tap.synDirection === 'tx' &&
    (first.tap.role === 'pod' || isAddressOf(context, first.node, endpoint.ip));
  const leg = isLocal ? first : null;
  return {
    party: partyAt(endpoint, leg, context),
    machine: machineOf(endpoint.ip, leg, context),
    leg,
    nat: null,
  };
}

function natStops(connection: Connection): Stop[] {
  const nodes = [...new Set(connection.legs.map((leg) => leg.node))];
  return nodes.flatMap((node) => {
    const legs = connection.legs.filter((leg) => leg.node === node);
    const nat = legs.find(isDnat);
    if (nat === undefined || nat.original === null) return [];
    const arrival =
      legs.find((leg) => leg.tap.synDirection === 'rx' && leg.tap.role !== 'pod') ?? null;
    const { ip, port } = nat.original.dst;
    const party: Party = { role: 'node', name: node, node, ip, port, observed: true };
    return [{ party, machine: node, leg: arrival, nat }];
  });
}

/** DNAT happened: the answering endpoint is not the one that was dialled. */
export function isDnat(leg: Leg): boolean {
  return (
    leg.original !== null && leg.reply !== null && !isSameEndpoint(leg.original.dst, leg.reply.src)
  );
}

/** SNAT happened: replies go to another address than the one that sent. */
export function isSnat(leg: Leg): boolean {
  return (
    leg.original !== null && leg.reply !== null && !isSameEndpoint(leg.original.src, leg.reply.dst)
  );
}

function destinationStop(connection: Connection, last: Leg, context: Context): Stop {
  const endpoint = last.reply?.src ?? last.tuple.dst;
  const isDoor =
    (last.tap.role === 'pod' && last.tap.synDirection === 'rx') ||
    (last.tap.role === 'podVeth' && last.tap.synDirection === 'tx') ||
    (last.tap.synDirection === 'rx' && isAddressOf(context, last.node, endpoint.ip)) ||
    isRefusedHere(connection, last);
  const leg = isDoor ? last : null;
  return {
    party: partyAt(endpoint, leg, context),
    machine: machineOf(endpoint.ip, leg, context),
    leg,
    nat: null,
  };
}

function isRefusedHere(connection: Connection, last: Leg): boolean {
  return connection.refusal?.node === last.node && last.tap.synDirection === 'rx';
}

/** Is this one of the node's own addresses, by its agent or by the Node object? */
export function isAddressOf(context: Context, node: string, ip: string): boolean {
  const own = context.addressesByNode.get(node) ?? [];
  return own.some((address) => address.ip === ip) || context.topology.nodeByIp.get(ip) === node;
}

function nodeByAddress(context: Context, ip: string): string | null {
  const named = context.topology.nodeByIp.get(ip);
  if (named !== undefined) return named;
  // Sorted, so that an address that two nodes claim gives the same answer whatever came first.
  const owners = [...context.addressesByNode].filter(([, list]) =>
    list.some((address) => address.ip === ip),
  );
  return owners.map(([node]) => node).sort()[0] ?? null;
}

function machineOf(ip: string, leg: Leg | null, context: Context): string | null {
  if (leg !== null) return leg.node;
  const pod = context.topology.podByIp.get(ip);
  if (pod !== undefined) return pod.node;
  const balancer = context.topology.loadBalancerByIp.get(ip);
  if (balancer !== undefined) return nodeByAddress(context, ip) ?? `load balancer ${ip}`;
  return nodeByAddress(context, ip);
}

export function partyAt(endpoint: Endpoint, leg: Leg | null, context: Context): Party {
  const { ip, port } = endpoint;
  const pod = context.topology.podByIp.get(ip);
  const node = leg?.node ?? pod?.node ?? nodeByAddress(context, ip);
  const role = roleOf(ip, leg, context);
  const name =
    pod !== undefined
      ? `${pod.namespace}/${pod.name}`
      : role === 'load-balancer'
        ? (node ?? context.topology.loadBalancerByIp.get(ip) ?? null)
        : role === 'node'
          ? node
          : null;
  return { role, name, node, ip, port, observed: leg !== null };
}

function roleOf(ip: string, leg: Leg | null, context: Context): Role {
  const pod = context.topology.podByIp.get(ip);
  if (pod !== undefined) return pod.isIngress ? 'ingress' : 'app';
  if (isLoadBalancer(ip, context)) return 'load-balancer';
  if (leg?.tap.role === 'pod') return 'pod';
  return nodeByAddress(context, ip) === null ? 'unknown' : 'node';
}

/** Listed in the topology, or an address of a machine that has a listed one. */
function isLoadBalancer(ip: string, context: Context): boolean {
  if (context.topology.loadBalancerByIp.has(ip)) return true;
  const node = nodeByAddress(context, ip);
  const own = node === null ? [] : (context.addressesByNode.get(node) ?? []);
  return own.some((address) => context.topology.loadBalancerByIp.has(address.ip));
}
