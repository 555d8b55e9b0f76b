/** Step 1: one copy of each record, the newest revision of each leg, in an order that arrival cannot change. */
import type { WireRecord } from '../wire/v1.ts';
import type { Evidence, Leg, ProxyLink } from './evidence.ts';

interface Identified {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
}

/** Records of another cluster are not this cluster's: addresses and even sequence numbers may collide. */
export function clean(evidence: Evidence, cluster: string): Evidence {
  return {
    legs: newestRevisions(distinct(evidence.legs, cluster)),
    refusals: distinct(evidence.refusals, cluster),
    proxyLinks: lastWords(distinct(evidence.proxyLinks, cluster)),
    proxyHeaders: distinct(evidence.proxyHeaders, cluster),
    exchanges: distinct(evidence.exchanges ?? [], cluster),
    inferredLinks: evidence.inferredLinks ?? [],
  };
}

/** By sender, then by seq: what (cluster, node, bootId, seq) names comes once. No key is built: there are many records. */
function distinct<T extends Identified & WireRecord>(
  records: readonly T[],
  cluster: string,
): readonly T[] {
  if (records.length === 0) return records;
  const sorted = records.filter((record) => record.cluster === cluster).sort(bySender);
  return sorted.filter((record, index) => {
    const next = sorted[index + 1];
    return next === undefined || bySender(record, next) !== 0;
  });
}

function bySender(a: Identified & WireRecord, b: Identified & WireRecord): number {
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  if (a.bootId !== b.bootId) return a.bootId < b.bootId ? -1 : 1;
  return a.seq - b.seq;
}

/** The kernel may correct itself: a second link for the same burst and side replaces the first. */
function lastWords(links: readonly ProxyLink[]): readonly ProxyLink[] {
  if (links.length < 2) return links;
  return [...new Map(links.map((link) => [wordKey(link), link])).values()];
}

function wordKey({ node, bootId, side, subject }: ProxyLink): string {
  return `${node}|${bootId}|${side}|${subject.isnPairHash}|${subject.burst}`;
}

/** Expects the legs of one sender side by side. */
function newestRevisions(legs: readonly Leg[]): Leg[] {
  const newest: Leg[] = [];
  let places = new Map<number, number>();
  let before: Leg | undefined;
  for (const leg of legs) {
    if (leg.node !== before?.node || leg.bootId !== before.bootId) places = new Map();
    before = leg;
    const place = places.get(leg.legId);
    const known = place === undefined ? undefined : newest[place];
    if (place === undefined || known === undefined) {
      places.set(leg.legId, newest.length);
      newest.push(leg);
    } else if (leg.revision > known.revision) newest[place] = leg;
  }
  return newest;
}
