/**
 * Rung 2: one request id on both sides of a proxy. Exact where one request of the whole window carried it: a
 * client may send the same id with everything, and may repeat a request. Ids of equal requests prove nothing.
 */
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './evidence.ts';
import { bucketBy } from './forms.ts';
import { isComparable, isWithin, type PlacedExchange, type ProxyPlace } from './proxyPlaces.ts';

export interface ExchangePair {
  readonly inbound: PlacedExchange;
  readonly outbound: PlacedExchange;
}

export interface IdPairs {
  /** The proxy's clock shows that one lies inside the other. */
  readonly pairs: readonly ExchangePair[];
  /** Stamps of the proxy are missing: the id alone speaks. */
  readonly unstamped: readonly ExchangePair[];
  /** By the key of the outbound connection: its id is no id. */
  readonly repeated: ReadonlyMap<string, Warning>;
  /** By the key of an outbound connection of a request that the proxy sent more than once. */
  readonly retried: ReadonlyMap<string, Warning>;
}

export function pairsByRequestId(
  places: readonly ProxyPlace[],
  all: readonly Exchange[],
  connections: readonly Connection[],
): IdPairs {
  const origins = originsById(places, all, connections);
  const pairs: ExchangePair[] = [];
  const unstamped: ExchangePair[] = [];
  const repeated = new Map<string, Warning>();
  const retried = new Map<string, Warning>();
  for (const { key, inbound, outbound } of places) {
    const causes = bucketBy(withId(inbound), (each) => idOf(each.record) ?? '');
    for (const [id, effects] of bucketBy(withId(outbound), (each) => idOf(each.record) ?? '')) {
      const own = causes.get(id) ?? [];
      const cause = own[0];
      if (cause === undefined) continue;
      const count = Math.max(own.length, origins.get(id)?.size ?? 0);
      if (count > 1) {
        for (const { connectionKey } of effects) repeated.set(connectionKey, repeats(key, count));
        continue;
      }
      const within = effects.filter((each) => isWithin(each, cause));
      const blind = effects.filter((each) => !isComparable(each, cause));
      pairs.push(...within.map((each) => ({ inbound: cause, outbound: each })));
      unstamped.push(...blind.map((each) => ({ inbound: cause, outbound: each })));
      if (within.length + blind.length < 2) continue;
      for (const { connectionKey } of [...within, ...blind])
        retried.set(connectionKey, retry(key, within.length + blind.length));
    }
  }
  return { pairs, unstamped, repeated, retried };
}

function withId(connections: ProxyPlace['inbound']): PlacedExchange[] {
  return connections.flatMap(({ exchanges }) =>
    exchanges.filter(({ record }) => idOf(record) !== null),
  );
}

export function idOf({ requestIdHash, traceIdHash }: Exchange): string | null {
  return requestIdHash ?? traceIdHash;
}

/** Requests that carried the id where no proxy here sent it on: more than one, and somebody repeats it. */
function originsById(
  places: readonly ProxyPlace[],
  all: readonly Exchange[],
  connections: readonly Connection[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const forwarded = new Set(
    places.flatMap(({ outbound }) =>
      outbound.flatMap(({ connection }) => [...connection.pairHashes]),
    ),
  );
  // A connection across a SYNPROXY has a hash on either side of it, and is one all the same.
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const origins = new Map<string, Set<string>>();
  for (const exchange of all) {
    const id = idOf(exchange);
    if (id === null || forwarded.has(exchange.isnPairHash)) continue;
    const known = origins.get(id) ?? new Set();
    const { isnPairHash, burst } = exchange;
    origins.set(id, known.add(`${keyOf.get(isnPairHash) ?? isnPairHash}#${burst}`));
  }
  return origins;
}

function repeats(place: string, count: number): Warning {
  return {
    code: 'requestIdRepeated',
    text: `${count} requests carried the same request id: it does not tell which of them caused this connection`,
    subject: place,
  };
}

function retry(place: string, count: number): Warning {
  return {
    code: 'requestRetried',
    text: `the proxy sent this request ${count} times: every attempt is a path of its own`,
    subject: place,
  };
}
