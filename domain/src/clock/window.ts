/**
 * What the last seconds say about one pair of clocks: the tightest bounds of each second, and all lines through
 * them. A value: adding evidence answers a new window, or the same one if the evidence says nothing new.
 *
 *   bins     │▔ ▔│▔  │▔▔ │ ▔ │ ▔▔│      upper bounds: fastest packet towards b
 *            │▁▁ │ ▁▁│▁  │▁ ▁│▁▁ │      lower bounds: fastest packet towards a
 *            seconds with evidence, none older than 60 s, at most 15; the oldest five leave together
 *
 * Why not more of them: a clock is straight for seconds, not for minutes. Where evidence is dense, ten seconds
 * of it bound as well as sixty, and a clock whose rate wanders does not leave the line so far.
 */
import {
  cutAbove,
  cutBelow,
  extentAt,
  type Interval,
  linesThrough,
  middleAt,
  type Polygon,
} from './polygon.ts';
import type { ClockSample } from './samples.ts';
import { PAIR_DRIFT } from './stampErrors.ts';

const MAX_SECONDS = 60;
const MAX_BINS = 15;
const BINS_KEPT = 10;
const SECONDS_KEPT = 55;
const SECOND_US = 1e6;
const MAX_SLOPE_NS_PER_S = PAIR_DRIFT * 1e9;
/**
 * How far a real clock may leave the straight line within a window: a rate that wanders by 0.1 µs/s over
 * 60 s leaves the best line by an eighth of 6 µs (and 0.4 µs/s over 15 s by as much).
 */
const BEND_NS_PER_S = 100;
const BEND_NS = (BEND_NS_PER_S * MAX_SECONDS) / 8;
/** Before the first sample and after the last, by the clock of a. */
const VALID_BEFORE_US = 60 * SECOND_US;
const VALID_AFTER_US = 60 * SECOND_US;

/** Bounds relative to the window's baseUs, each at the time at which its packet was seen. */
interface Bin {
  readonly second: number;
  readonly lowAtUs: number;
  readonly lowNs: number;
  readonly highAtUs: number;
  readonly highNs: number;
}

export interface Window {
  readonly baseUs: number;
  /** x = 0 of the polygon, microseconds of the clock of a. */
  readonly originUs: number;
  /** Sorted by second. */
  readonly bins: readonly Bin[];
  readonly polygon: Polygon;
  /** Set where the window began with a step: it says nothing about the time before. */
  readonly stepAtUs: number | null;
}

/** Relative to `baseUs` whole microseconds. */
export interface OffsetBound extends Interval {
  readonly baseUs: number;
}

export function startWindow(sample: ClockSample, isAfterStep: boolean): Window {
  const stepAtUs = isAfterStep ? sample.atUs : null;
  const window = { baseUs: sample.baseUs, originUs: sample.atUs, stepAtUs };
  const strip = stripOf(window, sample);
  return {
    ...window,
    bins: [binOf(sample.atUs, strip)],
    polygon: linesThrough(strip, MAX_SLOPE_NS_PER_S),
  };
}

/** Whether some allowed line meets the sample. False proves that the clock stepped, or that the sample is wrong. */
export function fits(window: Window, sample: ClockSample): boolean {
  const extent = extentAt(window.polygon, xOf(window, sample.atUs));
  const strip = stripOf(window, sample);
  return strip.lowNs <= extent.highNs && strip.highNs >= extent.lowNs;
}

/** Give it only samples that fit. Samples older than its bins change nothing. */
export function addSample(window: Window, sample: ClockSample): Window {
  const last = window.bins.at(-1);
  const second = Math.floor(sample.atUs / SECOND_US);
  if (last === undefined || second <= last.second - MAX_SECONDS) return window;
  const xS = xOf(window, sample.atUs);
  const strip = stripOf(window, sample);
  const bins = improved(window, sample.atUs, strip);
  const polygon = narrowed(window.polygon, xS, strip);
  if (bins === window.bins && polygon === window.polygon) return window;
  const next = { ...window, bins, polygon };
  const spanS = (bins.at(-1)?.second ?? 0) - (bins[0]?.second ?? 0);
  return bins.length <= MAX_BINS && spanS < MAX_SECONDS ? next : withoutOldest(next);
}

/** The extent of everything that is possible at `atUs` (clock of a); null outside the window's time. */
export function boundAt(window: Window, atUs: number): OffsetBound | null {
  const sinceUs = sinceOf(window);
  const untilUs = untilOf(window);
  if (window.stepAtUs !== null && atUs < window.stepAtUs) return null;
  if (!isInSight(window, atUs)) return null;
  const outsideS = Math.max(0, sinceUs - atUs, atUs - untilUs) / SECOND_US;
  const slackNs = BEND_NS + BEND_NS_PER_S * outsideS;
  const { lowNs, highNs } = extentAt(window.polygon, xOf(window, atUs));
  return { baseUs: window.baseUs, lowNs: lowNs - slackNs, highNs: highNs + slackNs };
}

/** Whether the window says anything of `atUs` (clock of a). */
export function isInSight(window: Window, atUs: number): boolean {
  return atUs >= sinceOf(window) - VALID_BEFORE_US && atUs <= untilOf(window) + VALID_AFTER_US;
}

/** The begin of the first second with evidence. */
export function sinceOf(window: Window): number {
  return (window.bins[0]?.second ?? 0) * SECOND_US;
}

/** The end of the last second with evidence. */
export function untilOf(window: Window): number {
  const last = window.bins.at(-1);
  return ((last?.second ?? 0) + 1) * SECOND_US;
}

function xOf(window: Pick<Window, 'originUs'>, atUs: number): number {
  return (atUs - window.originUs) / SECOND_US;
}

function stripOf({ baseUs }: Pick<Window, 'baseUs'>, sample: ClockSample): Interval {
  const shiftNs = (sample.baseUs - baseUs) * 1000;
  return { lowNs: sample.lowNs + shiftNs - BEND_NS, highNs: sample.highNs + shiftNs + BEND_NS };
}

function binOf(atUs: number, { lowNs, highNs }: Interval): Bin {
  const second = Math.floor(atUs / SECOND_US);
  return { second, lowAtUs: atUs, lowNs, highAtUs: atUs, highNs };
}

function narrowed(polygon: Polygon, xS: number, { lowNs, highNs }: Interval): Polygon {
  const extent = extentAt(polygon, xS);
  const above = highNs < extent.highNs ? cutAbove(polygon, xS, highNs) : polygon;
  return lowNs > extent.lowNs ? cutBelow(above, xS, lowNs) : above;
}

/** Bounds of one second are compared against the middle line, so that drift within it does not decide. */
function improved(window: Window, atUs: number, strip: Interval): readonly Bin[] {
  const fresh = binOf(atUs, strip);
  const place = window.bins.findLastIndex((bin) => bin.second <= fresh.second);
  const bin = window.bins[place];
  if (bin === undefined || bin.second !== fresh.second)
    return window.bins.toSpliced(place + 1, 0, fresh);
  const middle = (us: number) => middleAt(window.polygon, xOf(window, us));
  const isLower = strip.highNs - middle(atUs) < bin.highNs - middle(bin.highAtUs);
  const isHigher = strip.lowNs - middle(atUs) > bin.lowNs - middle(bin.lowAtUs);
  if (!isLower && !isHigher) return window.bins;
  const best = {
    ...bin,
    ...(isLower ? { highAtUs: atUs, highNs: strip.highNs } : {}),
    ...(isHigher ? { lowAtUs: atUs, lowNs: strip.lowNs } : {}),
  };
  return window.bins.with(place, best);
}

/** Cuts are not undone one by one: what remains is drawn anew, with x = 0 at its first bin. */
function withoutOldest(window: Window): Window {
  const newest = window.bins.at(-1)?.second ?? 0;
  const bins = window.bins.slice(-BINS_KEPT).filter((bin) => bin.second > newest - SECONDS_KEPT);
  const first = bins[0];
  if (first === undefined) return window;
  const originUs = first.highAtUs;
  const apartNs = (Math.abs(first.highAtUs - first.lowAtUs) / SECOND_US) * MAX_SLOPE_NS_PER_S;
  const start = linesThrough(
    { lowNs: first.lowNs - apartNs, highNs: first.highNs },
    MAX_SLOPE_NS_PER_S,
  );
  const polygon = bins.reduce((lines, bin) => {
    const above = cutAbove(lines, (bin.highAtUs - originUs) / SECOND_US, bin.highNs);
    return cutBelow(above, (bin.lowAtUs - originUs) / SECOND_US, bin.lowNs);
  }, start);
  return { ...window, originUs, bins, polygon };
}
