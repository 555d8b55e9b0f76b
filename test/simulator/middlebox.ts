/**
 * Boxes on the way that put sequence numbers of their own into a connection:
 *
 *   synproxy      client ──(c, cookie)── node │ node ──(c, s)── Pod     two handshakes, one after the other
 *   isnFirewall   balancer ──(c′, s′)── │ ──(c, s)── node ── Pod        one handshake, other numbers
 */
import { BALANCER } from './cluster.ts';
import type { Random } from './random.ts';
import type { Middlebox, Route, Site } from './route.ts';

export interface MiddleboxPlan {
  /** Every node answers handshakes to its NodePorts itself, and opens the way to the Pod afterwards. */
  readonly hasSynproxy: boolean;
  /** Draws new sequence numbers in both directions, between the load balancer and the nodes. */
  readonly hasIsnFirewall: boolean;
}

/** The keyed hashes of the two sequence numbers, and of the pair. */
export interface IsnHashes {
  readonly clientHash: string;
  readonly serverHash: string;
  readonly pairHash: string;
}

/** The way to a NodePort as the plan's middleboxes change it. Of both kinds in one plan, the node's. */
export function throughMiddlebox(route: Route, plan: MiddleboxPlan): Route {
  const door = route.sites.findIndex(({ machine }) => machine !== BALANCER);
  const isBeyond = route.sites.length > door + 1;
  if (door < 0 || route.sites[door]?.tap.role !== 'uplink' || !isBeyond) return route;
  if (plan.hasSynproxy) {
    const departed = route.sites[door + 1]?.routers ?? 0;
    return split(route, { kind: 'synproxy', before: door + 1 }, -departed);
  }
  // With no machine before it, nobody could tell.
  return plan.hasIsnFirewall && door > 0
    ? split(route, { kind: 'isnFirewall', before: door }, 1)
    : route;
}

function split(route: Route, middlebox: Middlebox, byRouters: number): Route {
  const moved = (site: Site) => ({ ...site, routers: site.routers + byRouters });
  const sites = route.sites.map((site, index) => (index < middlebox.before ? site : moved(site)));
  return { ...route, sites, middlebox };
}

/** What taps on the client's side see; null where there is no box. */
export function outerHashes(
  random: Random,
  { middlebox }: Route,
  clientHash: string,
): IsnHashes | null {
  if (middlebox === undefined) return null;
  return {
    clientHash: middlebox.kind === 'synproxy' ? clientHash : random.hash64(),
    serverHash: random.hash64(),
    pairHash: random.hash64(),
  };
}

/** From the client as far as a SYNPROXY; the whole way where there is none. */
export function outerPart(route: Route): Route {
  const { middlebox } = route;
  if (middlebox?.kind !== 'synproxy') return route;
  return { sites: route.sites.slice(0, middlebox.before), stops: route.stops };
}

/** From the SYNPROXY on; null where there is none. */
export function innerPart(route: Route): Route | null {
  const { middlebox } = route;
  const node = middlebox?.kind === 'synproxy' ? route.sites[middlebox.before - 1] : undefined;
  if (middlebox === undefined || node === undefined) return null;
  const stops = [{ ...node.tuple.dst, machine: node.machine }];
  return { sites: route.sites.slice(middlebox.before), stops };
}
