/** Which request of a connection is the path's own: bursts are numbered, and the links of proxies name them. */
import type { Chain } from './chains.ts';
import type { ProxyLink } from './evidence.ts';
import type { ExchangeIndex } from './exchanges.ts';
import { bucketBy } from './forms.ts';

/** Number in the inbound connection, number in the outbound one. */
export type BurstPair = readonly [number, number];

export interface BurstNames {
  /** For each edge of the chain (the first link has none) what is known of the requests that went over it. */
  pairs(chain: Chain): (readonly BurstPair[])[];
  /** The path's own request on each connection; null where several may be meant. */
  own(chain: Chain): (number | null)[];
}

export function nameBursts(links: readonly ProxyLink[], exchanges: ExchangeIndex): BurstNames {
  const requests = links.filter((link) => link.side === 'request');
  const bySubject = bucketBy(requests, (link) => link.subject.isnPairHash);
  const pairs = (chain: Chain) => chain.map((_, index) => pairsOf(chain, index, bySubject));
  return {
    pairs,
    own: (chain) => {
      const known = pairs(chain);
      return chain.map(({ connection }, index) => {
        const named = new Set([
          ...(known[index] ?? []).map(([, outbound]) => outbound),
          ...(known[index + 1] ?? []).map(([inbound]) => inbound),
        ]);
        if (named.size > 0) return named.size === 1 ? ([...named][0] ?? null) : null;
        const bursts = connection.pairHashes.flatMap((hash) =>
          exchanges.ofPair(hash).map(({ burst }) => burst),
        );
        return bursts.length > 0 && bursts.every((burst) => burst === 1) ? 1 : null;
      });
    },
  };
}

function pairsOf(
  chain: Chain,
  index: number,
  bySubject: ReadonlyMap<string, readonly ProxyLink[]>,
): readonly BurstPair[] {
  const [inbound, outbound] = [chain[index - 1]?.connection, chain[index]];
  if (inbound === undefined || outbound === undefined) return [];
  const links = outbound.connection.pairHashes.flatMap((hash) => bySubject.get(hash) ?? []);
  return distinct([
    ...(outbound.edge?.bursts ?? []),
    ...links.flatMap(({ subject, lastRead, oldest }) =>
      [lastRead, oldest].flatMap((cause): BurstPair[] =>
        cause !== null && inbound.pairHashes.includes(cause.isnPairHash)
          ? [[cause.burst, subject.burst]]
          : [],
      ),
    ),
  ]);
}

function distinct(pairs: readonly BurstPair[]): BurstPair[] {
  return [...new Map(pairs.map((pair) => [pair.join('>'), pair])).values()];
}
