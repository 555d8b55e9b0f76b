/** What a world is made of. Every figure of a run follows from these and the seed. */
import type { IpFamily } from './addresses.ts';
import type { ClockPlan } from './clock.ts';
import type { ExchangePlan } from './exchange.ts';
import type { FaultPlan } from './faults.ts';
import { drawHttp2, type Http2Plan, http2InWords } from './http2Plan.ts';
import type { MiddleboxPlan } from './middlebox.ts';
import type { PortPlan } from './nat.ts';
import type { ProxyPlan } from './proxy.ts';
import { Random } from './random.ts';
import type { TapPlan } from './stamps.ts';

export const BALANCER_KINDS = ['none', 'tcp', 'proxyProtocol', 'snat'] as const;

export interface WorldPlan extends MiddleboxPlan {
  readonly seed: number;
  readonly family: IpFamily;
  readonly nodes: number;
  /** TCP connections of clients, spread over `durationNs`. */
  readonly clients: number;
  readonly clientAddresses: number;
  readonly durationNs: number;
  readonly maxRequests: number;
  readonly balancer: (typeof BALANCER_KINDS)[number];
  readonly isBalancerWatched: boolean;
  readonly refusalShare: number;
  /** Half-open connections of a flood. */
  readonly floodSyns: number;
  /** SYNs that get lost once on their way. */
  readonly synLoss: number;
  /** Connections of a proxy to an app Pod that answers with RST; the proxy tries once more. */
  readonly upstreamRefusalShare: number;
  readonly http2: Http2Plan;
  readonly ports: PortPlan;
  readonly clock: ClockPlan;
  readonly proxy: ProxyPlan;
  readonly exchanges: ExchangePlan;
  readonly taps: TapPlan;
  readonly faults: FaultPlan;
}

const SECOND_NS = 1_000_000_000;

/** Nothing is lost and clocks are right to what NTP gives. */
const CALM = {
  synLoss: 0,
  ports: { poolSize: 28_000, reuseDelayNs: 60 * SECOND_NS },
  clock: { maxOffsetNs: 2_000_000, maxDriftPpm: 1, maxStepNs: 0, stampNoiseNs: 150 },
  milestoneLoss: 0,
  faults: { recordLoss: 0, duplicates: 0, reorderNs: 0, deadShare: 0, restartShare: 0 },
};

/** The conditions of the goal: ports reused ten times, ±5 s, ±50 ppm, one event in ten lost, 5 s of reordering. */
const HOSTILE = {
  synLoss: 0.02,
  ports: { poolSize: 1, reuseDelayNs: 50_000_000 },
  clock: {
    maxOffsetNs: 5 * SECOND_NS,
    maxDriftPpm: 50,
    maxStepNs: 2 * SECOND_NS,
    stampNoiseNs: 150,
  },
  milestoneLoss: 0.02,
  faults: {
    recordLoss: 0.1,
    duplicates: 0.05,
    reorderNs: 5 * SECOND_NS,
    deadShare: 0,
    restartShare: 0,
  },
};

export const WEATHERS = ['calm', 'hostile', 'broken'] as const;
export type Weather = (typeof WEATHERS)[number];

function weatherOf(weather: Weather) {
  if (weather === 'calm') return CALM;
  if (weather === 'hostile') return HOSTILE;
  return {
    ...HOSTILE,
    faults: { ...HOSTILE.faults, recordLoss: 0.02, deadShare: 0.2, restartShare: 0.3 },
  };
}

/** To use every port ten times takes many connections of few clients. */
function crowdOf(random: Random, weather: Weather) {
  if (weather === 'hostile')
    return { clients: 1200, clientAddresses: 1, durationNs: random.between(10, 30) * SECOND_NS };
  const clients = 200 + random.below(200);
  return { clients, clientAddresses: 4, durationNs: random.between(2, 10) * SECOND_NS };
}

/** What is rare in this world, in words; empty for most. */
export function raritiesOf(plan: WorldPlan): string[] {
  return [
    ...(plan.family === 'ipv6' ? ['IPv6'] : []),
    ...(plan.hasSynproxy ? ['SYNPROXY'] : []),
    ...(plan.hasIsnFirewall ? ['ISN firewall'] : []),
    ...(plan.upstreamRefusalShare > 0 ? ['refused upstreams'] : []),
    ...http2InWords(plan.http2),
  ];
}

/** The world of this seed: shape and proxies by chance, weather as told. */
export function drawPlan(seed: number, weather: Weather): WorldPlan {
  const random = new Random(seed);
  // A lot of its own: what is rare does not change what the rest of a world draws.
  const rare = new Random(seed ^ 0x0dd5);
  const model = random.pick(['lastRead', 'oldest', 'mixed'] as const);
  const { milestoneLoss, ...conditions } = weatherOf(weather);
  const rarities = {
    family: rare.chance(0.25) ? ('ipv6' as const) : ('ipv4' as const),
    hasSynproxy: rare.chance(0.1),
    hasIsnFirewall: rare.chance(0.1),
    upstreamRefusalShare: rare.chance(0.15) ? 0.1 : 0,
    http2: drawHttp2(rare),
  };
  return {
    seed,
    ...conditions,
    ...rarities,
    nodes: 3 + random.below(3),
    ...crowdOf(random, weather),
    maxRequests: random.pick([1, 1, 4]),
    balancer: random.pick(BALANCER_KINDS),
    isBalancerWatched: random.chance(0.5),
    refusalShare: random.pick([0, 0.1]),
    floodSyns: random.chance(0.1) ? 200 : 0,
    proxy: {
      model,
      // Go has no such loop: its goroutines wake one by one.
      loopNs: random.pick(
        model === 'mixed' ? [200_000, 2_000_000] : [200_000, 5_000_000, 30_000_000],
      ),
      keepsUpstreams: random.chance(0.5),
      localShare: random.pick([0, 0.2]),
      slowBodyShare: random.pick([0, 0.2]),
    },
    taps: {
      milestoneLoss,
      // Drawn in any case: a burst of several streams is no exchange of one request.
      hasExchanges: random.chance(0.5) && rarities.http2.share === 0,
    },
    exchanges: {
      sizes: random.pick(['uniform', 'equal'] as const),
      isTls: random.chance(0.5),
      requestIds: random.pick(['none', 'unique', 'fixed'] as const),
    },
  };
}
