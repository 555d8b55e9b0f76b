/**
 * Rungs 6 and 7: times and bytes, where nothing better speaks. Claims are of class C with a calibrated
 * confidence; where too many requests are inside the proxy at once, or where the model is not honest about the
 * links that are known exactly, nothing is claimed and the reason is said.
 */
import type { Warning } from '../rest/path.ts';
import { calibrationError, fitIsotonic, type Judged } from './calibration.ts';
import type { ProxyClaims } from './proxyClaims.ts';
import { ORDER_SLACK_NS, type PlacedExchange, type ProxyPlace } from './proxyPlaces.ts';
import type { ExchangePair } from './requestIdEdges.ts';
import { assignByTiming, loadOf, type TimedExchange, type TimedPair } from './timingAssignment.ts';

/** Requests inside the proxy at once, above which times decide too little (measured: test/accuracy). */
export const MAX_LOAD = 2;
const MIN_CONFIDENCE = 0.9;
/** Where no exact link says how right the model is: its own assumptions may be wrong (lost records, say). */
const MAX_UNJUDGED = 0.995;
/** Fewer exchanges teach no distribution. */
const MIN_EXCHANGES = 30;
/** From so many exact links on, the model is held against them. */
const MIN_JUDGED = 100;
const MAX_CALIBRATION_ERROR = 0.05;
const MIN_PRECISION = 0.97;

export interface TimingPair extends ExchangePair {
  readonly confidence: number;
}

export interface PlaceTiming {
  readonly place: ProxyPlace;
  /** Mean number of other requests inside when one comes in. */
  readonly load: number;
  readonly pairs: readonly TimingPair[];
  /** Why nothing is claimed here; null: something may be. */
  readonly refusal: Warning | null;
}

/** The open exchanges of a place, matched by times and bytes. Null where nothing is open or nothing was timed. */
export function timePlace(
  place: ProxyPlace,
  claims: ProxyClaims,
  maxLoad = MAX_LOAD,
): PlaceTiming | null {
  const inbound = timed(place.inbound);
  const outbound = timed(place.outbound);
  const isOpen = [...outbound.values()].some((each) => claims.of(each.exchange).length === 0);
  if (!isOpen || inbound.size === 0) return null;
  const [causes, effects] = [inbound, outbound].map((side) =>
    [...side.values()].map((each) => each.timing),
  ) as [TimedExchange[], TimedExchange[]];
  const load = loadOf(causes);
  const nothing = { place, load, pairs: [] };
  if (causes.length < MIN_EXCHANGES || effects.length < MIN_EXCHANGES)
    return { ...nothing, refusal: tooFew(place, Math.min(causes.length, effects.length)) };
  if (load > maxLoad) return { ...nothing, refusal: tooBusy(place, load) };
  const assigned = assignByTiming(causes, effects, ORDER_SLACK_NS).pairs.flatMap((pair) =>
    placedPair(pair, inbound, outbound),
  );
  const judged = judge(assigned, claims);
  const isJudged = judged.length >= MIN_JUDGED;
  if (isJudged && !isHonest(judged)) return { ...nothing, refusal: notHonest(place, judged) };
  const calibrate = isJudged
    ? fitIsotonic(judged)
    : (claimed: number) => Math.min(claimed, MAX_UNJUDGED);
  const pairs = assigned
    .filter(
      ({ inbound: into, outbound: out }) =>
        !claims.usedInbound.has(into.id) && claims.of(out).length === 0,
    )
    .map((pair) => ({
      ...pair,
      confidence: Math.min(calibrate(pair.confidence), pair.confidence),
    }));
  return { place, load, pairs, refusal: null };
}

export function isClaimed({ confidence }: TimingPair): boolean {
  return confidence >= MIN_CONFIDENCE;
}

interface Timed {
  readonly exchange: PlacedExchange;
  readonly timing: TimedExchange;
}

/** Streams of HTTP/2 overlap in one connection: a burst is no request there. */
function timed(connections: ProxyPlace['inbound']): ReadonlyMap<string, Timed> {
  const all = connections.flatMap(({ exchanges }) =>
    exchanges.flatMap((exchange): [string, Timed][] => {
      const { id, requestNs, responseNs, record } = exchange;
      if (requestNs === null || responseNs === null || record.protocol === 'http2') return [];
      const timing = {
        id,
        // Of the request, not of the connection: a proxy in TCP mode connects before the client has asked.
        startNs: requestNs,
        endNs: responseNs,
        bytes: record.responseBytes,
        isFirst: record.burst === 1,
      };
      return [[id, { exchange, timing }]];
    }),
  );
  return new Map(all);
}

function placedPair(
  { inbound, outbound, share }: TimedPair,
  causes: ReadonlyMap<string, Timed>,
  effects: ReadonlyMap<string, Timed>,
): TimingPair[] {
  const [into, out] = [causes.get(inbound.id)?.exchange, effects.get(outbound.id)?.exchange];
  return into === undefined || out === undefined
    ? []
    : [{ inbound: into, outbound: out, confidence: share }];
}

/** The pairs of which the truth is known. */
function judge(pairs: readonly TimingPair[], claims: ProxyClaims): Judged[] {
  return pairs.flatMap(({ inbound, outbound, confidence }) => {
    const exact = claims.of(outbound).filter((claim) => claim.isExact && claim.burst !== null);
    if (exact.length === 0) return [];
    const isRight = exact.some(({ inboundKey, burst }) => `${inboundKey}#${burst}` === inbound.id);
    return [{ claimed: confidence, isRight }];
  });
}

function isHonest(judged: readonly Judged[]): boolean {
  const sure = judged.filter(({ claimed }) => claimed >= MIN_CONFIDENCE);
  const right = sure.filter(({ isRight }) => isRight).length;
  return calibrationError(judged) <= MAX_CALIBRATION_ERROR && right >= sure.length * MIN_PRECISION;
}

function tooFew({ key }: ProxyPlace, count: number): Warning {
  return refusal(key, `${count} exchanges are too few to learn how long this proxy takes`);
}

function tooBusy({ key }: ProxyPlace, load: number): Warning {
  return refusal(
    key,
    `${load.toFixed(1)} other requests were inside the proxy when one came in, more than ${MAX_LOAD}`,
  );
}

function notHonest({ key }: ProxyPlace, judged: readonly Judged[]): Warning {
  const error = (100 * calibrationError(judged)).toFixed(1);
  return refusal(key, `held against ${judged.length} exact links it is ${error} % off`);
}

function refusal(place: string, why: string): Warning {
  return {
    code: 'timingNotConclusive',
    text: `which request caused this connection is not inferred from times: ${why}`,
    subject: place,
  };
}
