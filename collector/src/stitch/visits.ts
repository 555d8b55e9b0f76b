/** Which exchanges of a group began or ended at which places: what a place's window is gathered from. */
import type {
  Context,
  Evidence,
  Exchange,
  Leg,
  ProxyLink,
} from '@hoptrace/domain/reconstruct/evidence.ts';
import { endPlace, startPlace } from '@hoptrace/domain/reconstruct/proxyPlaces.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';

/** As long as a group with an open connection is kept. */
const MAX_STAY_US = 600_000_000;

/** A request at a place, from its first byte to the first of the response, by the place's clock. */
export interface Stay {
  readonly record: Exchange;
  readonly isInbound: boolean;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Of one group at one place. */
export interface Visit {
  readonly node: string;
  readonly stays: Stay[];
  /** A path begins with a connection that was opened here: what caused it is open. */
  hasOpen: boolean;
}

export interface Visits {
  /** By the key of the place. */
  readonly byPlace: ReadonlyMap<string, Visit>;
  /** Exchanges without a leg: somebody was at a place of this node, and nobody knows at which. */
  readonly loose: readonly Exchange[];
  readonly links: readonly ProxyLink[];
}

export const NO_VISITS: Visits = { byPlace: new Map(), loose: [], links: [] };

/** `paths`: what was reconstructed of the evidence. Nothing where no exchange was told. */
export function visitsOf(evidence: Evidence, paths: readonly Path[], context: Context): Visits {
  const exchanges = evidence.exchanges ?? [];
  if (exchanges.length === 0) return NO_VISITS;
  const byPair = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const known = byPair.get(exchange.isnPairHash);
    if (known === undefined) byPair.set(exchange.isnPairHash, [exchange]);
    else known.push(exchange);
  }
  const starts = new Set(paths.map(({ startedAtUs }) => startedAtUs));
  const byPlace = new Map<string, Visit>();
  const seen = new Set<Exchange>();
  for (const leg of evidence.legs) {
    const ofPair = leg.isnPairHash === null ? undefined : byPair.get(leg.isnPairHash);
    const told = ofPair?.filter((exchange) => isSameTap(exchange, leg)) ?? [];
    if (told.length === 0) continue;
    for (const exchange of told) seen.add(exchange);
    const [end, start] = [endPlace(leg, context), startPlace(leg, context)];
    if (end?.isSameClock === true) stay(byPlace, end.place, { leg, told, isInbound: true });
    if (start?.isSameClock !== true) continue;
    const visit = stay(byPlace, start.place, { leg, told, isInbound: false });
    visit.hasOpen ||= starts.has(leg.startUs);
  }
  const loose =
    seen.size === exchanges.length ? [] : exchanges.filter((exchange) => !seen.has(exchange));
  return { byPlace, loose, links: evidence.proxyLinks };
}

interface Told {
  readonly leg: Leg;
  readonly told: readonly Exchange[];
  readonly isInbound: boolean;
}

function stay(byPlace: Map<string, Visit>, place: string, { leg, told, isInbound }: Told): Visit {
  const visit = byPlace.get(place) ?? { node: leg.node, stays: [], hasOpen: false };
  byPlace.set(place, visit);
  for (const record of told) {
    const firstNs = record.requestFirstNs ?? 0;
    const fromUs = record.startUs + firstNs / 1000;
    const lastNs = record.responseFirstNs ?? record.requestLastNs ?? firstNs;
    const toUs = Math.min(record.startUs + lastNs / 1000, fromUs + MAX_STAY_US);
    visit.stays.push({ record, isInbound, fromUs, toUs });
  }
  return visit;
}

function isSameTap(a: Exchange, b: Leg): boolean {
  const [x, y] = [a.tap, b.tap];
  return (
    x.ifindex === y.ifindex &&
    x.netns === y.netns &&
    x.synDirection === y.synDirection &&
    x.role === y.role &&
    a.node === b.node
  );
}
