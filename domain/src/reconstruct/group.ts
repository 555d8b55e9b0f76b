/**
 * Step 2: legs of one TCP connection meet by the ISN pair, which NAT does not change.
 * A leg that saw no SYN-ACK knows the client's ISN only (32 bits); it joins a group with the same client
 * ISN when exactly one fits and their tuples chain, else it stays alone: never the nearest guess.
 */
import { isSameTuple, reverseTuple, type Tuple } from '../model/tuple.ts';
import type { Connection } from './connection.ts';
import type { Evidence, Leg, Refusal } from './evidence.ts';

export function group(evidence: Evidence): Connection[] {
  const paired = bucket(
    evidence.legs.filter((leg) => leg.isnPairHash !== null),
    (leg) => leg.isnPairHash ?? '',
  );
  const half = bucket(
    evidence.legs.filter((leg) => leg.isnPairHash === null && leg.clientIsnHash !== null),
    (leg) => leg.clientIsnHash ?? '',
  );
  const connections = [...paired].map(([pairHash, legs]) => {
    const late = legsThatFit(half, legs);
    return connectionOf(
      pairHash,
      pairHash,
      [...legs, ...late],
      late.length > 0 ? 'B' : 'A',
      evidence,
    );
  });
  const taken = new Set(connections.flatMap((connection) => connection.legs));
  const leftOver = [...half].flatMap(([clientHash, legs]) =>
    chains(legs.filter((leg) => !taken.has(leg))).map((chain, index) =>
      connectionOf(
        `c:${clientHash}${index === 0 ? '' : `:${index}`}`,
        null,
        chain,
        joinOf(chain),
        evidence,
      ),
    ),
  );
  return [...connections, ...leftOver].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function connectionOf(
  key: string,
  pairHash: string | null,
  legs: readonly Leg[],
  joinClass: 'A' | 'B',
  evidence: Evidence,
): Connection {
  const headers = evidence.proxyHeaders.filter((header) => header.isnPairHash === pairHash);
  return {
    key,
    pairHash,
    legs,
    refusal: firstRefusal(evidence.refusals, legs),
    proxyHeader: headers[0] ?? null,
    joinClass,
    warnings: [],
  };
}

/** A single leg joins nothing, so there is nothing to doubt. */
function joinOf(chain: readonly Leg[]): 'A' | 'B' {
  return chain.length === 1 ? 'A' : 'B';
}

/** The verdict of this attempt: same client ISN, and a tuple that one of its legs carried. */
function firstRefusal(refusals: readonly Refusal[], legs: readonly Leg[]): Refusal | null {
  const own = refusals.filter((refusal) =>
    legs.some(
      (leg) =>
        leg.clientIsnHash === refusal.clientIsnHash &&
        forms(leg).some((form) => isSameTuple(form, refusal.tuple)),
    ),
  );
  // Something that was seen outranks silence; then the earliest verdict.
  const rank = (refusal: Refusal) => (refusal.evidence === 'silence' ? 1 : 0);
  return (
    own.sort(
      (a, b) => rank(a) - rank(b) || a.startUs + a.afterNs / 1000 - (b.startUs + b.afterNs / 1000),
    )[0] ?? null
  );
}

function bucket(legs: readonly Leg[], keyOf: (leg: Leg) => string): Map<string, Leg[]> {
  const buckets = new Map<string, Leg[]>();
  for (const leg of legs) {
    const list = buckets.get(keyOf(leg));
    if (list === undefined) buckets.set(keyOf(leg), [leg]);
    else list.push(leg);
  }
  return buckets;
}

function legsThatFit(half: ReadonlyMap<string, Leg[]>, legs: readonly Leg[]): Leg[] {
  const clientHash = legs.find((leg) => leg.clientIsnHash !== null)?.clientIsnHash ?? '';
  return (half.get(clientHash) ?? []).filter((leg) => legs.some((other) => isChained(leg, other)));
}

/** Splits half-seen legs of one client ISN into sets whose tuples chain. */
function chains(legs: readonly Leg[]): Leg[][] {
  const sets: Leg[][] = [];
  for (const leg of legs) {
    const touching = sets.filter((set) => set.some((other) => isChained(leg, other)));
    const merged = [leg, ...touching.flat()];
    for (const set of touching) sets.splice(sets.indexOf(set), 1);
    sets.push(merged);
  }
  return sets;
}

/** Two legs can be one connection if some form of one's tuple (before or after NAT) is some form of the other's. */
function isChained(a: Leg, b: Leg): boolean {
  return forms(a).some((left) => forms(b).some((right) => isSameTuple(left, right)));
}

/** The tuple at the tap, and before and after this node's NAT. */
export function forms(leg: Leg): Tuple[] {
  return [
    leg.tuple,
    ...(leg.original === null ? [] : [leg.original]),
    ...(leg.reply === null ? [] : [reverseTuple(leg.reply)]),
  ];
}
