/** The stamps that agents take of one connection: true times, each read from the clock of the tap's node. */
import { reverseTuple } from '@hoptrace/domain/model/tuple.ts';
import type { LegRecord } from '@hoptrace/domain/wire/v1.ts';
import { type ConnectionSpec, EPOCH_US, flow, type TapSpec } from './connection.ts';

/** CLOCK_REALTIME of a node against true time. Durations come from the monotonic clock: drift, no steps. */
export interface NodeClock {
  readonly offsetUs?: number;
  readonly driftPpm?: number;
  readonly steps?: readonly { readonly atUs: number; readonly byUs: number }[];
}

export interface Hashes {
  readonly client: string;
  readonly server: string;
  readonly pair: string;
}

export interface StampedLeg {
  readonly tap: TapSpec;
  readonly leg: Omit<LegRecord, 'seq'>;
}

/** First packets pay for conntrack and NAT set-up on the way. */
const SET_UP_NS = 8_000;
const SERVER_NS = 20_000;
const CLIENT_NS = 15_000;
const RESPONSE_NS = 400_000;

/** Legs in the order of the taps; blind taps give none. */
export function legsOf(
  spec: ConnectionSpec,
  hashes: Hashes,
  clockOf: (node: string) => NodeClock,
): StampedLeg[] {
  const timing = timingOf(spec);
  const ttls = ttlsOf(spec.taps);
  return spec.taps.flatMap((tap, index) => {
    if (tap.sees === 'nothing') return [];
    const leg = legAt(spec, tap, index, timing, hashes, clockOf(tap.node));
    const ifindex = tap.ifindex ?? index + 2;
    const netns = tap.netns ?? (tap.role === 'pod' ? 2 : 1);
    const place = { netns, ifindex, role: tap.role, synDirection: tap.direction };
    return [{ tap, leg: { ...leg, tap: place, synTtl: ttls[index] ?? 0, ...tap.fields } }];
  });
}

interface Timing {
  /** One way from the first tap, ns, per tap. */
  readonly wayNs: readonly number[];
  readonly setUpNs: readonly number[];
  readonly retryNs: number;
}

function timingOf({ taps, retryUs = 1_005_000 }: ConnectionSpec): Timing {
  const wayNs: number[] = [];
  const setUpNs: number[] = [];
  for (const [index, tap] of taps.entries()) {
    const before = taps[index - 1];
    const delay =
      tap.delayNs ?? (before === undefined || before.node === tap.node ? 5_000 : 100_000);
    wayNs.push(index === 0 ? 0 : (wayNs[index - 1] ?? 0) + delay);
    const pays = before?.nat !== undefined && before.node === tap.node && tap.nat !== undefined;
    setUpNs.push((setUpNs[index - 1] ?? 0) + (pays ? SET_UP_NS : 0));
  }
  return { wayNs, setUpNs, retryNs: retryUs * 1000 };
}

function legAt(
  spec: ConnectionSpec,
  tap: TapSpec,
  index: number,
  { wayNs, setUpNs, retryNs }: Timing,
  hashes: Hashes,
  clock: NodeClock,
): Omit<LegRecord, 'seq' | 'tap' | 'synTtl'> {
  const way = wayNs[index] ?? 0;
  const end = wayNs.at(-1) ?? 0;
  const isLossy = spec.lostBefore !== undefined;
  const isBeyondLoss = spec.lostBefore !== undefined && index >= spec.lostBefore;
  const syn = way + (setUpNs[index] ?? 0) + (isBeyondLoss ? retryNs : 0);
  const served = end + (setUpNs.at(-1) ?? 0) + (isLossy ? retryNs : 0) + SERVER_NS;
  const synAck = served + end - way;
  const ack = served + end + CLIENT_NS + way;
  const request = ack + 10_000;
  const response = request + 2 * (end - way) + RESPONSE_NS;
  const life = spec.lifeUs === undefined ? 5_000 : spec.lifeUs;
  const isHalf = !(spec.isAnswered ?? true) || tap.sees === 'syn' || tap.sees === 'conntrack';
  const local = localNs(spec.atUs * 1000 + syn, clock);
  const below = ((local % 1000) + 1000) % 1000;
  const rate = 1 + (clock.driftPpm ?? 0) / 1e6;
  const after = (timeNs: number) => Math.round(below + (timeNs - syn) * rate);
  const seen = (timeNs: number) => (isHalf ? null : after(timeNs));
  return {
    kind: 'leg',
    startUs: EPOCH_US + Math.floor(local / 1000),
    tuple: flow(tap.tuple),
    original: tap.nat === undefined ? null : flow(tap.nat[0]),
    reply: tap.nat === undefined ? null : reverseTuple(flow(tap.nat[1])),
    clientIsnHash: tap.sees === 'conntrack' ? null : hashes.client,
    serverIsnHash: isHalf ? null : hashes.server,
    isnPairHash: isHalf ? null : hashes.pair,
    synCount: isLossy && !isBeyondLoss ? 2 : 1,
    synNs: Math.round(below),
    synAckNs: seen(synAck),
    ackNs: seen(ack),
    firstRequestNs: seen(request),
    firstResponseNs: (spec.hasResponse ?? true) ? seen(response) : null,
    endNs: isHalf || life === null ? null : after(syn + life * 1000),
    end: isHalf ? 'unanswered' : life === null ? 'open' : 'fin',
    revision: 0,
    legId: 0,
  };
}

/** ns after the scene's start, as this clock shows them. */
function localNs(trueNs: number, { offsetUs = 0, driftPpm = 0, steps = [] }: NodeClock): number {
  const stepped = steps
    .filter((step) => trueNs >= step.atUs * 1000)
    .reduce((sum, step) => sum + step.byUs * 1000, 0);
  return trueNs + offsetUs * 1000 + (trueNs * driftPpm) / 1e6 + stepped;
}

/** Every machine that forwards takes one. */
function ttlsOf(taps: readonly TapSpec[]): number[] {
  const ttls: number[] = [];
  for (const [index, tap] of taps.entries()) {
    const before = taps[index - 1];
    const last = ttls[index - 1] ?? 64;
    const isForwarded =
      before?.direction === 'rx' && tap.direction === 'tx' && before.node === tap.node;
    ttls.push(tap.ttl ?? (isForwarded ? last - 1 : last));
  }
  return ttls;
}
