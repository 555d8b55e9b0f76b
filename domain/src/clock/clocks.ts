/**
 * What is known of all pairs of clocks, as a value: observe() answers the next one. Bounded: MAX_PAIRS pairs
 * of two windows of 60 bins, about 10 kB a pair; the pair that learnt nothing for longest leaves first.
 * Cost: a sample that tells nothing new (nearly all) is one look at a polygon of some ten corners; a call
 * that learns something copies the table of pairs once. So call it with many connections at a time.
 */
import { type CycleFault, cycleFaults, suspectsOf } from './cycles.ts';
import { boundsAt, newPairClock, type PairClock, withSample } from './pairClock.ts';
import { type ClockSample, type Leg, samplesOf } from './samples.ts';
import type { OffsetBound } from './window.ts';

const MAX_PAIRS = 4096;
/** Triangles of clocks are checked after so many new pieces of knowledge, and whenever a pair is new or stepped. */
const NEWS_PER_CHECK = 256;

export interface ClockBounds {
  /** By `cluster|a|b`, a before b. */
  readonly pairs: ReadonlyMap<string, PairClock>;
  /** Triangles that do not close: at least one of their three bounds is wrong. */
  readonly faults: readonly CycleFault[];
  /** Pairs that these triangles blame; nothing is claimed for them. */
  readonly suspects: ReadonlySet<string>;
  readonly newsSinceCheck: number;
}

export const NO_CLOCKS: ClockBounds = {
  pairs: new Map(),
  faults: [],
  suspects: new Set(),
  newsSinceCheck: 0,
};

/** Legs of any connections, in any order, seen before or not. Legs that say nothing of clocks are passed over. */
export function observe(clocks: ClockBounds, legs: readonly Leg[]): ClockBounds {
  const changed = new Map<string, PairClock>();
  let news = 0;
  let isStructural = false;
  for (const sample of samplesOf(legs)) {
    const before = changed.get(sample.pair) ?? clocks.pairs.get(sample.pair);
    const after = before === undefined ? newPairClock(sample) : withSample(before, sample);
    if (after === before) continue;
    isStructural ||= before === undefined || after.steps !== before.steps;
    news += 1;
    changed.set(sample.pair, after);
  }
  if (news === 0) return clocks;
  const pairs = withChanges(clocks.pairs, changed);
  const newsSinceCheck = clocks.newsSinceCheck + news;
  if (!isStructural && newsSinceCheck < NEWS_PER_CHECK) return { ...clocks, pairs, newsSinceCheck };
  const faults = cycleFaults(pairs);
  return { pairs, faults, suspects: suspectsOf(faults), newsSinceCheck: 0 };
}

/**
 * The offset (clock of b − clock of a, names in order) when `sample` was taken, narrowed by the sample itself.
 * Null: pair unknown, not bounded at that time, blamed by a triangle, or at odds with the sample.
 */
export function offsetOf(clocks: ClockBounds, sample: ClockSample): OffsetBound | null {
  const pair = clocks.pairs.get(sample.pair);
  if (pair === undefined || clocks.suspects.has(sample.pair)) return null;
  let only: OffsetBound | null = null;
  for (const bound of boundsAt(pair, sample.atUs)) {
    const narrow = narrowedBy(bound, sample);
    // Two windows that both fit leave it open which of them held.
    if (narrow !== null && only !== null) return null;
    only = narrow ?? only;
  }
  return only;
}

function narrowedBy(bound: OffsetBound, sample: ClockSample): OffsetBound | null {
  const shiftNs = (bound.baseUs - sample.baseUs) * 1000;
  const lowNs = Math.max(bound.lowNs + shiftNs, sample.lowNs);
  const highNs = Math.min(bound.highNs + shiftNs, sample.highNs);
  return lowNs > highNs ? null : { baseUs: sample.baseUs, lowNs, highNs };
}

function withChanges(
  known: ReadonlyMap<string, PairClock>,
  changed: ReadonlyMap<string, PairClock>,
): Map<string, PairClock> {
  const pairs = new Map(known);
  for (const [key, pair] of changed) {
    pairs.delete(key);
    pairs.set(key, pair);
  }
  for (const key of pairs.keys()) {
    if (pairs.size <= MAX_PAIRS) break;
    pairs.delete(key);
  }
  return pairs;
}
