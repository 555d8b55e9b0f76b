/** What belongs to a connection beside its legs: its refusal and its PROXY header. */
import { tupleKey } from '../model/tuple.ts';
import type { Connection } from './connection.ts';
import type { Evidence, Leg, ProxyHeader, Refusal } from './evidence.ts';
import { bucketBy, formKeys, forms } from './forms.ts';
import { clientHash, type Joined } from './joined.ts';

/** A refusal whose leg was lost still says which SYN came where: the verdict must not be lost with it. */
export function legsOfRefusals({ legs, refusals }: Evidence): Leg[] {
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
export function attacher(evidence: Evidence): (set: Joined) => Connection {
  const refusals = bucketBy(evidence.refusals, (refusal) => refusal.clientIsnHash ?? '');
  const headers = new Map(evidence.proxyHeaders.map((header) => [header.isnPairHash, header]));
  return (set) => ({
    ...set,
    refusal: verdictOf(refusals.get(clientHash(set.legs) ?? '') ?? [], set.legs),
    proxyHeader: set.pairHashes.map((hash) => headers.get(hash)).find(isHeader) ?? null,
  });
}

const isHeader = (header: ProxyHeader | undefined): header is ProxyHeader => header !== undefined;

const RANKS: Readonly<Record<Refusal['evidence'], number>> = {
  ...{ rst: 0, icmp: 0, kfreeSkb: 1, silence: 2 },
};

/** A repetition of the SYN got through where the refusal was told: it was slow, and is no refusal. */
function isAnsweredAfterAll({ node, refusal }: Refusal, legs: readonly Leg[]): boolean {
  if (refusal !== 'dropped') return false;
  return legs.some((leg) => leg.node === node && (leg.synAckNs !== null || leg.ackNs !== null));
}

/** The verdict on this attempt: same client ISN, and a tuple that one of its legs carried. */
function verdictOf(refusals: readonly Refusal[], legs: readonly Leg[]): Refusal | null {
  if (refusals.length === 0) return null;
  const keys = formKeys(legs);
  const own = refusals.filter(
    (refusal) => keys.has(tupleKey(refusal.tuple)) && !isAnsweredAfterAll(refusal, legs),
  );
  // What the client was told outranks a drop, which its repetition may escape, and that silence; then the earliest.
  const rank = ({ evidence }: Refusal) => RANKS[evidence];
  const atUs = (refusal: Refusal) => refusal.startUs + refusal.afterNs / 1000;
  return own.sort((a, b) => rank(a) - rank(b) || atUs(a) - atUs(b))[0] ?? null;
}
