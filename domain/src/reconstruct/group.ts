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
import type { Warning } from '../rest/path.ts';
import { chainSets } from './chainSets.ts';
import { type Connection, legSubject } from './connection.ts';
import type { Evidence, Leg, ProxyHeader, Refusal } from './evidence.ts';
import { bucketBy, formKeys, forms, isChained, partition } from './forms.ts';
import { compareShapes } from './shape.ts';

interface Joined {
  readonly key: string;
  readonly pairHashes: readonly string[];
  readonly legs: readonly Leg[];
  readonly joinClass: 'A' | 'B' | 'D';
  readonly warnings: readonly Warning[];
}

export function group(evidence: Evidence): Connection[] {
  const legs = [...evidence.legs, ...legsOfRefusals(evidence)];
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

function hasSharedTap(legs: readonly Leg[]): boolean {
  const taps = legs.map(
    ({ node, tap, tuple }) =>
      `${node}|${tap.netns}|${tap.ifindex}|${tap.synDirection}|${tupleKey(tuple)}`,
  );
  return new Set(taps).size < taps.length;
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
 * SYNPROXY answers the client with an ISN of its own and then opens the real connection with the client's:
 *
 *   client ──(c, s1)── node ──(c, s2)── Pod        one connection, two ISN pairs, tuples chained by NAT
 */
function repairProxiedHandshakes(sets: readonly Joined[]): Joined[] {
  const byClient = bucketBy(sets, (set) => clientHash(set.legs) ?? set.key);
  return [...byClient.values()].flatMap((same) => {
    const [a, b] = same;
    if (a === undefined || b === undefined || !isChained(a.legs, b.legs)) return same;
    // A tap that saw both handshakes saw two connections.
    if (hasSharedTap([...a.legs, ...b.legs]) || !isOneAfterOther(a.legs, b.legs)) return same;
    if (same.length > 2)
      return same.map((set) => ({ ...set, warnings: [tooMany(set, same.length)] }));
    const pairHashes = [a.key, b.key].sort();
    return [
      {
        key: pairHashes[0] ?? a.key,
        pairHashes,
        legs: [...a.legs, ...b.legs],
        joinClass: 'B' as const,
        warnings: [synproxy(a)],
      },
    ];
  });
}

/** The proxy opens the second handshake once the first is done and while its connection lives, by a clock that saw both. */
function isOneAfterOther(a: readonly Leg[], b: readonly Leg[]): boolean {
  return a.every((one) =>
    b.every((other) => {
      if (one.node !== other.node) return true;
      const [front, back] = startNs(one, one) <= startNs(other, one) ? [one, other] : [other, one];
      const backNs = startNs(back, front);
      return backNs >= (front.ackNs ?? 0) && backNs <= (front.endNs ?? Number.POSITIVE_INFINITY);
    }),
  );
}

/** When a leg's SYN passed, on the scale of the stamps of `origin`, a leg of the same node. */
function startNs(leg: Leg, origin: Leg): number {
  return (leg.startUs - origin.startUs) * 1000 + leg.synNs;
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

/** A refusal whose leg was lost still says which SYN came where: the verdict must not be lost with it. */
function legsOfRefusals({ legs, refusals }: Evidence): Leg[] {
  if (refusals.length === 0) return [];
  const known = new Set(
    legs.flatMap((leg) => forms(leg).map((form) => `${leg.clientIsnHash}|${tupleKey(form)}`)),
  );
  return refusals
    .filter((refusal) => !known.has(`${refusal.clientIsnHash}|${tupleKey(refusal.tuple)}`))
    .map(
      ({ cluster, node, bootId, seq, startUs, tap, tuple, clientIsnHash, synCount }): Leg => ({
        kind: 'leg',
        ...{ cluster, node, bootId, seq, startUs, tap, tuple, clientIsnHash, synCount },
        ...{ original: null, reply: null, serverIsnHash: null, isnPairHash: null },
        ...{
          synTtl: 0,
          synNs: 0,
          synAckNs: null,
          ackNs: null,
          firstRequestNs: null,
          firstResponseNs: null,
        },
        ...{ endNs: null, end: 'unanswered', revision: 0, legId: seq },
      }),
    );
}

/** Gives each set its refusal and PROXY header. Looks both up by key: evidence may be large. */
function attacher(evidence: Evidence): (set: Joined) => Connection {
  const refusals = bucketBy(evidence.refusals, (refusal) => refusal.clientIsnHash ?? '');
  const headers = new Map(evidence.proxyHeaders.map((header) => [header.isnPairHash, header]));
  return (set) => ({
    ...set,
    refusal: verdictOf(refusals.get(clientHash(set.legs) ?? '') ?? [], set.legs),
    proxyHeader: set.pairHashes.map((hash) => headers.get(hash)).find(isHeader) ?? null,
  });
}

const isHeader = (header: ProxyHeader | undefined): header is ProxyHeader => header !== undefined;

/** The verdict on this attempt: same client ISN, and a tuple that one of its legs carried. */
function verdictOf(refusals: readonly Refusal[], legs: readonly Leg[]): Refusal | null {
  if (refusals.length === 0) return null;
  const keys = formKeys(legs);
  const own = refusals.filter(({ tuple }) => keys.has(tupleKey(tuple)));
  // Something that was seen outranks silence; then the earliest verdict.
  const rank = (refusal: Refusal) => (refusal.evidence === 'silence' ? 1 : 0);
  const atUs = (refusal: Refusal) => refusal.startUs + refusal.afterNs / 1000;
  return own.sort((a, b) => rank(a) - rank(b) || atUs(a) - atUs(b))[0] ?? null;
}

function clientHash(legs: readonly Leg[]): string | null {
  return legs.find((leg) => leg.clientIsnHash !== null)?.clientIsnHash ?? null;
}

function synproxy(set: Joined): Warning {
  const [leg] = set.legs;
  return {
    code: 'synproxy',
    text: 'two handshakes with one client sequence number: something on the way (SYNPROXY) answers the client itself; round trips across it are not comparable',
    subject: leg === undefined ? set.key : legSubject(leg),
  };
}

function tooMany(set: Joined, count: number): Warning {
  return {
    code: 'ambiguousJoin',
    text: `${count} handshakes share the client's sequence number and a tuple: which belong together is not decided`,
    subject: set.key,
  };
}
