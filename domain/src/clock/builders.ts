/** Builders for tests: machines with clocks of their own, and handshakes between them of which the truth is known. */
import { legsOf } from '../reconstruct/builders.ts';
import type { Leg } from '../reconstruct/evidence.ts';

export const T0_US = 1_790_000_000_000_000;

export interface ClockSpec {
  readonly offsetNs: number;
  readonly driftPpm: number;
  readonly steps?: readonly { readonly atNs: number; readonly byNs: number }[];
  /** The rate changes by so much, to and fro, every ten seconds. */
  readonly wanderPpm?: number;
}

export interface WorldSpec {
  readonly seed: number;
  readonly clocks: Readonly<Record<string, ClockSpec>>;
  readonly connections: number;
  readonly durationNs: number;
  /** Least one-way times, by direction of the names' order; jitter is exponential on top. */
  readonly upNs: number;
  readonly downNs: number;
  readonly jitterNs: number;
  /** Round trip between the near machine and the client; 0 if not told. */
  readonly awayNs?: number;
  /** Share of legs that never arrive, and of SYNs that are lost on the way. */
  readonly lossShare?: number;
  readonly synLossShare?: number;
  /** Standard deviation of a stamp; 0 for exact ones. */
  readonly stampSigmaNs?: number;
}

export interface Trip {
  readonly near: Leg;
  readonly far: Leg;
  readonly firstPacketNs: number;
  readonly steadyNs: number;
  /** Of the ACK, towards the server. */
  readonly oneWayNs: number;
  /** True time of the SYN-ACK at the machine whose name comes first. */
  readonly atNs: number;
}

/** Nanoseconds after T0 by this clock, at true time `tNs` after T0. */
export function reading(clock: ClockSpec, tNs: number): number {
  const stepNs = (clock.steps ?? []).reduce(
    (sum, step) => sum + (tNs >= step.atNs ? step.byNs : 0),
    0,
  );
  // A triangle wave of slope: fast for ten seconds, slow for ten.
  const phase = (tNs / 1e9) % 20;
  const wanderNs = (clock.wanderPpm ?? 0) * 1000 * (phase < 10 ? phase : 20 - phase);
  return tNs + clock.offsetNs + tNs * clock.driftPpm * 1e-6 + stepNs + wanderNs;
}

export function offsetTruthNs(world: WorldSpec, a: string, b: string, tNs: number): number {
  return reading(clockOf(world, b), tNs) - reading(clockOf(world, a), tNs);
}

/** In the order of true time; between two machines drawn anew for each. */
export function trips(world: WorldSpec): Trip[] {
  const random = randomOf(world.seed);
  const names = Object.keys(world.clocks).sort();
  const starts = Array.from({ length: world.connections }, () => random() * world.durationNs);
  return starts
    .sort((a, b) => a - b)
    .map((startNs, index) => tripOf(world, names, startNs, index + 1, random));
}

/** What arrives of them: each leg is lost by itself. */
export function arriving(world: WorldSpec, all: readonly Trip[]): Leg[] {
  const random = randomOf(world.seed + 1);
  return all
    .flatMap(({ near, far }) => [near, far])
    .filter(() => random() >= (world.lossShare ?? 0));
}

function tripOf(
  world: WorldSpec,
  names: readonly string[],
  startNs: number,
  id: number,
  random: () => number,
): Trip {
  const first = Math.floor(random() * names.length);
  const second = (first + 1 + Math.floor(random() * (names.length - 1))) % names.length;
  const [near = '', far = ''] = [names[first], names[second]];
  const isUp = near < far;
  const jitter = () => -Math.log(1 - random()) * world.jitterNs;
  const there = () => (isUp ? world.upNs : world.downNs) + jitter();
  const back = (isUp ? world.downNs : world.upNs) + jitter();
  const isSynLost = random() < (world.synLossShare ?? 0);
  const resentNs = isSynLost ? 1e9 : 0;
  const setUpNs = 10_000 + there();
  const synFar = startNs + resentNs + setUpNs;
  const synAckFar = synFar + 20_000 + jitter();
  const synAckNear = synAckFar + back;
  const ackNear = synAckNear + 30_000 + (world.awayNs ?? 0) + jitter();
  const onwardNs = there();
  const stamps = {
    near: [startNs, synAckNear, ackNear],
    far: [synFar, synAckFar, ackNear + onwardNs],
  };
  const stamp = (node: string, tNs: number) =>
    Math.round(reading(clockOf(world, node), tNs) + gaussian(random) * (world.stampSigmaNs ?? 0));
  const [nearLeg, farLeg] = blankLegs(id, near, far);
  return {
    near: stamped(
      nearLeg,
      stamps.near.map((tNs) => stamp(near, tNs)),
      isSynLost ? 2 : 1,
    ),
    far: stamped(
      farLeg,
      stamps.far.map((tNs) => stamp(far, tNs)),
      1,
    ),
    firstPacketNs: setUpNs + back,
    steadyNs: back + onwardNs,
    oneWayNs: onwardNs,
    atNs: isUp ? synAckNear : synAckFar,
  };
}

function blankLegs(id: number, near: string, far: string): [Leg, Leg] {
  const tuple = '10.0.0.1:1 > 10.0.0.2:80';
  const taps = [
    { node: near, role: 'uplink', direction: 'tx', tuple },
    { node: far, role: 'uplink', direction: 'rx', tuple },
  ] as const;
  return legsOf({ id, taps }) as [Leg, Leg];
}

function stamped(leg: Leg, [synNs = 0, synAckNs = 0, ackNs = 0]: number[], synCount: number): Leg {
  const startUs = Math.floor(synNs / 1000);
  const after = (ns: number) => ns - startUs * 1000;
  return {
    ...leg,
    startUs: T0_US + startUs,
    synNs: after(synNs),
    synAckNs: after(synAckNs),
    ackNs: after(ackNs),
    firstRequestNs: after(ackNs) + 5000,
    synCount,
  };
}

function clockOf(world: WorldSpec, node: string): ClockSpec {
  return world.clocks[node] ?? { offsetNs: 0, driftPpm: 0 };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mulberry32: seeded, so that a failure can be repeated. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
