/**
 * Step 3: legs in the order in which the SYN passed them.
 *
 *   tap 1  SYN ──────────────── SYN-ACK      The handshake seen further along nests inside the one seen
 *   tap 2     SYN ────────── SYN-ACK         before it, whatever the clocks say; and every router takes
 *   tap 3        SYN ──── SYN-ACK            one from the TTL. The first orders, the second is the veto.
 */
import { isSameTuple, tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import { type Connection, legSubject, toClientNs, toServerNs } from './connection.ts';
import type { Leg } from './evidence.ts';
import { bucketBy, isChained } from './forms.ts';
import { tupleRanks } from './tupleRanks.ts';

/** S' may seem negative by the error of four stamps and by a delayed ACK; beyond this it refutes the join. */
const PHYSICS_MARGIN_NS = 50_000;

export function order(connections: readonly Connection[]): Connection[] {
  return connections.flatMap((connection) => splitAtVeto(sortLegs(connection)));
}

function sortLegs(connection: Connection): Connection {
  return plainlySorted(connection) ?? sortedByParts(connection);
}

/** One handshake, seen once and answered at every tap, and no TTL that rises: nearly all. Null for any other. */
function plainlySorted(connection: Connection): Connection | null {
  const [first] = connection.legs;
  for (const leg of connection.legs) {
    if (leg.isnPairHash !== first?.isnPairHash) return null;
    if (leg.synAckNs === null || leg.synCount > 1) return null;
  }
  const legs = [...connection.legs].sort(byNesting);
  for (let index = 1; index < legs.length; index++)
    if ((legs[index]?.synTtl ?? 0) > (legs[index - 1]?.synTtl ?? 0)) return null;
  return { ...connection, legs };
}

function sortedByParts(connection: Connection): Connection {
  const ranks = rankOf(connection.legs);
  const parts = handshakes(connection.legs, ranks).map((legs) => sortHandshake(legs, ranks));
  const opened = parts.flatMap((legs) => openedAnew(legs, ranks));
  const warnings = parts.flatMap((legs) => ttlWarnings(legs, opened));
  return {
    ...connection,
    legs: parts.flat(),
    joinClass: warnings.length > 0 ? 'D' : connection.joinClass,
    warnings: [...connection.warnings, ...warnings, ...opened.map(openedWarning)],
  };
}

/** How far from the client a leg's tuple is, by what conntrack made of which; 0 for all where that is open. */
type RankOf = (leg: Leg) => number;

function rankOf(legs: readonly Leg[]): RankOf {
  // One handshake, answered everywhere: nothing has to be placed.
  const [first] = legs;
  const isPlain = (leg: Leg) => toServerNs(leg) !== null && leg.isnPairHash === first?.isnPairHash;
  if (legs.every(isPlain)) return () => 0;
  const ranks = tupleRanks(legs);
  return (leg) => ranks.get(tupleKey(leg.tuple)) ?? 0;
}

/** Behind a SYNPROXY a second handshake begins once the client has finished the first: it comes after it as a whole. */
function handshakes(legs: readonly Leg[], rank: RankOf): Leg[][] {
  const byPair = bucketBy(legs, (leg) => leg.isnPairHash ?? '');
  const pairs = [...byPair].filter(([pairHash]) => pairHash !== '');
  if (pairs.length < 2) return [[...legs]];
  const parts = pairs.map(([, list]) => list).sort(byStart(rank));
  const unanswered = byPair.get('') ?? [];
  const places = unanswered.map((leg) => placeOf(leg, parts, rank));
  return parts.map((part, index) => [
    ...part,
    ...unanswered.filter((_, at) => places[at] === index),
  ]);
}

/**
 * The handshake to which a leg belongs that saw no answer: the one that carried its tuple; else the last one that
 * begins no further from the client; else any whose NAT knows its tuple; else the last.
 */
function placeOf(leg: Leg, parts: readonly Leg[][], rank: RankOf): number {
  const same = parts.findIndex((part) => part.some((each) => isSameTuple(each.tuple, leg.tuple)));
  if (same !== -1) return same;
  const firstRanks = parts.map((part) => Math.min(...part.map(rank)));
  if (firstRanks.some((first) => first > 0))
    return Math.max(
      0,
      firstRanks.findLastIndex((first) => first <= rank(leg)),
    );
  const chained = parts.findIndex((part) => isChained(part, [leg]));
  return chained === -1 ? parts.length - 1 : chained;
}

/**
 * Legs that a handshake of their own must have reached: conntrack says that they follow, the TTL is no smaller for it,
 * and of the two only one saw an answer. A SYNPROXY whose other handshake nobody saw answered.
 */
function openedAnew(legs: readonly Leg[], rank: RankOf): Leg[] {
  return legs.filter((leg, index) => {
    const before = legs[index - 1];
    return (
      before !== undefined &&
      leg.synTtl > before.synTtl &&
      rank(leg) > rank(before) &&
      (leg.isnPairHash === null) !== (before.isnPairHash === null)
    );
  });
}

/**
 * By what conntrack made of which; else by the clock of a node that saw both, else by what only the second one can
 * show; last by all clocks and TTL.
 */
function byStart(rank: RankOf): (a: readonly Leg[], b: readonly Leg[]) => number {
  return (a, b) => {
    const ranks = Math.min(...a.map(rank)) - Math.min(...b.map(rank));
    if (ranks !== 0) return ranks;
    const shared = a.find((leg) => b.some((other) => other.node === leg.node))?.node;
    const reach = shared === undefined ? Number(hasArrived(a, b)) - Number(hasArrived(b, a)) : 0;
    if (reach !== 0) return reach;
    const startUs = (list: readonly Leg[]) =>
      Math.min(
        ...list.flatMap((leg) => (shared === undefined || leg.node === shared ? leg.startUs : [])),
      );
    const ttl = (list: readonly Leg[]) => Math.max(...list.map((leg) => leg.synTtl));
    return startUs(a) - startUs(b) || ttl(b) - ttl(a);
  };
}

/** It reaches a Pod, or the other handshake's tuple is what it was before its NAT. */
function hasArrived(legs: readonly Leg[], others: readonly Leg[]): boolean {
  return legs.some(
    ({ tap, tuple, original }) =>
      (tap.role === 'pod' && tap.synDirection === 'rx') ||
      (tap.role === 'podVeth' && tap.synDirection === 'tx') ||
      (original !== null &&
        !isSameTuple(original, tuple) &&
        others.some((other) => isSameTuple(other.tuple, original))),
  );
}

function sortHandshake(legs: readonly Leg[], rank: RankOf): Leg[] {
  return [...legs].sort(orderOf(legs, rank));
}

/**
 * The time to the server, else the time to the client, else what conntrack made of which, and the TTL. A repeated SYN
 * puts a second into the time to the server, in which two clocks drift further apart than two taps are: then the way
 * back orders.
 */
function orderOf(legs: readonly Leg[], rank: RankOf): (a: Leg, b: Leg) => number {
  const isRepeated = legs.some((leg) => leg.synCount > 1);
  if (!isRepeated && legs.every((leg) => toServerNs(leg) !== null)) return byNesting;
  if (isRepeated && legs.every((leg) => toClientNs(leg) !== null)) return byReturn;
  return (a, b) => rank(a) - rank(b) || byTtl(a, b);
}

/**
 * The way back nests the other way round: the time to the client must grow from leg to leg. Where it falls,
 * one leg is not of this connection; both parts are kept, neither is believed.
 */
function splitAtVeto(connection: Connection): Connection[] {
  let worstNs = 0;
  let cut = 0;
  for (let index = 1; index < connection.legs.length; index++) {
    const fallNs = fallBetween(connection.legs[index - 1] as Leg, connection.legs[index] as Leg);
    if (fallNs <= worstNs) continue;
    worstNs = fallNs;
    cut = index;
  }
  if (worstNs <= PHYSICS_MARGIN_NS) return [connection];
  const warning = {
    code: 'impossibleTimes',
    text: `what ${legSubject(connection.legs[cut] as Leg)} saw cannot come after ${legSubject(connection.legs[cut - 1] as Leg)} in one connection (${Number.isFinite(worstNs) ? `${Math.round(worstNs / 1000)} µs less than nothing` : 'it had arrived in a Pod'}): it is cut there`,
    subject: legSubject(connection.legs[cut] as Leg),
  };
  const part = (legs: readonly Leg[], suffix: string): Connection => ({
    ...connection,
    key: `${connection.key}${suffix}`,
    pairHashes: suffix === '' ? connection.pairHashes : [],
    legs,
    joinClass: 'D',
    warnings: [...connection.warnings, warning],
  });
  return [part(connection.legs.slice(0, cut), ''), part(connection.legs.slice(cut), '/cut')];
}

/** By how much the time to the client falls; infinite where no packet goes on. */
function fallBetween(before: Leg, leg: Leg): number {
  if (isBehindSocket(before, leg)) return Number.POSITIVE_INFINITY;
  const [a, b] = [toClientNs(before), toClientNs(leg)];
  const isSeam = before.isnPairHash !== leg.isnPairHash;
  return a === null || b === null || isSeam ? 0 : a - b;
}

/** What has entered a Pod only goes on if the Pod itself sends it on (a Pod that forwards, such as a ServiceLB). */
function isBehindSocket(before: Leg, leg: Leg): boolean {
  const hasArrived = before.tap.role === 'pod' && before.tap.synDirection === 'rx';
  const goesOn =
    leg.node === before.node && leg.tap.role === 'pod' && leg.tap.synDirection === 'tx';
  return hasArrived && !goesOn;
}

function byReturn(a: Leg, b: Leg): number {
  return (toClientNs(a) ?? 0) - (toClientNs(b) ?? 0) || byTtl(a, b);
}

function byNesting(a: Leg, b: Leg): number {
  return (toServerNs(b) ?? 0) - (toServerNs(a) ?? 0) || byTtl(a, b);
}

/** A packet leaves one machine and reaches the next with the same TTL: at equal TTL, tx comes before rx. */
function byTtl(a: Leg, b: Leg): number {
  return (
    b.synTtl - a.synTtl ||
    (a.tap.synDirection === b.tap.synDirection ? 0 : a.tap.synDirection === 'tx' ? -1 : 1) ||
    a.startUs - b.startUs ||
    (legSubject(a) < legSubject(b) ? -1 : 1)
  );
}

function ttlWarnings(legs: readonly Leg[], opened: readonly Leg[]): Warning[] {
  return legs.flatMap((leg, index) => {
    const before = legs[index - 1];
    if (before === undefined || leg.synTtl <= before.synTtl || opened.includes(leg)) return [];
    return [
      {
        code: 'orderDisagrees',
        text: `the handshake times put ${legSubject(leg)} behind ${legSubject(before)}, the TTL (${leg.synTtl} after ${before.synTtl}) says otherwise`,
        subject: legSubject(leg),
      },
    ];
  });
}

function openedWarning(leg: Leg): Warning {
  return {
    code: 'synproxy',
    text: `before ${legSubject(leg)} something (SYNPROXY) opened the connection anew: the TTL begins again there, and the other handshake was not seen answered; round trips across it are not comparable`,
    subject: legSubject(leg),
  };
}
