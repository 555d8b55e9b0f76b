/**
 * One pair of clocks over time: windows between steps.
 *
 *   previous ─────────╳ step
 *                      x  x  x     three samples that fit no line of `current`, but one another: a new window
 *                      current ──────────►
 *
 * One sample that fits nothing is more likely wrong than the clock; it waits as `candidate`.
 */
import { middleAt } from './polygon.ts';
import type { ClockSample } from './samples.ts';
import {
  addSample,
  boundAt,
  fits,
  type OffsetBound,
  sinceOf,
  startWindow,
  untilOf,
  type Window,
} from './window.ts';

const SAMPLES_THAT_PROVE_A_STEP = 3;
const CANDIDATE_US = 10e6;
const SILENCE_US = 60e6;

interface Candidate {
  readonly window: Window;
  readonly count: number;
}

export interface Step {
  /** When, by the clock of a, and by how much b jumped ahead of a. */
  readonly atUs: number;
  readonly byNs: number;
}

export interface PairClock {
  readonly current: Window;
  /** The window before the last step: for what arrives late, and for questions about that time. */
  readonly previous: Window | null;
  readonly candidate: Candidate | null;
  readonly lastStep: Step | null;
  readonly steps: number;
}

export function newPairClock(sample: ClockSample): PairClock {
  return {
    current: startWindow(sample, false),
    previous: null,
    candidate: null,
    lastStep: null,
    steps: 0,
  };
}

/** Answers the same value where the sample says nothing new. */
export function withSample(pair: PairClock, sample: ClockSample): PairClock {
  const { current, previous } = pair;
  if (sample.atUs > untilOf(current) + SILENCE_US)
    return { ...newPairClock(sample), steps: pair.steps };
  if (fits(current, sample)) {
    const next = addSample(current, sample);
    return next === current ? pair : { ...pair, current: next };
  }
  if (previous !== null && sample.atUs <= untilOf(previous) && fits(previous, sample)) return pair;
  const candidate = asCandidate(pair.candidate, sample);
  if (candidate.count < SAMPLES_THAT_PROVE_A_STEP) return { ...pair, candidate };
  return {
    current: candidate.window,
    previous: current,
    candidate: null,
    lastStep: stepBetween(current, candidate.window),
    steps: pair.steps + 1,
  };
}

/** The bounds that may hold at `atUs` (clock of a): one, or two where a clock went back over its own time. */
export function boundsAt({ current, previous }: PairClock, atUs: number): OffsetBound[] {
  const now = boundAt(current, atUs);
  const isOver = previous === null || atUs > untilOf(previous);
  const before = isOver ? null : boundAt(previous, atUs);
  if (now === null) return before === null ? [] : [before];
  return before === null ? [now] : [now, before];
}

function asCandidate(candidate: Candidate | null, sample: ClockSample): Candidate {
  const isFresh =
    candidate !== null &&
    Math.abs(sample.atUs - sinceOf(candidate.window)) <= CANDIDATE_US &&
    fits(candidate.window, sample);
  if (!isFresh) return { window: startWindow(sample, true), count: 1 };
  return { window: addSample(candidate.window, sample), count: candidate.count + 1 };
}

function stepBetween(before: Window, after: Window): Step {
  const atUs = after.stepAtUs ?? sinceOf(after);
  const middleOf = (window: Window) => middleAt(window.polygon, (atUs - window.originUs) / 1e6);
  const byNs = (after.baseUs - before.baseUs) * 1000 + middleOf(after) - middleOf(before);
  return { atUs, byNs: Math.round(byNs) };
}
