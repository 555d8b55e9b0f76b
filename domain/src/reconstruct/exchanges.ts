/**
 * Exchanges by the connection and tap that carried them. At every tap of a connection the same request has the
 * same offset in the stream; NAT changes neither.
 */
import type { Exchange, Leg } from './evidence.ts';

export interface ExchangeIndex {
  /** What was told of the tap and connection of this leg, by request offset. */
  at(leg: Leg | null): ReadonlyMap<number, Exchange>;
  /** All that was told of a connection, at whatever tap, in no order. */
  ofPair(isnPairHash: string): readonly Exchange[];
}

const NOTHING: ReadonlyMap<number, Exchange> = new Map();

export const NO_EXCHANGES: ExchangeIndex = { at: () => NOTHING, ofPair: () => [] };

/** Expects cleaned evidence. Of two records of one burst at one tap the one that saw more bytes counts. */
export function indexExchanges(exchanges: readonly Exchange[]): ExchangeIndex {
  if (exchanges.length === 0) return NO_EXCHANGES;
  const byTap = new Map<string, Map<number, Exchange>>();
  const byPair = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const ofPair = byPair.get(exchange.isnPairHash);
    if (ofPair === undefined) byPair.set(exchange.isnPairHash, [exchange]);
    else ofPair.push(exchange);
    const key = tapKey(exchange, exchange.isnPairHash);
    const known = byTap.get(key) ?? new Map<number, Exchange>();
    byTap.set(key, known);
    const other = known.get(exchange.requestOffset);
    if (other === undefined || isFuller(exchange, other))
      known.set(exchange.requestOffset, exchange);
  }
  return {
    at: (leg) =>
      leg === null || leg.isnPairHash === null
        ? NOTHING
        : (byTap.get(tapKey(leg, leg.isnPairHash)) ?? NOTHING),
    ofPair: (isnPairHash) => byPair.get(isnPairHash) ?? [],
  };
}

function tapKey({ node, tap }: Pick<Leg, 'node' | 'tap'>, isnPairHash: string): string {
  return `${node}|${tap.netns}|${tap.ifindex}|${tap.role}|${tap.synDirection}|${isnPairHash}`;
}

function isFuller(a: Exchange, b: Exchange): boolean {
  return a.requestBytes + a.responseBytes > b.requestBytes + b.responseBytes;
}

/** From the last byte of the request to the first of the response, at this tap: X. Below zero where the server was early. */
export function waitNs({ requestLastNs, responseFirstNs }: Exchange): number | null {
  return requestLastNs === null || responseFirstNs === null
    ? null
    : responseFirstNs - requestLastNs;
}
