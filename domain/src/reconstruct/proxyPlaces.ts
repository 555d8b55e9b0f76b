/**
 * Where proxies stand: a place at which connections end and others begin, a Pod or a host. What one machine
 * stamped there was stamped by one clock, so an upstream exchange either lies inside a client's or it does not.
 */
import { STAMP_ERRORS } from '../clock/stampErrors.ts';
import type { Connection } from './connection.ts';
import type { Context, Exchange, Leg } from './evidence.ts';
import type { ExchangeIndex } from './exchanges.ts';
import { isAddressOf } from './stops.ts';

/** One exchange at the proxy. Times in ns of the place's clock, null where another machine stamped it. */
export interface PlacedExchange {
  /** `connection key#burst`. */
  readonly id: string;
  readonly connectionKey: string;
  readonly isnPairHash: string;
  readonly record: Exchange;
  readonly requestNs: number | null;
  readonly responseNs: number | null;
}

export interface PlacedConnection {
  readonly connection: Connection;
  /** By the place's clock; null: seen from another machine only. */
  readonly openedNs: number | null;
  readonly endedNs: number | null;
  /** By their offset in the stream. */
  readonly exchanges: readonly PlacedExchange[];
}

export interface ProxyPlace {
  readonly key: string;
  readonly inbound: readonly PlacedConnection[];
  readonly outbound: readonly PlacedConnection[];
}

/** Stamps of one clock: their order is sure beyond this. */
export const ORDER_SLACK_NS = 2 * STAMP_ERRORS.tap.boundNs;

/** Places at which something ends and something begins, in the order of their keys. */
export function proxyPlaces(
  connections: readonly Connection[],
  exchanges: ExchangeIndex,
  context: Context,
): ProxyPlace[] {
  const ends = bucket(connections, ({ legs }) => [legs.at(-1), endPlace], context);
  const starts = bucket(connections, ({ legs }) => [legs[0], startPlace], context);
  return [...ends].sort(byKey).flatMap(([key, inbound]) => {
    const outbound = starts.get(key);
    if (outbound === undefined) return [];
    const baseUs = Math.min(...[...inbound, ...outbound].map(({ leg }) => leg.startUs));
    const place = (end: ConnectionEnd) => placed(end, exchanges, baseUs);
    return [{ key, inbound: inbound.map(place), outbound: outbound.map(place) }];
  });
}

interface ConnectionEnd {
  readonly connection: Connection;
  /** The tap nearest to the proxy's socket. */
  readonly leg: Leg;
  readonly standing: Standing;
}

/** At which place a connection ends or begins, as one of its legs tells; null: at none that is known. */
export interface Standing {
  /** Key of the place. */
  readonly place: string;
  /** False: another machine's stamps, which tell nothing of what lies inside what. */
  readonly isSameClock: boolean;
}

/** Of the last leg of a connection. Of any other it is a guess that may name a place too many, and never one too few. */
export function endPlace(leg: Leg, context: Context): Standing | null {
  const { role, synDirection } = leg.tap;
  const { ip } = leg.reply?.src ?? leg.tuple.dst;
  const isPod =
    (role === 'pod' && synDirection === 'rx') || (role === 'podVeth' && synDirection === 'tx');
  if (isPod) return here(leg, leg.tuple.dst.ip);
  const isHost = synDirection === 'rx' && isAddressOf(context, leg.node, ip);
  return isHost ? here(leg, '') : fromAfar(leg, ip, context);
}

/** The same of the first leg. */
export function startPlace(leg: Leg, context: Context): Standing | null {
  const { role, synDirection } = leg.tap;
  const { ip } = leg.tuple.src;
  const isPod =
    (role === 'pod' && synDirection === 'tx') || (role === 'podVeth' && synDirection === 'rx');
  if (isPod) return here(leg, ip);
  // A source that conntrack rewrote is somebody else's.
  if (leg.original !== null && leg.original.src.ip !== ip) return null;
  const isHost = synDirection === 'tx' && isAddressOf(context, leg.node, ip);
  return isHost ? here(leg, '') : fromAfar(leg, ip, context);
}

function here(leg: Leg, ip: string): Standing {
  return { place: `${leg.node}|${ip}`, isSameClock: true };
}

/** The proxy's own tap is silent; the address says whose connection it is. A tap of the same machine has its clock. */
function fromAfar(leg: Leg, ip: string, context: Context): Standing | null {
  const node = context.topology.podByIp.get(ip)?.node ?? null;
  return node === null ? null : { place: `${node}|${ip}`, isSameClock: node === leg.node };
}

function placed(
  { connection, leg, standing: { isSameClock } }: ConnectionEnd,
  exchanges: ExchangeIndex,
  baseUs: number,
): PlacedConnection {
  const at = (startUs: number, ns: number | null) =>
    ns === null || !isSameClock ? null : (startUs - baseUs) * 1000 + ns;
  const isnPairHash = leg.isnPairHash ?? '';
  const seen = [...exchanges.at(leg).values()].sort((a, b) => a.requestOffset - b.requestOffset);
  return {
    connection,
    openedNs: at(leg.startUs, leg.synNs),
    endedNs: at(leg.startUs, leg.endNs),
    exchanges: seen.map((record): PlacedExchange => {
      const requestNs = at(record.startUs, record.requestFirstNs);
      return {
        id: `${connection.key}#${record.burst}`,
        connectionKey: connection.key,
        isnPairHash,
        record,
        requestNs,
        responseNs: at(record.startUs, record.responseFirstNs),
      };
    }),
  };
}

/** The upstream exchange began after the client's and was answered before it. False where a stamp is missing. */
export function isWithin(inner: PlacedExchange, outer: PlacedExchange): boolean {
  const began =
    outer.requestNs !== null && (inner.requestNs ?? Number.NaN) >= outer.requestNs - ORDER_SLACK_NS;
  const ended =
    inner.responseNs !== null &&
    inner.responseNs <= (outer.responseNs ?? Number.NaN) + ORDER_SLACK_NS;
  return began && ended;
}

/** Both have all stamps, of one clock. */
export function isComparable(a: PlacedExchange, b: PlacedExchange): boolean {
  return [a, b].every(({ requestNs, responseNs }) => requestNs !== null && responseNs !== null);
}

/** The upstream connection was opened while the client's was open. False where that was not seen. */
export function isOpenedDuring(inner: PlacedConnection, outer: PlacedConnection): boolean {
  if (inner.openedNs === null || outer.openedNs === null) return false;
  return (
    inner.openedNs >= outer.openedNs - ORDER_SLACK_NS &&
    (outer.endedNs === null || inner.openedNs <= outer.endedNs + ORDER_SLACK_NS)
  );
}

function bucket(
  connections: readonly Connection[],
  nearest: (connection: Connection) => [Leg | undefined, typeof endPlace],
  context: Context,
): Map<string, ConnectionEnd[]> {
  const buckets = new Map<string, ConnectionEnd[]>();
  for (const connection of connections) {
    const [leg, placeOf] = nearest(connection);
    if (leg === undefined || leg.isnPairHash === null) continue;
    const standing = placeOf(leg, context);
    if (standing === null) continue;
    const known = buckets.get(standing.place);
    const end = { connection, leg, standing };
    if (known === undefined) buckets.set(standing.place, [end]);
    else known.push(end);
  }
  for (const list of buckets.values())
    list.sort((a, b) => (a.connection.key < b.connection.key ? -1 : 1));
  return buckets;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
