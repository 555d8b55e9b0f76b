/**
 * What somebody said the client is, held against what was seen: a claim is believed if the connection it speaks of
 * was seen, or if the one who makes it is a proxy that the operator named; and never against an observation.
 */
import type { Party } from '../rest/path.ts';
import type { ForwardedSighting, Segment, Trust } from './segments.ts';
import { walkTrust } from './trustWalk.ts';

export interface Claim {
  readonly kind: 'proxyProtocol' | 'forwarded' | 'xForwardedFor';
  /** Index of the connection that carried it. */
  readonly segment: number;
  /** Index of the connection whose sender wrote it: an earlier one if proxies passed it on. */
  readonly writer: number;
  /** `PROXY v2 header`, `X-Forwarded-For header`. */
  readonly words: string;
  readonly address: string;
  readonly believable: boolean | null;
  /** A clause: why so. */
  readonly why: string;
}

type Judgement = Pick<Claim, 'believable' | 'why'>;

/** No TCP client can have such an address: 0/8, 224/4, broadcast, ::, ff00::/8 (RFC 1122 3.2.1.3, RFC 4291 2.5.2, 2.7). */
const NO_CLIENT = /^(0\.|22[4-9]\.|23\d\.|255\.255\.255\.255$|::$|ff[0-9a-f]{2}:)/;
const LOOPBACK = /^(127\.|::1$)/;

/** In path order. */
export function claimsOf(
  segments: readonly Segment[],
  forwarded: readonly ForwardedSighting[],
  trust: Trust,
): Claim[] {
  const claims: Claim[] = [];
  for (const [index, segment] of segments.entries()) {
    const claim = headerClaim(segment, index, witnessedBefore(segments, index, claims), trust);
    if (claim !== null) claims.push(claim);
    for (const sighting of forwarded) {
      if (!segment.sightings.some(({ hop }) => hop.index === sighting.hop)) continue;
      const told = forwardedClaim(sighting, index, { segments, claims, trust });
      if (told !== null) claims.push(told);
    }
  }
  return claims;
}

/** Addresses that the sender of a connection had seen as its own client's; null: nobody watched. */
function witnessedBefore(
  segments: readonly Segment[],
  index: number,
  claims: readonly Claim[],
): ReadonlySet<string> | null {
  const inbound = segments[index - 1];
  if (inbound === undefined || inbound.isGap) return null;
  const told = claims.filter((claim) => claim.segment === index - 1 && claim.believable !== false);
  return new Set([
    inbound.sender.ip,
    ...inbound.sightings.flatMap(({ source }) => source?.ip ?? []),
    ...told.map((claim) => claim.address),
  ]);
}

function headerClaim(
  segment: Segment,
  index: number,
  seen: ReadonlySet<string> | null,
  trust: Trust,
): Claim | null {
  const claimed = segment.header?.claimed ?? null;
  if (segment.header === null || claimed === null) return null;
  const words = `PROXY v${segment.header.version} header`;
  const address = claimed.src.ip;
  const isOwn = address === segment.sender.ip;
  const judged = isOwn
    ? { believable: true, why: 'it says no more than the socket' }
    : judge(address, segment, seen, trust);
  return { kind: 'proxyProtocol', segment: index, writer: index, words, address, ...judged };
}

interface Known {
  readonly segments: readonly Segment[];
  readonly claims: readonly Claim[];
  readonly trust: Trust;
}

/**
 * What a receiver would read from the header, if it trusts the proxies of this path and those that were named.
 * Each trusted step of the walk is one connection further back: that one's sender wrote the next element.
 */
function forwardedClaim(
  { chain }: ForwardedSighting,
  index: number,
  { segments, claims, trust }: Known,
): Claim | null {
  const peer = segments[index]?.sender.ip ?? '';
  const proxies = new Set(segments.slice(1).map(({ sender }) => sender.ip));
  const walk = walkTrust(peer, chain, (ip) => proxies.has(ip) || trust.isTrusted(ip));
  const oldest = chain.elements.find((element) => element.for?.ip != null)?.for?.ip ?? null;
  const address = walk.provenance === 'forwarded' ? (walk.client?.ip ?? null) : oldest;
  if (address === null || address === peer) return null;
  const writer = index - Math.max(0, walk.steps.length - 2);
  const author = segments[writer];
  const judged =
    author === undefined || author.isGap
      ? { believable: true, why: 'every proxy that it names on the way is trusted' }
      : judge(address, author, witnessedBefore(segments, writer, claims), trust);
  const words = chain.header === 'forwarded' ? 'Forwarded header' : 'X-Forwarded-For header';
  return { kind: chain.header, segment: index, writer, words, address, ...judged };
}

function judge(
  address: string,
  { sender }: Segment,
  seen: ReadonlySet<string> | null,
  trust: Trust,
): Judgement {
  const who = nameOf(sender);
  if (NO_CLIENT.test(address))
    return { believable: false, why: `no client can have the address ${address}` };
  if (seen !== null) {
    return seen.has(address)
      ? { believable: true, why: `an agent saw that client's connection arrive at ${who}` }
      : {
          believable: false,
          why: `the connection that arrived at ${who} was seen to come from ${[...seen].join(', ')}`,
        };
  }
  if (LOOPBACK.test(address))
    return { believable: null, why: `${address} names ${who} itself, not a client` };
  if (sender.ip === '')
    return { believable: null, why: 'who opened the connection that carried it was not seen' };
  if (trust.isTrusted(sender.ip))
    return {
      believable: true,
      why: `${sender.ip}, which sent it, is a load balancer or proxy that is trusted`,
    };
  if (sender.role === 'ingress' || sender.role === 'node' || !trust.isListed)
    return {
      believable: null,
      why: `whether ${who} may speak for others, nobody has said, and its own client was not seen`,
    };
  return {
    believable: false,
    why: `it was sent by ${who}, which is none of the proxies that are trusted`,
  };
}

export function nameOf(party: Party): string {
  return party.name ?? party.ip;
}
