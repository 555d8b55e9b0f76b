/**
 * Proxy edges below thread rules and PROXY headers, in the order of trust: request ids, first flights, byte
 * counters, times. A lower rung speaks only of what stays open; where it contradicts a higher one, the higher one
 * stands and the path says so.
 */
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Context, Evidence } from './evidence.ts';
import { indexExchanges } from './exchanges.ts';
import { inferredPairs } from './inferredPairs.ts';
import { type ProxyClaims, proxyClaims } from './proxyClaims.ts';
import { type ProxyEdge, proxyEdge } from './proxyEdge.ts';
import { type ProxyPlace, proxyPlaces } from './proxyPlaces.ts';
import { type ExchangePair, pairsByRequestId } from './requestIdEdges.ts';
import { tcpModeEdges } from './tcpModeEdges.ts';
import { isClaimed, type TimingPair, timePlace } from './timingEdges.ts';

export interface LowerEdges {
  /** To be added to the higher rungs' edges. */
  readonly edges: readonly ProxyEdge[];
  /** By outbound connection: why its cause stays open. */
  readonly open: ReadonlyMap<string, Warning>;
  /** By outbound connection: what paths over it have to say. */
  readonly remarks: ReadonlyMap<string, Warning>;
}

const NOTHING: LowerEdges = { edges: [], open: new Map(), remarks: new Map() };

export function lowerRungs(
  connections: readonly Connection[],
  evidence: Evidence,
  higher: readonly ProxyEdge[],
  context: Context,
): LowerEdges {
  const exchanges = evidence.exchanges ?? [];
  if (exchanges.length === 0) return NOTHING;
  const places = proxyPlaces(connections, indexExchanges(exchanges), context);
  const claimsOf = (lower: readonly ProxyEdge[]) =>
    proxyClaims(connections, evidence.proxyLinks, [...higher, ...lower]);
  const remarks = new Map<string, Warning>();
  const ids = pairsByRequestId(places, exchanges, connections);
  for (const [key, warning] of ids.retried) remarks.set(key, warning);
  const claims = claimsOf([]);
  const byId = [
    ...pairEdges(newPairs(ids.pairs, claims, remarks), 'A', 'requestId'),
    ...pairEdges(newPairs(ids.unstamped, claims, remarks), 'B', 'requestId'),
  ];
  const tcp = newConnections(tcpModeEdges(places), [...higher, ...byId], remarks);
  const higherClaims = claimsOf([...byId, ...tcp]);
  const timing = byTimes(wholePlaces(places, context), higherClaims);
  const told = inferredPairs(places, connections, evidence.inferredLinks ?? [], higherClaims);
  const edges = [...byId, ...tcp, ...timing.edges, ...inferredEdges(told)];
  const linked = new Set([...higher, ...edges].map((edge) => edge.outboundKey));
  const open = new Map([...timing.open, ...ids.repeated].filter(([key]) => !linked.has(key)));
  return { edges, open, remarks };
}

/** Pairs of which the upstream exchange is open; a claim that names another is a contradiction. */
function newPairs(
  pairs: readonly ExchangePair[],
  claims: ProxyClaims,
  remarks: Map<string, Warning>,
): ExchangePair[] {
  return pairs.filter(({ inbound, outbound }) => {
    const known = claims.of(outbound);
    const isSame = known.some(({ inboundKey }) => inboundKey === inbound.connectionKey);
    if (known.length > 0 && !isSame)
      remarks.set(outbound.connectionKey, contradiction('its request id', outbound.connectionKey));
    return known.length === 0;
  });
}

/** The same for edges between whole connections. */
function newConnections(
  edges: readonly ProxyEdge[],
  known: readonly ProxyEdge[],
  remarks: Map<string, Warning>,
): ProxyEdge[] {
  const causes = new Map<string, Set<string>>();
  for (const { inboundKey, outboundKey } of known)
    causes.set(outboundKey, (causes.get(outboundKey) ?? new Set()).add(inboundKey));
  return edges.filter(({ inboundKey, outboundKey, method }) => {
    const others = causes.get(outboundKey);
    if (others === undefined) return true;
    const what = method === 'firstFlight' ? 'its first flight' : 'the length of its streams';
    if (!others.has(inboundKey)) remarks.set(outboundKey, contradiction(what, outboundKey));
    return false;
  });
}

function byTimes(places: readonly ProxyPlace[], claims: ProxyClaims) {
  const open = new Map<string, Warning>();
  const edges = places.flatMap((place) => {
    const timing = timePlace(place, claims);
    if (timing === null) return [];
    const { refusal, pairs } = timing;
    for (const { connection } of place.outbound)
      open.set(connection.key, refusal ?? notSure(place));
    return inferredEdges(pairs.filter(isClaimed));
  });
  return { edges, open };
}

function inferredEdges(pairs: readonly TimingPair[]): ProxyEdge[] {
  const confidence = new Map<string, number>();
  for (const pair of pairs) {
    const key = edgeKey(pair);
    // Any of them being right makes the edge right; how they depend on one another is not known.
    confidence.set(key, Math.max(confidence.get(key) ?? 0, pair.confidence));
  }
  return pairEdges(pairs, 'C', 'timing').map((edge) => ({
    ...edge,
    confidence: confidence.get(`${edge.inboundKey}>${edge.outboundKey}`) ?? 0,
  }));
}

function wholePlaces(places: readonly ProxyPlace[], { hasWholeWindow, wholePlace }: Context) {
  return hasWholeWindow === true ? places : places.filter(({ key }) => key === wholePlace);
}

/** One edge for all requests that went from one connection to another. */
function pairEdges(
  pairs: readonly ExchangePair[],
  ...[edgeClass, method]: [ProxyEdge['edgeClass'], ProxyEdge['method']]
): ProxyEdge[] {
  const edges = new Map<string, ProxyEdge>();
  for (const pair of pairs) {
    const { inbound, outbound } = pair;
    const known = edges.get(edgeKey(pair));
    const bursts = [
      ...(known?.bursts ?? []),
      [inbound.record.burst, outbound.record.burst] as const,
    ];
    edges.set(edgeKey(pair), {
      ...proxyEdge({
        ...{ inboundKey: inbound.connectionKey, outboundKey: outbound.connectionKey },
        ...{ edgeClass, method, isProven: method === 'requestId' },
      }),
      requests: bursts.length,
      bursts,
    });
  }
  return [...edges.values()];
}

function edgeKey({ inbound, outbound }: ExchangePair): string {
  return `${inbound.connectionKey}>${outbound.connectionKey}`;
}

function contradiction(what: string, outboundKey: string): Warning {
  return {
    code: 'proxyLinkContradicted',
    text: `${what} names another request than the proxy's threads or its PROXY header do: these are believed`,
    subject: outboundKey,
  };
}

function notSure({ key }: ProxyPlace): Warning {
  return {
    code: 'timingNotConclusive',
    text: 'which request caused this connection is not inferred from times: several fit about as well',
    subject: key,
  };
}
