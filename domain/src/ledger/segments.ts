/** The hops of a path by connection, and the source address that each receiver got to see. */
import type { Endpoint } from '../model/tuple.ts';
import type { Context, ProxyHeader } from '../reconstruct/evidence.ts';
import { partyAt } from '../reconstruct/stops.ts';
import type { Hop, Party } from '../rest/path.ts';
import type { ForwardedChain } from './forwarded.ts';
import { parseNode } from './forwardedNode.ts';
import { trustedBy } from './trustWalk.ts';

export type SentHeader = Pick<ProxyHeader, 'version' | 'command' | 'claimed'>;

/** A `Forwarded` or `X-Forwarded-For` header as the receiver of a hop got it. */
export interface ForwardedSighting {
  /** Index of the hop. */
  readonly hop: number;
  readonly chain: ForwardedChain;
}

export interface SourceEvidence {
  readonly hops: readonly Hop[];
  /** For each hop the source of the SYN where it arrived at the receiver; null: nobody saw that. */
  readonly arrivals: readonly (Endpoint | null)[];
  /** For each connection of the chain, in order, its PROXY header. A step that nobody saw has no entry. */
  readonly headers: readonly (SentHeader | null)[];
  readonly context: Pick<Context, 'topology' | 'addressesByNode' | 'cluster'>;
  readonly forwarded?: readonly ForwardedSighting[];
  /** CIDR ranges of proxies that are trusted beside the load balancers of the topology. */
  readonly trustedRanges?: readonly string[];
}

/** What one receiver sees at the other end of its socket. */
export interface Sighting {
  readonly hop: Hop;
  readonly source: Endpoint | null;
}

/** One connection: from who opened it, over the nodes that forwarded it, to who serves it. */
export interface Segment {
  readonly sender: Party;
  readonly sightings: readonly Sighting[];
  readonly header: SentHeader | null;
  /** Nobody saw it; it is known from the next one alone. */
  readonly isGap: boolean;
}

export function segmentsOf({ hops, arrivals, headers }: SourceEvidence): Segment[] {
  const groups: Sighting[][] = [];
  let before: Endpoint | null = null;
  for (const [index, hop] of hops.entries()) {
    before = sourceSeen(hop, arrivals[index] ?? null, before);
    const group = groups.at(-1);
    if (group === undefined || isNewConnection(hop, hops)) groups.push([{ hop, source: before }]);
    else group.push({ hop, source: before });
  }
  const unseen = groups.length - headers.length;
  return groups.flatMap((sightings, index): Segment[] => {
    const sender = sightings[0]?.hop.from;
    if (sender === undefined) return [];
    const header = headers[index - unseen] ?? null;
    return [{ sender, sightings, header, isGap: index < unseen }];
  });
}

/** A proxy opens one of its own; after a first step without a known origin, what was seen begins. */
function isNewConnection(hop: Hop, hops: readonly Hop[]): boolean {
  return hop.kind === 'proxy' || (hop.index === 1 && hops[0]?.from.ip === '');
}

/** On one machine the arrival may have been seen before the NAT; from machine to machine it shows the result. */
function sourceSeen(hop: Hop, arrival: Endpoint | null, before: Endpoint | null): Endpoint | null {
  const after = hop.rewrite === null ? null : endpointOf(hop.rewrite.after);
  if (hop.kind === 'nodeForward' && hop.crossesNode !== true && after !== null) return after;
  const known = arrival ?? after;
  if (known !== null) return known;
  if (hop.from.ip === '') return null;
  return hop.kind === 'nodeForward' ? before : { ip: hop.from.ip, port: hop.from.port };
}

/** Dotted, as formatEndpoint() writes them: most are, and need no parser. */
const IPV4_ENDPOINT = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/;

function endpointOf(text: string): Endpoint | null {
  const [, dotted, digits] = IPV4_ENDPOINT.exec(text) ?? [];
  if (dotted !== undefined) return { ip: dotted, port: Number(digits) };
  const { ip, port } = parseNode(text, true);
  return ip === null ? null : { ip, port: port ?? 0 };
}

/** Whom the operator named as a proxy. */
export interface Trust {
  readonly isTrusted: (ip: string) => boolean;
  readonly isBalancer: (party: Party) => boolean;
  /** Somebody was named at all; else nothing follows from not being among them. */
  readonly isListed: boolean;
}

export function trustOf({ context, trustedRanges = [] }: SourceEvidence): Trust {
  const inRanges = trustedBy(trustedRanges);
  // Asked several times a path for the same few addresses, and each answer may look at all agents' addresses.
  const known = new Map<string, boolean>();
  const isBalancerIp = (ip: string): boolean => {
    const answer =
      known.get(ip) ?? partyAt({ ip, port: 0 }, null, context).role === 'load-balancer';
    known.set(ip, answer);
    return answer;
  };
  return {
    isTrusted: (ip) => inRanges(ip) || isBalancerIp(ip),
    isBalancer: (party) => party.role === 'load-balancer' || isBalancerIp(party.ip),
    isListed: trustedRanges.length > 0 || context.topology.loadBalancerByIp.size > 0,
  };
}
