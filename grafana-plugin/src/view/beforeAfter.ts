/** Two time ranges of a service as numbers side by side. */

import { durationText, tailOf } from './durationWords.ts';
import { formatNs, formatShare } from './format.ts';
import type { ServiceWays } from './model.ts';

export interface Compared {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** In words; empty: the same, or one of them is not known. */
  readonly difference: string;
  readonly tone: 'better' | 'worse' | 'plain';
}

/** Shares of fewer requests than these on a side may differ by chance. */
export const FEW_REQUESTS = 100;

export function comparedOf(before: ServiceWays, after: ServiceWays): Compared[] {
  const shares: [string, (ways: ServiceWays) => number][] = [
    ['refused', refusedOf],
    ['with known extra hop', ({ totals }) => totals.withExtraHops],
    ['client known to the last party', clientKnownOf],
    ['not wholly seen', ({ totals }) => totals.incomplete],
  ];
  return [
    plainRow('requests', String(before.totals.requests), String(after.totals.requests)),
    ...shares.map(([name, of]) => shareRow(name, { before, after, of })),
    plainRow('crossings per request', perRequest(before), perRequest(after)),
    durationRow('response p50', before.totals.responseP50Ns, after.totals.responseP50Ns),
    tailRow(before, after),
  ];
}

const refusedOf = ({ totals: { outcomes } }: ServiceWays): number =>
  (outcomes.reset ?? 0) + (outcomes.rejected ?? 0) + (outcomes.dropped ?? 0);

/** Requests whose app (or, where none was reached, ingress) can learn the client. */
function clientKnownOf({ sightings }: ServiceWays): number {
  const last = sightings.filter(({ role }) => role === 'app' || role === 'pod');
  return last
    .filter(({ visibility }) => visibility === 'client' || visibility === 'recoverable')
    .reduce((sum, { requests }) => sum + requests, 0);
}

function perRequest({ totals: { crossings, requests } }: ServiceWays): string {
  return requests === 0 ? '–' : (crossings / requests).toFixed(2);
}

function plainRow(name: string, before: string, after: string): Compared {
  return { name, before, after, difference: '', tone: 'plain' };
}

interface Sides {
  readonly before: ServiceWays;
  readonly after: ServiceWays;
  readonly of: (ways: ServiceWays) => number;
}

function shareRow(name: string, { before, after, of }: Sides): Compared {
  const whole = (ways: ServiceWays) => ways.totals.requests;
  const row = plainRow(
    name,
    formatShare(of(before), whole(before)),
    formatShare(of(after), whole(after)),
  );
  if (whole(before) === 0 || whole(after) === 0) return row;
  const points = 100 * (of(after) / whole(after) - of(before) / whole(before));
  if (Math.abs(points) < 0.5) return row;
  const isGood = name.startsWith('client') ? points > 0 : points < 0;
  const difference = `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(0)} points`;
  return { ...row, difference, tone: isGood ? 'better' : 'worse' };
}

function durationRow(name: string, before: number | null, after: number | null): Compared {
  const row = plainRow(name, durationText(before), durationText(after));
  if (before === null || after === null) return row;
  const change = after - before;
  // Below a tenth nobody can tell it from the day's noise.
  if (Math.abs(change) < before / 10) return row;
  const difference = `${change > 0 ? '+' : '−'}${formatNs(Math.abs(change))}`;
  return { ...row, difference, tone: change < 0 ? 'better' : 'worse' };
}

function tailRow({ totals: before }: ServiceWays, { totals: after }: ServiceWays): Compared {
  const areMany = before.responses >= FEW_REQUESTS && after.responses >= FEW_REQUESTS;
  const name = 'response p99';
  return areMany
    ? durationRow(name, before.responseP99Ns, after.responseP99Ns)
    : plainRow(name, tailOf(before), tailOf(after));
}
