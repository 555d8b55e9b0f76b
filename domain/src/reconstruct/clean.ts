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
  const own = <T extends Identified & WireRecord>(records: readonly T[]) =>
    distinct(records.filter((record) => record.cluster === cluster));
  return {
    legs: newestRevisions(own(evidence.legs)),
    refusals: own(evidence.refusals),
    proxyLinks: lastWords(own(evidence.proxyLinks)),
    proxyHeaders: own(evidence.proxyHeaders),
    exchanges: own(evidence.exchanges ?? []),
  };
}

function identity(record: Identified & WireRecord): string {
  return `${record.cluster}|${record.node}|${record.bootId}|${String(record.seq).padStart(16, '0')}`;
}

function distinct<T extends Identified & WireRecord>(records: readonly T[]): T[] {
  const byIdentity = new Map(records.map((record) => [identity(record), record]));
  return [...byIdentity].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

/** The kernel may correct itself: a second link for the same burst and side replaces the first. */
function lastWords(links: readonly ProxyLink[]): ProxyLink[] {
  const key = ({ node, bootId, side, subject }: ProxyLink) =>
    `${node}|${bootId}|${side}|${subject.isnPairHash}|${subject.burst}`;
  return [...new Map(links.map((link) => [key(link), link])).values()];
}

function newestRevisions(legs: readonly Leg[]): Leg[] {
  const byLeg = new Map<string, Leg>();
  for (const leg of legs) {
    const key = `${leg.cluster}|${leg.node}|${leg.bootId}|${leg.legId}`;
    const known = byLeg.get(key);
    if (known === undefined || leg.revision > known.revision) byLeg.set(key, leg);
  }
  return [...byLeg.values()];
}
