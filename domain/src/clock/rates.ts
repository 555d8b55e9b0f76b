/**
 * How fast one clock runs against another: the slopes of all lines that the evidence allows.
 *
 *   offset │      ╱ ╱        Handshakes of ten seconds leave lines of a few µs/s apart. Before there are any,
 *          │   ╱╱╱           the rates may differ by all that two oscillators can.
 *          │╱╱ ╱
 *          └──────── time    No step of a clock touches a rate: durations are read on clocks that never step.
 */
import type { ClockBounds } from './clocks.ts';
import type { PairClock } from './pairClock.ts';
import { slopesOf } from './polygon.ts';
import { pairKey } from './samples.ts';
import { PAIR_DRIFT } from './stampErrors.ts';
import { isInSight, type Window } from './window.ts';

/** Clock of `far` against clock of `near`, nanoseconds a nanosecond, minus one. */
export interface Rate {
  readonly middle: number;
  /** The true rate is within `middle` ± this. */
  readonly error: number;
}

/** What the rate may wander within a window and the minute around it (see BEND_NS of window.ts). */
const WANDER = 0.4e-6;
const UNKNOWN: Rate = { middle: 0, error: PAIR_DRIFT };

/** Whose clock, and when by it: a leg is one. */
export interface Moment {
  readonly cluster: string;
  readonly node: string;
  readonly startUs: number;
}

/**
 * Of two machines at one time: `far` − `near`. Where nothing is known of that minute, or a triangle blames the
 * pair: ± PAIR_DRIFT.
 */
export function rateBetween(clocks: ClockBounds | null, near: Moment, far: Moment): Rate {
  if (near.node === far.node) return { middle: 0, error: 0 };
  const key = pairKey(near.cluster, near.node, far.node);
  const pair = clocks?.pairs.get(key);
  if (pair === undefined || clocks?.suspects.has(key)) return UNKNOWN;
  const isAlong = near.node < far.node;
  const rate = rateAt(pair, isAlong ? near.startUs : far.startUs);
  return isAlong ? rate : { ...rate, middle: -rate.middle };
}

/** A new window knows little yet; the one before a step knows the same rate better. */
function rateAt({ current, previous }: PairClock, atUs: number): Rate {
  const windows = [current, ...(previous === null ? [] : [previous])];
  const rates = windows.filter((window) => isInSight(window, atUs)).map(rateOf);
  return rates.reduce((best, rate) => (rate.error < best.error ? rate : best), UNKNOWN);
}

/**
 * The bound keeps to what oscillators can; the point is the middle of what packets alone allow. Of clocks near
 * the limit of PAIR_DRIFT the limit cuts one side off, and the middle of the rest would be wrong by half of it.
 */
function rateOf(window: Window): Rate {
  const { lowNs, highNs } = slopesOf(window.polygon);
  const slope = Math.min(highNs, Math.max(lowNs, middleSlope(window)));
  const error = Math.max(highNs - slope, slope - lowNs);
  return { middle: slope / 1e9, error: error / 1e9 + WANDER };
}

/**
 * Nanoseconds a second. A line passes above every lower bound and below every upper one, so that for each two
 * of them   slope · (x of upper − x of lower)  ≤  upper − lower.   0 where no two seconds are known.
 */
function middleSlope({ bins }: Window): number {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (const { lowAtUs, lowNs } of bins) {
    for (const { highAtUs, highNs } of bins) {
      const apartS = (highAtUs - lowAtUs) / 1e6;
      const slope = (highNs - lowNs) / apartS;
      if (apartS > 0) most = Math.min(most, slope);
      else if (apartS < 0) least = Math.max(least, slope);
    }
  }
  return Number.isFinite(most - least) ? (least + most) / 2 : 0;
}
