/**
 * Step 2: legs of one TCP connection meet.
 *
 *   by the ISN pair         NAT does not change sequence numbers: exact
 *   by the client's ISN     where no SYN-ACK was seen, or where a SYNPROXY answered with an ISN of its own:
 *                           only if the tuples chain too, and only if exactly one set fits
 *   by tuples alone         where no ISN is known: what one node sends is what the other receives
 *
 * More than one fit is no fit: the sets stay apart and say so. Never the nearest guess.
 */
import { tupleKey } from '../model/tuple.ts';
import { attacher, legsOfRefusals } from './attachments.ts';
import { chainSets } from './chainSets.ts';
import type { Connection } from './connection.ts';
import type { Evidence, Leg } from './evidence.ts';
import { bucketBy, formKeys, forms, partition } from './forms.ts';
import { clientHash, hasSharedTap, type Joined, tooMany } from './joined.ts';
import { repairProxiedHandshakes } from './proxiedHandshakes.ts';
import { compareShapes } from './shape.ts';

export function group(evidence: Evidence): Connection[] {
  const told = legsOfRefusals(evidence);
  const legs = told.length === 0 ? evidence.legs : [...evidence.legs, ...told];
  const [paired, rest] = partition(legs, (leg) => leg.isnPairHash !== null);
  const [half, withoutIsn] = partition(rest, (leg) => leg.clientIsnHash !== null);
  const bare = withoutIsn.length === 0 ? [] : withoutIsn.filter(isNewTo(paired));
  const byPair = [...bucketBy(paired, (leg) => leg.isnPairHash ?? '')].map(
    ([key, legs]): Joined => ({ key, pairHashes: [key], legs, joinClass: 'A', warnings: [] }),
  );
  const repaired = repairProxiedHandshakes(byPair);
  const { sets, leftOver, undecided } = adopt(repaired, half);
  const unanswered = [...bucketBy(leftOver, (leg) => leg.clientIsnHash ?? '')].flatMap(
    ([hash, legs]) =>
      chainSets(legs).map((chain) =>
        doubtful(looseSet(`c:${hash}:${smallestForm(chain)}`, chain), undecided),
      ),
  );
  const byTuple = chainSets(bare).flatMap(tupleSets);
  const attach = attacher(evidence);
  return [...sets, ...unanswered, ...byTuple].map(attach).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * One tap sees one connection once: twice means that a tuple was used again, and who belongs to whom is open. So it
 * is where two machines saw connections of unlike, or of unknown, course: a tuple lives for a second, clocks differ by more.
 */
function tupleSets(legs: readonly Leg[]): Joined[] {
  const [first] = legs;
  const isAlike =
    first !== undefined &&
    legs.every((leg) => leg.node === first.node || compareShapes(first, leg) === 'same');
  if (isAlike && !hasSharedTap(legs)) return [looseSet(`t:${smallestForm(legs)}`, legs)];
  return legs.map((leg): Joined => {
    const single = looseSet(`t:${smallestForm([leg])}@${leg.node}/${leg.bootId}/${leg.legId}`, [
      leg,
    ]);
    return { ...single, joinClass: 'D', warnings: [tooMany(single, legs.length)] };
  });
}

/** Names a set whatever the order in which its legs came. */
function smallestForm(legs: readonly Leg[]): string {
  return [...formKeys(legs)].sort()[0] ?? '';
}

/** A single leg joins nothing, so there is nothing to doubt. */
function looseSet(key: string, legs: readonly Leg[]): Joined {
  return { key, pairHashes: [], legs, joinClass: legs.length === 1 ? 'A' : 'B', warnings: [] };
}

/**
 * A leg that an agent found in conntrack when it started, of a connection that the agent before it had seen begin
 * and not end: it tells nothing new.
 */
function isNewTo(paired: readonly Leg[]): (bare: Leg) => boolean {
  const byPlace = bucketBy(
    paired.flatMap((leg) =>
      forms(leg).map((form) => ({ leg, key: `${leg.node}|${tupleKey(form)}` })),
    ),
    ({ key }) => key,
  );
  return (bare) => {
    const known = byPlace.get(`${bare.node}|${tupleKey(bare.tuple)}`) ?? [];
    return !known.some(({ leg }) => {
      const sinceUs = bare.startUs - leg.startUs;
      const isAlive = sinceUs >= 0 && (leg.endNs === null || sinceUs * 1000 <= leg.endNs);
      return leg.bootId !== bare.bootId && isAlive;
    });
  };
}

/** A leg that would fit into several sets belongs to one of them, and which is open. */
function doubtful(set: Joined, undecided: ReadonlyMap<Leg, number>): Joined {
  const count = Math.max(0, ...set.legs.map((leg) => undecided.get(leg) ?? 0));
  return count < 2 ? set : { ...set, joinClass: 'D', warnings: [tooMany(set, count)] };
}

/** Legs that saw no SYN-ACK join the one set with their client's ISN whose tuples chain with theirs. */
function adopt(sets: readonly Joined[], half: readonly Leg[]) {
  if (half.length === 0) return { sets, leftOver: [], undecided: new Map<Leg, number>() };
  const setsByForm = indexByForm(sets, new Set(half.map((leg) => leg.clientIsnHash)));
  const adopted = new Map<Joined, Leg[]>();
  const leftOver: Leg[] = [];
  const undecided = new Map<Leg, number>();
  for (const leg of half) {
    const keys = forms(leg).map((form) => `${leg.clientIsnHash}|${tupleKey(form)}`);
    const fitting = new Set(keys.flatMap((key) => setsByForm.get(key) ?? []));
    const [only] = fitting.size === 1 ? fitting : [];
    const known = only === undefined ? leftOver : adopted.get(only);
    if (fitting.size > 1) undecided.set(leg, fitting.size);
    if (known !== undefined) known.push(leg);
    else if (only !== undefined) adopted.set(only, [leg]);
  }
  const grown = sets.map((set) => {
    const more = adopted.get(set);
    return more === undefined
      ? set
      : { ...set, legs: [...set.legs, ...more], joinClass: 'B' as const };
  });
  return { sets: grown, leftOver, undecided };
}

/** Sets by client ISN and tuple, for those client ISNs that somebody asks for. */
function indexByForm(
  sets: readonly Joined[],
  wanted: ReadonlySet<string | null>,
): Map<string, Joined[]> {
  const entries = sets.flatMap((set) => {
    const hash = clientHash(set.legs);
    return wanted.has(hash)
      ? [...formKeys(set.legs)].map((form) => ({ key: `${hash}|${form}`, set }))
      : [];
  });
  const buckets = bucketBy(entries, ({ key }) => key);
  return new Map([...buckets].map(([key, list]) => [key, list.map(({ set }) => set)]));
}
