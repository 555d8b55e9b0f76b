/** Step 9: one chain of connections becomes the hops of one path. */
import type { Endpoint } from '../model/tuple.ts';
import type { Hop, HopTimes, PathClass, Role } from '../rest/path.ts';
import type { Chain, ChainLink } from './chains.ts';
import type { DraftHop } from './draftHop.ts';
import { linkOf } from './errorBounds.ts';
import type { Context, Leg } from './evidence.ts';
import { type ExtraVerdict, extraByNode, extraByProxy } from './extra.ts';
import { entryGap, gapBefore, gapBehindProxy, missingReason } from './gaps.ts';
import { segmentBetween } from './latency.ts';
import { natRewrite, proxyRewrite } from './rewrites.ts';
import { type Stop, stopsOf } from './stops.ts';

/** Within a machine nothing is crossed, so nothing is extra; where the crossing is unknown, so is this. */
const NOT_EXTRA: ExtraVerdict = { extra: false, reason: null };

/** Who opens connections on somebody else's behalf. */
const PROXIES: ReadonlySet<Role> = new Set(['load-balancer', 'ingress']);

export function hopsOf(chain: Chain, context: Context): DraftHop[] {
  const drafts: DraftHop[] = [];
  let inboundSource: Endpoint | null = null;
  for (const [index, link] of chain.entries()) {
    const stops = withRoles(stopsOf(link.connection, context), link, index, chain.length);
    const gap =
      index === 0
        ? gapBefore(stops[0], link, context)
        : gapBehindProxy(drafts.at(-1), stops[0], context);
    if (gap !== null) drafts.push(gap);
    const isNamed = index === 0 && gap !== null && gap.from.ip !== '';
    const before: Endpoint | null = isNamed ? gap.from : inboundSource;
    drafts.push(...connectionHops(stops, link, before, context));
    inboundSource = sourceSeenBy(stops);
  }
  return drafts;
}

/** What a topology without names cannot tell, the chain can: who goes on with a connection of its own is a proxy. */
function withRoles(stops: readonly Stop[], link: ChainLink, index: number, length: number): Stop[] {
  return stops.map((stop, place) => {
    const { role } = stop.party;
    const isSource = place === 0;
    const isProxy =
      (isSource && link.edge !== null) || (place === stops.length - 1 && index < length - 1);
    if (isProxy && (role === 'app' || role === 'pod'))
      return { ...stop, party: { ...stop.party, role: 'ingress' } };
    const isStranger = isSource && index === 0 && role === 'unknown';
    return isStranger ? { ...stop, party: { ...stop.party, role: 'client' } } : stop;
  });
}

function connectionHops(
  stops: readonly Stop[],
  link: ChainLink,
  inboundSource: Endpoint | null,
  context: Context,
): DraftHop[] {
  return stops.slice(1).map((to, index): DraftHop => {
    const from = stops[index] as Stop;
    const isProxied = index === 0 && (link.edge !== null || PROXIES.has(from.party.role));
    const kind = from.nat !== null ? 'nodeForward' : isProxied ? 'proxy' : 'network';
    const crossesNode = crosses(from, to);
    const segment = segmentBetween(from.leg, to.leg, context.clocks ?? null);
    const verdict =
      crossesNode === true ? judge(kind, from, to, context) : { ...NOT_EXTRA, extra: crossesNode };
    return {
      from: from.party,
      to: to.party,
      kind,
      crossesNode,
      extra: verdict.extra,
      extraReason: verdict.reason,
      ...segment,
      rewrite: rewriteOf(kind, from, stops[0] as Stop, link, inboundSource, context),
      class: classOf(kind, link),
      ...(kind === 'proxy' && link.edge !== null ? { link: linkOf(link.edge) } : {}),
      gap: gapOf(from, to, link, context),
      leg: to.leg,
      fromLeg: from.leg,
      isUnproven: index === 0 && link.edge !== null && !link.edge.isProven,
    };
  });
}

function gapOf(from: Stop, to: Stop, { connection }: ChainLink, context: Context): Hop['gap'] {
  if (to.leg === null) return missingReason(to.machine, context);
  return from.nat === null ? entryGap(from, connection.legs[0], context) : null;
}

/** Two named machines compare by name. A client is outside: it shares a machine with nobody that has a name. */
function crosses(from: Stop, to: Stop): boolean | null {
  if (from.machine !== null && to.machine !== null) return from.machine !== to.machine;
  const outside = from.party.role === 'client' || from.party.role === 'load-balancer';
  return outside && to.machine !== null ? true : null;
}

function judge(kind: Hop['kind'], from: Stop, to: Stop, context: Context): ExtraVerdict {
  if (kind === 'nodeForward') return extraByNode(context.topology, from, to);
  if (kind === 'proxy' && from.party.role !== 'load-balancer')
    return extraByProxy(context.topology, from, to);
  return NOT_EXTRA;
}

function rewriteOf(
  kind: Hop['kind'],
  from: Stop,
  source: Stop,
  link: ChainLink,
  inboundSource: Endpoint | null,
  context: Context,
): Hop['rewrite'] {
  if (kind === 'nodeForward') return natRewrite(from, link.connection, source, context.topology);
  if (kind === 'proxy') return proxyRewrite(inboundSource, from, link.connection, link.edge);
  return null;
}

function classOf(kind: Hop['kind'], { connection, edge }: ChainLink): PathClass {
  const edgeClass: PathClass = kind === 'proxy' && edge !== null ? edge.edgeClass : 'A';
  // Letters in order: the later is the worse.
  return [edgeClass, connection.joinClass].sort().at(-1) ?? 'D';
}

/** The source address that the last party of a connection saw: after every NAT on the way. */
function sourceSeenBy(stops: readonly Stop[]): Endpoint | null {
  const nats = stops.filter((stop) => stop.nat !== null);
  return nats.at(-1)?.nat?.reply?.dst ?? stops[0]?.party ?? null;
}

/** Stamps of the arrival at `to`, counted from the path's start, by the clock of the node that took them. */
export function timesOf(leg: Leg | null, startedAtUs: number): HopTimes {
  if (leg === null) {
    return {
      synNs: null,
      establishedNs: null,
      firstRequestNs: null,
      firstResponseNs: null,
      endNs: null,
      clock: null,
    };
  }
  const baseNs = (leg.startUs - startedAtUs) * 1000;
  return {
    synNs: baseNs + leg.synNs,
    establishedNs: plus(baseNs, leg.ackNs),
    firstRequestNs: plus(baseNs, leg.firstRequestNs),
    firstResponseNs: plus(baseNs, leg.firstResponseNs),
    endNs: plus(baseNs, leg.endNs),
    clock: leg.node,
  };
}

function plus(baseNs: number, ns: number | null): number | null {
  return ns === null ? null : baseNs + ns;
}
