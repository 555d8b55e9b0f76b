/**
 * Step 8: who handled a connection, in order: its source, each party that rewrote the destination (DNAT),
 * its destination. Nodes that only route are part of the way, not parties.
 */
import {
  type Endpoint,
  isSameEndpoint,
  isSameTuple,
  reverseTuple,
  type Tuple,
} from '../model/tuple.ts';
import type { Party, Role } from '../rest/path.ts';
import type { Pod } from '../topology/topology.ts';
import type { Connection } from './connection.ts';
import type { Context, Leg } from './evidence.ts';

export interface Stop {
  readonly party: Party;
  /** A name under which two stops are on the same machine; null when unknown. */
  readonly machine: string | null;
  /** The leg at which this party's own tap saw the connection; null: known by address only. */
  readonly leg: Leg | null;
  /** The leg that shows this node's NAT (original and reply tuple). */
  readonly nat: Pick<Leg, 'original' | 'reply'> | null;
  /** The NAT was seen on the wire only: two taps of one machine differ, no conntrack entry says by which rule. */
  readonly isWireOnly?: boolean;
}

export function stopsOf(connection: Connection, context: Context): Stop[] {
  const first = connection.legs[0];
  const last = connection.legs.at(-1);
  if (first === undefined || last === undefined) return [];
  const walk = walkTuples(connection.legs, context);
  return [
    sourceStop(first, context),
    ...walk.stops,
    destinationStop({ connection, last, dialled: walk.final.dst, context }),
  ];
}

/** What hosts start with (Linux 64, Windows 128, others 255): one less, and the packet was forwarded. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

/** The tuple with which the connection set out, before the first node's NAT. */
function firstTuple(leg: Leg): Tuple {
  return leg.original ?? leg.tuple;
}

function sourceStop(first: Leg, context: Context): Stop {
  const endpoint = firstTuple(first).src;
  const { synDirection } = first.tap;
  const isOwn =
    synDirection === 'tx' &&
    INITIAL_TTLS.has(first.synTtl) &&
    isAddressOf(context, first.node, endpoint.ip);
  const isLocal = isOwn || isOutOfPod(first, context);
  const leg = isLocal ? first : null;
  return {
    party: partyAt(endpoint, leg, context),
    machine: machineOf(endpoint.ip, leg, context),
    leg,
    nat: null,
  };
}

/** At the Pod's own end of its cable, or at the host's end, where the address has to be that of a Pod of this node. */
function isOutOfPod({ node, tap, tuple }: Leg, { topology }: Context): boolean {
  if (tap.role === 'pod') return tap.synDirection === 'tx';
  const isHostEnd = tap.role === 'podVeth' && tap.synDirection === 'rx';
  return isHostEnd && topology.podByIp.get(tuple.src.ip)?.node === node;
}

/**
 * Follows the tuple from leg to leg. It changes only where somebody rewrites it:
 *
 *   conntrack says so              a stop of that node
 *   two taps of one node differ    the same, seen on the wire (data planes without conntrack)
 *   two nodes differ               somebody in between was not seen: a stop at the address that was dialled
 */
function walkTuples(legs: readonly Leg[], context: Context): { stops: Stop[]; final: Tuple } {
  const stops: Stop[] = [];
  let from = firstTuple(legs[0] as Leg);
  for (let index = 0; index < legs.length; index++) {
    const leg = legs[index] as Leg;
    for (const { to, isSeen } of rewritesAt(leg, legs[index - 1], from)) {
      if (!isSameEndpoint(from.dst, to.dst))
        stops.push(rewriteStop({ from, to, leg, isSeen, legs, context }));
      from = to;
    }
  }
  return { stops, final: from };
}

interface TupleStep {
  readonly to: Tuple;
  readonly isSeen: boolean;
}

const NO_REWRITES: readonly TupleStep[] = [];

/** What became of the tuple up to this leg, and at it. Nothing, for most. */
function rewritesAt(leg: Leg, before: Leg | undefined, current: Tuple): readonly TupleStep[] {
  const { original, reply } = leg;
  if (original === null || reply === null) {
    if (isSameTuple(current, leg.tuple)) return NO_REWRITES;
    return [{ to: leg.tuple, isSeen: before !== undefined && before.node === leg.node }];
  }
  const isTranslated = !isReverse(original, reply);
  if (isSameTuple(current, original))
    return isTranslated ? [{ to: reverseTuple(reply), isSeen: true }] : NO_REWRITES;
  if (isReverse(current, reply)) return NO_REWRITES;
  const arrival = { to: original, isSeen: false };
  return isTranslated ? [arrival, { to: reverseTuple(reply), isSeen: true }] : [arrival];
}

/** `reply` is what answers this tuple. */
function isReverse(tuple: Tuple, reply: Tuple): boolean {
  return isSameEndpoint(tuple.src, reply.dst) && isSameEndpoint(tuple.dst, reply.src);
}

interface RewriteStep {
  readonly from: Tuple;
  readonly to: Tuple;
  readonly leg: Leg;
  readonly isSeen: boolean;
  readonly legs: readonly Leg[];
  readonly context: Context;
}

function rewriteStop({ from, to, leg, isSeen, legs, context }: RewriteStep): Stop {
  const nat = { original: from, reply: reverseTuple(to) };
  if (!isSeen) {
    const party = partyAt(from.dst, null, context);
    return { party, machine: machineOf(from.dst.ip, null, context), leg: null, nat };
  }
  const arrival =
    legs.find(
      (each) =>
        each.node === leg.node && each.tap.synDirection === 'rx' && isSameTuple(each.tuple, from),
    ) ?? null;
  const seen = partyAt(from.dst, arrival ?? leg, context);
  const isBalancer = seen.role === 'load-balancer';
  const party: Party = {
    ...seen,
    role: isBalancer ? 'load-balancer' : 'node',
    name: leg.node,
    node: leg.node,
  };
  return { party, machine: leg.node, leg: arrival, nat, isWireOnly: leg.original === null };
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

interface Destination {
  readonly connection: Connection;
  readonly last: Leg;
  /** Where the last known rewrite sent it. */
  readonly dialled: Endpoint;
  readonly context: Context;
}

function destinationStop({ connection, last, dialled, context }: Destination): Stop {
  const isDoor =
    (last.tap.role === 'pod' && last.tap.synDirection === 'rx') ||
    (last.tap.role === 'podVeth' && last.tap.synDirection === 'tx') ||
    (last.tap.synDirection === 'rx' && isAddressOf(context, last.node, dialled.ip)) ||
    isRefusedHere(connection, last);
  const leg = isDoor && isSameEndpoint(last.tuple.dst, dialled) ? last : null;
  return {
    party: partyAt(dialled, leg, context),
    machine: machineOf(dialled.ip, leg, context),
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
  const { ownerMemo } = context;
  const known = ownerMemo?.get(ip);
  if (known !== undefined) return known;
  const owner = ownerOf(context, ip);
  ownerMemo?.set(ip, owner);
  return owner;
}

/** Looks at the addresses of every agent. */
function ownerOf({ addressesByNode }: Context, ip: string): string | null {
  let owner: string | null = null;
  for (const [node, list] of addressesByNode) {
    // The first by name, so that an address that two nodes claim gives the same answer whatever came first.
    if ((owner === null || node < owner) && list.some((address) => address.ip === ip)) owner = node;
  }
  return owner;
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
      ? nameOfPod(pod)
      : role === 'load-balancer'
        ? (node ?? context.topology.loadBalancerByIp.get(ip) ?? null)
        : role === 'node'
          ? node
          : null;
  return { role, name, node, ip, port, observed: leg !== null };
}

/** Null: it may be another. */
function nameOfPod({ namespace, name, orElse }: Pod): string | null {
  return orElse === undefined ? `${namespace}/${name}` : null;
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
