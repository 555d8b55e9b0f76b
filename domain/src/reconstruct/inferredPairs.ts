/** Links that were inferred from a place's whole window, as pairs of the exchanges at hand. */
import type { Connection } from './connection.ts';
import type { InferredLink, RequestRef } from './evidence.ts';
import type { ProxyClaims } from './proxyClaims.ts';
import type { PlacedExchange, ProxyPlace } from './proxyPlaces.ts';
import type { TimingPair } from './timingEdges.ts';

/** In the order of their exchanges. What a higher rung speaks of, on either side, is left to it. */
export function inferredPairs(
  places: readonly ProxyPlace[],
  connections: readonly Connection[],
  links: readonly InferredLink[],
  claims: ProxyClaims,
): TimingPair[] {
  const timed = links.filter(({ method }) => method === 'timing');
  if (timed.length === 0) return [];
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const idOf = ({ isnPairHash, burst }: RequestRef) => `${keyOf.get(isnPairHash)}#${burst}`;
  const byOutbound = new Map(timed.map((link) => [idOf(link.outbound), link]));
  return places.flatMap(({ inbound, outbound }) => {
    const causes = new Map<string, PlacedExchange>();
    for (const { exchanges } of inbound) for (const each of exchanges) causes.set(each.id, each);
    return outbound.flatMap(({ exchanges }) =>
      exchanges.flatMap((effect): TimingPair[] => {
        const link = byOutbound.get(effect.id);
        const cause = link === undefined ? undefined : causes.get(idOf(link.inbound));
        if (link === undefined || cause === undefined || claims.usedInbound.has(cause.id))
          return [];
        const isOpen = claims.of(effect).length === 0;
        return isOpen ? [{ inbound: cause, outbound: effect, confidence: link.confidence }] : [];
      }),
    );
  });
}
