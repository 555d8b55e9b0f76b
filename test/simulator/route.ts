/** The way of one connection: the taps it passes, and the parties that truly handle it. */
import { type Endpoint, reverseTuple, type Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { Tap } from '@hoptrace/domain/wire/v1.ts';
import { BALANCER, type SimNode, type SimPod } from './cluster.ts';

export interface Site {
  readonly machine: string;
  readonly tap: Tap;
  readonly tuple: Tuple;
  /** conntrack; null inside Pods, whose namespaces have none. */
  readonly original: Tuple | null;
  readonly reply: Tuple | null;
  /** Decrements of the TTL so far. */
  readonly routers: number;
}

export interface TruthStop extends Endpoint {
  readonly machine: string;
}

/** A box that puts sequence numbers of its own into a connection (see middlebox.ts). */
export interface Middlebox {
  readonly kind: 'synproxy' | 'isnFirewall';
  /** Taps with a smaller index are on the client's side. */
  readonly before: number;
}

export interface Route {
  readonly sites: readonly Site[];
  /** Source, every node that rewrites the destination, destination. */
  readonly stops: readonly TruthStop[];
  readonly middlebox?: Middlebox;
}

interface Nat {
  readonly before: Tuple;
  readonly after: Tuple;
}

const UPLINK = 2;

/** Client or load balancer → NodePort → Pod. `pod` null: the entry node answers or drops. */
export function toNodePort(
  tuple: Tuple,
  entry: SimNode,
  sent: Tuple | null,
  pod: SimPod | null,
  sourceMachine: string,
): Route {
  const source = { ...tuple.src, machine: sourceMachine };
  const dialled = { ...tuple.dst, machine: entry.name };
  if (pod === null || sent === null) {
    const door = hostSite(entry.name, 'uplink', 'rx', tuple, null, 0);
    return { sites: [door], stops: [source, dialled] };
  }
  const nat: Nat = { before: tuple, after: sent };
  const arrival = hostSite(entry.name, 'uplink', 'rx', tuple, nat, 0);
  const stops = [source, dialled, { ...sent.dst, machine: pod.node }];
  if (pod.node === entry.name) return { sites: [arrival, ...intoPod(pod, sent, nat, 1)], stops };
  const leaving = hostSite(entry.name, 'uplink', 'tx', sent, nat, 1);
  return { sites: [arrival, leaving, ...throughNode(pod, sent, 1)], stops };
}

/** Pod → Pod, without any Service in between. */
export function podToPod(tuple: Tuple, from: SimPod, to: SimPod): Route {
  const plain: Nat = { before: tuple, after: tuple };
  const out = [
    podSite(from, 'tx', tuple, 0),
    hostSite(from.node, 'podVeth', 'rx', tuple, plain, 0, from.netns),
  ];
  const stops = [
    { ...tuple.src, machine: from.node },
    { ...tuple.dst, machine: to.node },
  ];
  if (to.node === from.node) return { sites: [...out, ...intoPod(to, tuple, plain, 1)], stops };
  const leaving = hostSite(from.node, 'uplink', 'tx', tuple, plain, 1);
  return { sites: [...out, leaving, ...throughNode(to, tuple, 1)], stops };
}

/** The load balancer's own connection begins at its tap. */
export function fromBalancer(route: Route): Route {
  const [first] = route.sites;
  if (first === undefined) return route;
  return {
    ...route,
    sites: [hostSite(BALANCER, 'uplink', 'tx', first.tuple, null, 0), ...route.sites],
  };
}

/** The client's connection ends at a load balancer that proxies. */
export function toBalancer(client: Endpoint, vip: Endpoint): Route {
  const tuple = { src: client, dst: vip };
  return {
    sites: [hostSite(BALANCER, 'uplink', 'rx', tuple, null, 0)],
    stops: [
      { ...client, machine: 'client' },
      { ...vip, machine: BALANCER },
    ],
  };
}

/** A load balancer that only rewrites addresses: one connection, one more node with NAT. */
export function translated(client: Endpoint, vip: Endpoint, route: Route): Route {
  const [first] = route.sites;
  const [, ...onward] = route.stops;
  if (first === undefined) return route;
  const nat: Nat = { before: { src: client, dst: vip }, after: first.tuple };
  return {
    sites: [
      hostSite(BALANCER, 'uplink', 'rx', nat.before, nat, 0),
      hostSite(BALANCER, 'uplink', 'tx', nat.after, nat, 1),
      ...route.sites.map((site) => ({ ...site, routers: site.routers + 1 })),
    ],
    stops: [{ ...client, machine: 'client' }, { ...vip, machine: BALANCER }, ...onward],
  };
}

function throughNode(pod: SimPod, tuple: Tuple, routers: number): Site[] {
  const plain: Nat = { before: tuple, after: tuple };
  const door = hostSite(pod.node, 'uplink', 'rx', tuple, plain, routers);
  return [door, ...intoPod(pod, tuple, plain, routers + 1)];
}

function intoPod(pod: SimPod, tuple: Tuple, nat: Nat, routers: number): Site[] {
  return [
    hostSite(pod.node, 'podVeth', 'tx', tuple, nat, routers, pod.netns),
    podSite(pod, 'rx', tuple, routers),
  ];
}

function hostSite(
  machine: string,
  role: Tap['role'],
  synDirection: Tap['synDirection'],
  tuple: Tuple,
  nat: Nat | null,
  routers: number,
  ifindex = UPLINK,
): Site {
  return {
    machine,
    tap: { netns: 1, ifindex, role, synDirection },
    tuple,
    original: nat?.before ?? null,
    reply: nat === null ? null : reverseTuple(nat.after),
    routers,
  };
}

function podSite(
  pod: SimPod,
  synDirection: Tap['synDirection'],
  tuple: Tuple,
  routers: number,
): Site {
  return {
    machine: pod.node,
    tap: { netns: pod.netns, ifindex: UPLINK, role: 'pod', synDirection },
    tuple,
    original: null,
    reply: null,
    routers,
  };
}
