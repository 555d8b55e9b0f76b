/**
 * Step 5: two connections that are one, with a firewall in between that draws sequence numbers of its own.
 *
 *   … lb ──(c1, s1)──► [firewall] ──(c2, s2)──► node …      the tuple is the same on both sides
 *
 * Joined where nothing else fits: the tuple ends here and begins there, nobody else carries it, a router lies
 * between, the handshakes nest and the rest took the same course. Strong, not proven: the path is not complete.
 */
import { type Tuple, tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import { tupleSent } from './agree.ts';
import { type Connection, legSubject, toClientNs, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';
import { bucketBy, formKeys } from './forms.ts';
import { compareShapes } from './shape.ts';

interface End {
  readonly connection: Connection;
  readonly leg: Leg;
  readonly key: string;
}

export function bridge(connections: readonly Connection[]): Connection[] {
  const ends = connections.flatMap(danglingEnd);
  const starts = bucketBy(connections.flatMap(danglingStart), ({ key }) => key);
  const endsByTuple = bucketBy(ends, ({ key }) => key);
  const candidates = ends.flatMap((end) => {
    const [start, ...more] = starts.get(end.key) ?? [];
    const isOnly = more.length === 0 && endsByTuple.get(end.key)?.length === 1;
    return start !== undefined && isOnly && isThrough(end.leg, start.leg) ? [{ end, start }] : [];
  });
  if (candidates.length === 0) return [...connections];
  const carriers = carriersOf(connections, new Set(candidates.map(({ end }) => end.key)));
  const bridged = candidates.filter(({ end }) => carriers.get(end.key) === 2);
  const behind = new Map(bridged.map(({ end, start }) => [end.connection, start.connection]));
  const absorbed = new Set(behind.values());
  return connections.flatMap((connection) => {
    const next = behind.get(connection);
    // A connection that is itself behind a break is not joined on: two breaks in a row are not told apart.
    if (absorbed.has(connection)) return next === undefined ? [] : [connection];
    return next === undefined || behind.has(next) ? [connection] : [joined(connection, next)];
  });
}

/** What left the last machine that was seen, and did not arrive anywhere that is known. */
function danglingEnd(connection: Connection): End[] {
  const leg = connection.legs.at(-1);
  if (leg === undefined || connection.joinClass === 'D' || leg.tap.synDirection !== 'tx') return [];
  if (leg.tap.role !== 'uplink' || leg.isnPairHash === null) return [];
  const sent: Tuple | null = tupleSent(leg);
  return sent === null ? [] : [{ connection, leg, key: tupleKey(sent) }];
}

/** What came into the first machine that was seen. */
function danglingStart(connection: Connection): End[] {
  const leg = connection.legs[0];
  if (leg === undefined || connection.joinClass === 'D' || leg.tap.synDirection !== 'rx') return [];
  if (leg.tap.role !== 'uplink' || leg.isnPairHash === null) return [];
  return [{ connection, leg, key: tupleKey(leg.tuple) }];
}

function isThrough(end: Leg, start: Leg): boolean {
  const [endServerNs, startServerNs] = [toServerNs(end), toServerNs(start)];
  const [endClientNs, startClientNs] = [toClientNs(end), toClientNs(start)];
  if (endServerNs === null || startServerNs === null) return false;
  if (endClientNs === null || startClientNs === null) return false;
  return (
    end.node !== start.node &&
    end.clientIsnHash !== start.clientIsnHash &&
    start.synTtl < end.synTtl &&
    endServerNs > startServerNs &&
    endClientNs < startClientNs &&
    compareShapes(end, start) === 'same'
  );
}

/** How many connections carry each of these tuples, at any tap and before or after any NAT. */
function carriersOf(
  connections: readonly Connection[],
  wanted: ReadonlySet<string>,
): Map<string, number> {
  const carriers = new Map<string, number>();
  for (const { legs } of connections) {
    for (const key of formKeys(legs))
      if (wanted.has(key)) carriers.set(key, (carriers.get(key) ?? 0) + 1);
  }
  return carriers;
}

function joined(front: Connection, back: Connection): Connection {
  return {
    ...front,
    pairHashes: [...front.pairHashes, ...back.pairHashes],
    legs: [...front.legs, ...back.legs],
    refusal: front.refusal ?? back.refusal,
    proxyHeader: front.proxyHeader ?? back.proxyHeader,
    joinClass: 'B',
    isBridged: true,
    warnings: [...front.warnings, ...back.warnings, isnBreak(front, back)],
  };
}

function isnBreak(front: Connection, back: Connection): Warning {
  const [end, start] = [front.legs.at(-1) as Leg, back.legs[0] as Leg];
  return {
    code: 'isnBreak',
    text: `between ${end.node} and ${start.node} something (a firewall that randomises sequence numbers) draws numbers of its own; both sides were joined by their addresses, which is strong but no proof`,
    subject: legSubject(start),
  };
}
