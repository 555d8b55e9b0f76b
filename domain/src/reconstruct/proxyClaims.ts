/** What the higher rungs (thread rules, PROXY headers) have decided already, request by request. */
import type { Connection } from './connection.ts';
import type { ProxyLink } from './evidence.ts';
import { bucketBy } from './forms.ts';
import type { ProxyEdge } from './proxyEdge.ts';
import type { PlacedExchange } from './proxyPlaces.ts';
import { burstKey } from './proxyRules.ts';

export interface ProxyClaim {
  readonly inboundKey: string;
  /** Number of the request in the inbound connection; null: not known which. */
  readonly burst: number | null;
  /** Class A: fit to judge lower rungs by. */
  readonly isExact: boolean;
}

export interface ProxyClaims {
  /** Who is said to have caused this upstream exchange; empty: open. */
  of(exchange: PlacedExchange): readonly ProxyClaim[];
  /** Inbound exchanges (`key#burst`) that are known to have gone on. */
  readonly usedInbound: ReadonlySet<string>;
}

export function proxyClaims(
  connections: readonly Connection[],
  links: readonly ProxyLink[],
  edges: readonly ProxyEdge[],
): ProxyClaims {
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const byOutbound = bucketBy(edges, (edge) => edge.outboundKey);
  const byBurst = new Map<string, ProxyClaim[]>();
  const usedInbound = new Set<string>();
  const claim = (outboundId: string, each: ProxyClaim) => {
    byBurst.set(outboundId, [...(byBurst.get(outboundId) ?? []), each]);
    if (each.burst !== null) usedInbound.add(`${each.inboundKey}#${each.burst}`);
  };
  for (const { side, subject, lastRead, oldest } of links) {
    const outboundKey = keyOf.get(subject.isnPairHash);
    if (side !== 'request' || outboundKey === undefined) continue;
    const causes = new Map(
      [lastRead, oldest].flatMap((each) => (each === null ? [] : [[burstKey(each), each]])),
    );
    for (const cause of causes.values()) {
      const inboundKey = keyOf.get(cause.isnPairHash);
      const edge = byOutbound.get(outboundKey)?.find((each) => each.inboundKey === inboundKey);
      if (edge === undefined || inboundKey === undefined) continue;
      const isExact = edge.edgeClass === 'A' && causes.size === 1;
      claim(`${outboundKey}#${subject.burst}`, { inboundKey, burst: cause.burst, isExact });
    }
  }
  // A header, a first flight and byte counters speak of the whole connection.
  const whole = edges.filter((edge) => WHOLE.has(edge.method));
  const wholeByOutbound = bucketBy(whole, (edge) => edge.outboundKey);
  for (const { inboundKey, outboundKey, bursts, edgeClass } of edges)
    for (const [inbound, outbound] of bursts ?? [])
      claim(`${outboundKey}#${outbound}`, {
        inboundKey,
        burst: inbound,
        isExact: edgeClass === 'A',
      });
  return {
    usedInbound,
    of: ({ id, connectionKey }) => [
      ...(byBurst.get(id) ?? []),
      ...(wholeByOutbound.get(connectionKey) ?? []).map(({ inboundKey }) => ({
        inboundKey,
        burst: null,
        isExact: false,
      })),
    ],
  };
}

const WHOLE: ReadonlySet<ProxyEdge['method']> = new Set([
  'proxyHeader',
  'firstFlight',
  'byteCounters',
]);
