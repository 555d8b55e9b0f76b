/**
 * Rungs 4 and 5: a proxy that passes bytes on as they are (TCP mode) leaves the first flight and the lengths of
 * both streams unchanged, but for a PROXY header of its own.
 */
import { type ProxyEdge, proxyEdge } from './proxyEdge.ts';
import { isOpenedDuring, isWithin, type PlacedConnection, type ProxyPlace } from './proxyPlaces.ts';

/** Edges between whole connections. Nothing is said where a second candidate fits as well. */
export function tcpModeEdges(places: readonly ProxyPlace[]): ProxyEdge[] {
  const flights = places.flatMap(firstFlightEdges);
  const known = new Set(flights.map((edge) => edge.outboundKey));
  const counted = places.flatMap(byteCounterEdges).filter((edge) => !known.has(edge.outboundKey));
  return [...flights, ...counted];
}

/**
 * A ClientHello's random is nobody else's: class A. Plain requests may be equal, so they are believed only where
 * the first exchange was as long in both directions, and then as class B.
 */
function firstFlightEdges({ inbound, outbound }: ProxyPlace): ProxyEdge[] {
  return matches(inbound, outbound, flightOf).map(([into, out]) => {
    const isTls = into.exchanges[0]?.record.protocol === 'tls';
    return proxyEdge({
      ...{ inboundKey: into.connection.key, outboundKey: out.connection.key },
      ...{ edgeClass: isTls ? 'A' : 'B', method: 'firstFlight', isProven: true },
    });
  });
}

function flightOf({ exchanges }: PlacedConnection): string | null {
  const record = exchanges[0]?.record;
  if (record === undefined || record.burst !== 1 || record.firstFlightHash === null) return null;
  if (record.protocol === 'tls') return `tls ${record.firstFlightHash}`;
  return record.responseBytes === 0
    ? null
    : `${record.firstFlightHash} ${record.requestBytes} ${record.responseBytes}`;
}

/** Below this chance that two connections have equal lengths by accident, equal lengths are evidence. */
const MAX_ERROR = 1e-2;

function byteCounterEdges({ inbound, outbound }: ProxyPlace): ProxyEdge[] {
  const lengths = inbound.flatMap((each) => lengthsOf(each) ?? []);
  const twins = lengths.length - new Set(lengths).size;
  const pairs = (lengths.length * (lengths.length - 1)) / 2;
  // Never seen is not impossible: as if one pair in a hundred more were equal.
  const twinChance = (twins + 1) / (pairs + 100);
  return matches(inbound, outbound, lengthsOf).flatMap(([into, out]) => {
    const others = inbound.filter((each) => each !== into && isOpenedDuring(out, each)).length;
    return twinChance * Math.max(1, others) > MAX_ERROR
      ? []
      : [
          proxyEdge({
            ...{ inboundKey: into.connection.key, outboundKey: out.connection.key },
            ...{ edgeClass: 'B', method: 'byteCounters', isProven: false },
          }),
        ];
  });
}

/** Length of both streams of a connection that has ended, without a PROXY header; null: not known to the end. */
function lengthsOf({ connection, exchanges }: PlacedConnection): string | null {
  const isEnded = connection.legs.some((leg) => leg.end === 'fin' || leg.end === 'reset');
  const [first, last] = [exchanges[0]?.record, exchanges.at(-1)?.record];
  if (!isEnded || first === undefined || last === undefined || first.burst !== 1) return null;
  const hasAll = last.burst === exchanges.length && last.responseBytes > 0;
  const toServer = last.requestOffset + last.requestBytes - first.requestOffset;
  return hasAll ? `${toServer} ${last.responseOffset + last.responseBytes}` : null;
}

/** Pairs with an equal value of which each is the other's only one, one opened while the other was open. */
function matches(
  inbound: readonly PlacedConnection[],
  outbound: readonly PlacedConnection[],
  lengthOrFlight: (connection: PlacedConnection) => string | null,
): [PlacedConnection, PlacedConnection][] {
  const [causes, effects] = [byValue(inbound, lengthOrFlight), byValue(outbound, lengthOrFlight)];
  return [...causes].flatMap(
    ([value, [into, ...twins]]): [PlacedConnection, PlacedConnection][] => {
      const [out, ...others] = effects.get(value) ?? [];
      if (into === undefined || out === undefined || twins.length + others.length > 0) return [];
      return isOpenedDuring(out, into) && isFirstWithin(out, into) ? [[into, out]] : [];
    },
  );
}

function byValue(
  connections: readonly PlacedConnection[],
  lengthOrFlight: (connection: PlacedConnection) => string | null,
): Map<string, PlacedConnection[]> {
  const buckets = new Map<string, PlacedConnection[]>();
  for (const connection of connections) {
    const value = lengthOrFlight(connection);
    if (value === null) continue;
    const known = buckets.get(value);
    if (known === undefined) buckets.set(value, [connection]);
    else known.push(connection);
  }
  return buckets;
}

/** Bytes that are passed on leave after they came. */
function isFirstWithin(out: PlacedConnection, into: PlacedConnection): boolean {
  const [inner, outer] = [out.exchanges[0], into.exchanges[0]];
  return inner !== undefined && outer !== undefined && isWithin(inner, outer);
}
