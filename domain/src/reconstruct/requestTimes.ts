/**
 * What a request itself cost, apart from its connection's handshake. Each tap times, on its own clock, the wait X
 * from the last byte of the request to the first byte of the response:
 *
 *   X at a − X at b          both ways between the taps, for this very request
 *   X into − X out of proxy  the proxy's own time: one clock, so exact but for the stamps
 *
 * Nothing is given where a tap lacks a stamp, or where two taps did not see the same last byte (a server that
 * answers early cuts the burst short at one tap and not at the other).
 */
import { rateErrorNs, STAMP_ERRORS } from '../clock/stampErrors.ts';
import type { RequestTime, Warning } from '../rest/path.ts';
import type { Chain } from './chains.ts';
import { legSubject } from './connection.ts';
import type { DraftHop } from './draftHop.ts';
import type { Exchange, Leg, ProxyLink } from './evidence.ts';
import { type ExchangeIndex, NO_EXCHANGES, waitNs } from './exchanges.ts';
import { type BurstPair, nameBursts } from './ownBursts.ts';

export interface HopRequestTimes {
  readonly requestCost: RequestTime | null;
  readonly proxyTime: RequestTime | null;
  readonly warnings: readonly Warning[];
}

export interface RequestTimer {
  /** One entry a hop. */
  timesOf(chain: Chain, drafts: readonly DraftHop[]): HopRequestTimes[];
}

interface Difference {
  readonly valueNs: number;
  readonly errorNs: number;
}

const NONE: HopRequestTimes = { requestCost: null, proxyTime: null, warnings: [] };
const TAP = STAMP_ERRORS.tap;

export function requestTimer(links: readonly ProxyLink[], exchanges: ExchangeIndex): RequestTimer {
  if (exchanges === NO_EXCHANGES) return { timesOf: (_, drafts) => drafts.map(() => NONE) };
  const names = nameBursts(links, exchanges);
  return {
    timesOf: (chain, drafts) => {
      const own = names.own(chain);
      const pairs = names.pairs(chain);
      return drafts.map((draft) => {
        const at = chain.findIndex(
          ({ connection }) => draft.leg !== null && connection.legs.includes(draft.leg),
        );
        if (at < 0) return NONE;
        const cost = segmentCost(draft.fromLeg ?? null, draft.leg, exchanges, own[at] ?? null);
        const proxyTime =
          draft.kind === 'proxy' && isAtSockets(draft, chain, at)
            ? ownTime(chain, at, exchanges, pairs[at] ?? [])
            : null;
        return { ...cost, proxyTime };
      });
    },
  };
}

function segmentCost(
  a: Leg | null,
  b: Leg | null,
  exchanges: ExchangeIndex,
  own: number | null,
): Pick<HopRequestTimes, 'requestCost' | 'warnings'> {
  const nothing = { requestCost: null, warnings: [] };
  if (a === null || b === null || a.isnPairHash !== b.isnPairHash) return nothing;
  const [atA, atB] = [exchanges.at(a), exchanges.at(b)];
  const seen = [...atA].flatMap(([offset, exchange]) => {
    const other = atB.get(offset);
    if (other === undefined || other.requestBytes !== exchange.requestBytes) return [];
    if (own !== null && exchange.burst !== own) return [];
    return differenceOf(exchange, other) ?? [];
  });
  const impossible = seen.find(({ valueNs, errorNs }) => valueNs < -TAP.vetoNs - errorNs);
  if (impossible !== undefined)
    return { requestCost: null, warnings: [impossibleTimes(a, b, impossible)] };
  return { requestCost: summaryOf(seen, own), warnings: [] };
}

function differenceOf(a: Exchange, b: Exchange): Difference | null {
  const [aNs, bNs] = [waitNs(a), waitNs(b)];
  if (aNs === null || bNs === null) return null;
  const rateNs = a.node === b.node ? rateErrorNs(aNs - bNs) : rateErrorNs(aNs) + rateErrorNs(bNs);
  return { valueNs: aNs - bNs, errorNs: 2 * TAP.boundNs + rateNs };
}

/**
 * Taps of a Pod's own interface or of its cable, or of a load balancer's machine: further out the way to the proxy
 * would count as its own.
 */
function isAtSockets({ from }: DraftHop, chain: Chain, at: number): boolean {
  const taps = [chain[at - 1]?.connection.legs.at(-1), chain[at]?.connection.legs[0]];
  const roles = from.role === 'load-balancer' ? ['uplink'] : ['pod', 'podVeth'];
  return taps.every((leg) => leg !== undefined && roles.includes(leg.tap.role));
}

/**
 * From the node's end of a Pod's cable to the Pod's kernel and back, which a handshake shows: at most so much of
 * what passes between the taps is not the proxy's own. Null where the handshake was not seen whole.
 */
function cableNs(leg: Leg, side: 'into' | 'out'): number | null {
  if (leg.tap.role !== 'podVeth') return 0;
  const [sent, answered] = side === 'into' ? [leg.synNs, leg.synAckNs] : [leg.synAckNs, leg.ackNs];
  return sent === null || answered === null ? null : answered - sent;
}

/** Both taps in one namespace, the proxy's own or its node's: one clock, and at most the Pod's cable between them. */
function ownTime(
  chain: Chain,
  at: number,
  exchanges: ExchangeIndex,
  pairs: readonly BurstPair[],
): RequestTime | null {
  const into = chain[at - 1]?.connection.legs.at(-1);
  const out = chain[at]?.connection.legs[0];
  if (into === undefined || out === undefined) return null;
  if (into.node !== out.node || into.tap.netns !== out.tap.netns) return null;
  const [cableIn, cableOut] = [cableNs(into, 'into'), cableNs(out, 'out')];
  if (cableIn === null || cableOut === null) return null;
  const inbound = byBurst(exchanges.at(into));
  const outbound = byBurst(exchanges.at(out));
  const isOnlyOne = pairs.length === 0 && isSingle(inbound) && isSingle(outbound);
  const known: readonly BurstPair[] = isOnlyOne ? [[1, 1]] : pairs;
  const seen = known.flatMap(([one, other]) => {
    const [a, b] = [inbound.get(one), outbound.get(other)];
    if (a === undefined || b === undefined || !isInside(a, b)) return [];
    return differenceOf(a, b) ?? [];
  });
  const time = summaryOf(seen, known.length === 1 ? (known[0]?.[0] ?? null) : null);
  return time === null ? null : { ...time, lowNs: Math.max(0, time.lowNs - cableIn - cableOut) };
}

/** The last byte of the request left after the last one came, the response came before it was passed on. */
function isInside(into: Exchange, out: Exchange): boolean {
  const stamp = ({ startUs }: Exchange, ns: number | null) =>
    ns === null ? Number.NaN : (startUs - into.startUs) * 1000 + ns;
  const slackNs = 2 * TAP.boundNs;
  return (
    stamp(out, out.requestLastNs) >= stamp(into, into.requestLastNs) - slackNs &&
    stamp(out, out.responseFirstNs) <= stamp(into, into.responseFirstNs) + slackNs
  );
}

function byBurst(exchanges: ReadonlyMap<number, Exchange>): ReadonlyMap<number, Exchange> {
  return new Map([...exchanges.values()].map((exchange) => [exchange.burst, exchange]));
}

function isSingle(exchanges: ReadonlyMap<number, Exchange>): boolean {
  return exchanges.size === 1 && exchanges.has(1);
}

/** One request: its value and bound. Several, of which none is known to be the path's: median and range. */
function summaryOf(seen: readonly Difference[], own: number | null): RequestTime | null {
  const sorted = [...seen].sort((a, b) => a.valueNs - b.valueNs);
  const median = sorted[(sorted.length - 1) >> 1];
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (median === undefined || first === undefined || last === undefined) return null;
  return {
    valueNs: Math.max(0, median.valueNs),
    lowNs: Math.max(0, first.valueNs - first.errorNs),
    highNs: Math.max(0, last.valueNs) + last.errorNs,
    scope: own === null ? 'connection' : 'request',
    burst: own,
    requests: sorted.length,
  };
}

function impossibleTimes(a: Leg, b: Leg, { valueNs }: Difference): Warning {
  return {
    code: 'impossibleTimes',
    text: `${legSubject(b)} waited ${-valueNs} ns longer for a response than ${legSubject(a)}, which is nearer to the client: no cost of the request is given`,
    subject: legSubject(b),
  };
}

/** As the document has them: absent, not null, where nobody timed requests. */
export function timesOfRequest(times: HopRequestTimes | undefined): {
  requestCost?: RequestTime;
  proxyTime?: RequestTime;
} {
  return {
    ...(times?.requestCost == null ? {} : { requestCost: times.requestCost }),
    ...(times?.proxyTime == null ? {} : { proxyTime: times.proxyTime }),
  };
}
