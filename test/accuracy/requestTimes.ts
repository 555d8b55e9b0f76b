/** What requests cost on a segment and in a proxy: does the interval cover the truth? */
import type { Hop, Path, RequestTime } from '@hoptrace/domain/rest/path.ts';
import type { SimConnection } from '../simulator/connection.ts';
import type { SimExchange } from '../simulator/exchange.ts';
import type { Sighting, Sightings } from './sightings.ts';
import type { Tally } from './tally.ts';

export function judgeRequestTimes(path: Path, sightings: Sightings, tally: Tally): void {
  for (const [index, hop] of path.hops.entries()) {
    const [to] = sightings.ofHop(path, hop);
    if (to === undefined) continue;
    if (hop.requestCost != null)
      judge('request cost', hop.requestCost, costs(hop, to, sightings), tally);
    const before = path.hops[index - 1];
    const [inbound] = before === undefined ? [] : sightings.ofHop(path, before);
    if (hop.proxyTime != null && inbound !== undefined)
      judge('proxy time', hop.proxyTime, proxyTimes(inbound.connection, to.connection), tally);
  }
}

/** True values by the number of the request. */
type TrueTimes = ReadonlyMap<number, number>;

function judge(
  what: string,
  { scope, burst, requests, lowNs, highNs }: RequestTime,
  truth: TrueTimes,
  tally: Tally,
): void {
  const sorted = [...truth.values()].sort((a, b) => a - b);
  const trueNs = scope === 'connection' ? sorted[(sorted.length - 1) >> 1] : truth.get(burst ?? 0);
  // The median of those that were timed: to be judged where that is all of them.
  if (trueNs === undefined || (scope === 'connection' && requests < truth.size)) return;
  tally.add(`${what} ${scope}`);
  if (lowNs <= trueNs && trueNs <= highNs) tally.add(`${what} ${scope} covered`);
}

/** X at the first tap of the machine that the hop leaves, minus X where it arrives. */
function costs(hop: Hop, { connection, site }: Sighting, sightings: Sightings): TrueTimes {
  const delivered = sightings.legs.get(connection.id);
  const from = connection.route.sites.findIndex(
    ({ machine }, index) => index < site && machine === hop.from.node && delivered?.has(index),
  );
  return new Map(
    connection.exchanges.flatMap((exchange): [number, number][] => {
      const [a, b] = [waitNs(exchange, from), waitNs(exchange, site)];
      return a === null || b === null ? [] : [[exchange.burst, a - b]];
    }),
  );
}

/** By the number of the request in the inbound connection; of those that went on in the outbound one. */
function proxyTimes(inbound: SimConnection, outbound: SimConnection): TrueTimes {
  const last = inbound.route.sites.length - 1;
  return new Map(
    inbound.exchanges.flatMap((into): [number, number][] => {
      const out = outbound.exchanges.find(
        (each) =>
          (each.requestNs[0] ?? 0) >= (into.requestNs[last] ?? 0) &&
          (each.responseNs[0] ?? Number.POSITIVE_INFINITY) <= (into.responseNs[last] ?? 0),
      );
      const a = waitNs(into, last);
      const b = out === undefined ? null : waitNs(out, 0);
      return a === null || b === null ? [] : [[into.burst, a - b]];
    }),
  );
}

function waitNs({ requestLastNs, responseNs }: SimExchange, site: number): number | null {
  const [from, to] = [requestLastNs[site], responseNs[site]];
  return from === undefined || to === undefined ? null : to - from;
}
