/**
 * Who the client is if only some proxies are believed: from the socket's peer leftwards through the chain, as
 * long as the one who wrote an element is trusted. The first address that is not, is the client.
 *
 *   chain  6.6.6.6 , 203.0.113.10 , 10.0.0.5          peer 192.0.2.1
 *          forged    client ◄────── trusted ◄──────── trusted
 */
import { isInRange } from '../kubernetes/cidr.ts';
import { canonicalIp } from '../model/ip.ts';
import type { ForwardedChain } from './forwarded.ts';

export interface TrustStep {
  /** `peer`: the other end of the socket. A number: index of the chain's element. */
  readonly at: 'peer' | number;
  readonly text: string;
  /** null where nobody can be read from the text. */
  readonly ip: string | null;
  readonly isTrusted: boolean;
}

export interface TrustWalk {
  /** null: hidden by an element from which nobody can be read. */
  readonly client: { readonly ip: string; readonly port: number | null } | null;
  readonly provenance: 'tcpPeer' | 'forwarded';
  /** What ended the walk: an address that is not trusted, an element nobody can be read from, the chain's left end. */
  readonly endedBy: 'untrusted' | 'unreadable' | 'allTrusted';
  /** From the peer leftwards, up to and with the one that ended it. */
  readonly steps: readonly TrustStep[];
}

export function walkTrust(
  peerIp: string,
  chain: ForwardedChain,
  isTrusted: (ip: string) => boolean,
): TrustWalk {
  const peer = canonicalIp(peerIp) ?? peerIp;
  const steps: TrustStep[] = [{ at: 'peer', text: peerIp, ip: peer, isTrusted: isTrusted(peer) }];
  let client = { ip: peer, port: null as number | null };
  let provenance: TrustWalk['provenance'] = 'tcpPeer';
  if (!isTrusted(peer)) return { client, provenance, endedBy: 'untrusted', steps };
  for (let index = chain.elements.length - 1; index >= 0; index--) {
    const node = chain.elements[index]?.for ?? null;
    const ip = node?.ip ?? null;
    const step = { at: index, text: node?.text ?? '', ip, isTrusted: ip !== null && isTrusted(ip) };
    steps.push(step);
    provenance = 'forwarded';
    if (ip === null) return { client: null, provenance, endedBy: 'unreadable', steps };
    client = { ip, port: node?.port ?? null };
    if (!step.isTrusted) return { client, provenance, endedBy: 'untrusted', steps };
  }
  return { client, provenance, endedBy: 'allTrusted', steps };
}

/** `ranges`: CIDR or single addresses, IPv4 and IPv6. What is no range trusts nobody. */
export function trustedBy(ranges: readonly string[]): (ip: string) => boolean {
  const valid = ranges.filter((range) => /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(range));
  return (ip) => valid.some((range) => isInRange(ip, range));
}
