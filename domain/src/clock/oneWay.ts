/**
 * One-way times, which need what two clocks say to be compared. An interval, never a point: handshakes bound
 * the sum of both directions, and no traffic tells how an unequal delay is shared between them.
 */
import type { OneWay, Warning } from '../rest/path.ts';
import { type ClockBounds, offsetOf } from './clocks.ts';
import type { Step } from './pairClock.ts';
import { type ClockSample, isSameAck, type Leg, sampleOf } from './samples.ts';
import { PAIR_DRIFT, STAMP_ERRORS, type StampClass } from './stampErrors.ts';

/** A step so long ago no longer touches a window of 60 s. */
const STEP_IN_SIGHT_US = 60e6;

export interface Comparison {
  readonly oneWay: OneWay | null;
  /** What a reader of this one-way time must know: a step of a clock in sight, or a broken triangle. */
  readonly warnings: readonly Warning[];
}

const NO_WARNINGS: readonly Warning[] = [];

/**
 * Towards the server, for the packet of which `rtt.valueNs` is the way there: the last packet of the handshake,
 * the SYN where that was not seen at both. One machine has one clock: there the interval is the stamps' error.
 */
export function compareStamps(
  near: Leg,
  far: Leg,
  clocks: ClockBounds,
  stampClass: StampClass = 'tap',
): Comparison {
  const isAck = isSameAck(near, far);
  const nearNs = isAck ? (near.ackNs ?? 0) : near.synNs;
  const apartNs = (isAck ? (far.ackNs ?? 0) : far.synNs) - nearNs;
  const slackNs = 2 * STAMP_ERRORS[stampClass].boundNs;
  if (near.node === far.node) {
    const insideNs = apartNs + (far.startUs - near.startUs) * 1000;
    return { oneWay: asOneWay(insideNs, 0, 0, slackNs), warnings: NO_WARNINGS };
  }
  const sample = sampleOf(near, far, stampClass);
  if (sample === null) return { oneWay: null, warnings: NO_WARNINGS };
  const warnings = clockWarnings(near, far, sample, clocks);
  const offset = offsetOf(clocks, sample);
  if (offset === null) return { oneWay: null, warnings };
  // The offset holds at the SYN-ACK; the packet passed a little earlier or later.
  const errorNs = slackNs + Math.abs(nearNs - (near.synAckNs ?? 0)) * PAIR_DRIFT;
  const oneWay =
    near.node < far.node
      ? asOneWay(apartNs, offset.lowNs, offset.highNs, errorNs)
      : asOneWay(apartNs, -offset.highNs, -offset.lowNs, errorNs);
  return { oneWay, warnings };
}

function clockWarnings(near: Leg, far: Leg, sample: ClockSample, clocks: ClockBounds) {
  const step = clocks.pairs.get(sample.pair)?.lastStep ?? null;
  const isStepped = step !== null && Math.abs(sample.atUs - step.atUs) <= STEP_IN_SIGHT_US;
  const isSuspect = clocks.suspects.size > 0 && clocks.suspects.has(sample.pair);
  if (!isStepped && !isSuspect) return NO_WARNINGS;
  const [a, b] = near.node < far.node ? [near.node, far.node] : [far.node, near.node];
  return [
    ...(isStepped ? [stepWarning(step, a, b)] : []),
    ...(isSuspect ? [contradiction(a, b)] : []),
  ];
}

/** `low` and `high` bound the offset of far against near. */
function asOneWay(apartNs: number, low: number, high: number, errorNs: number): OneWay | null {
  const lowNs = Math.max(0, Math.floor(apartNs - high - errorNs));
  const highNs = Math.ceil(apartNs - low + errorNs);
  return highNs < lowNs ? null : { lowNs, highNs };
}

function stepWarning({ byNs }: Step, a: string, b: string): Warning {
  const byUs = Math.round(Math.abs(byNs) / 1000);
  return {
    code: 'clockStepped',
    text: `the clock of ${b} jumped ${byUs} µs ${byNs < 0 ? 'back' : 'ahead'} against that of ${a}: the bounds of their offset start anew`,
    subject: `${a}/${b}`,
  };
}

function contradiction(a: string, b: string): Warning {
  return {
    code: 'clocksContradict',
    text: `the clocks of ${a}, ${b} and a third do not add up: no one-way time is given between the two`,
    subject: `${a}/${b}`,
  };
}
