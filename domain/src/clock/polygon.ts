/**
 * Every line offset(x) = offset + slope·x that the evidence allows, as a convex polygon in the plane
 * (slope, offset). A bound at one moment is one strip in that plane; more evidence cuts more away.
 *
 *   offset ┌────────┐        ┌──╲                  extent at x: the smallest and largest offset + slope·x
 *          │        │   →    │   ╲   ╲             over the corners of the WHOLE polygon. (The spread at the
 *          └────────┘         ╲___╲   slope →      best slope alone is narrower, and misses the truth.)
 */

/** A corner: nanoseconds at x = 0, nanoseconds a second. */
export interface Line {
  readonly offsetNs: number;
  readonly slopeNsPerS: number;
}
export type Polygon = readonly Line[];

export interface Interval {
  readonly lowNs: number;
  readonly highNs: number;
}

/** Allows the rounding of doubles; six orders below the stamps' own error. */
const ROUNDING_NS = 1e-3;

/** All lines of at most `maxSlopeNsPerS` that pass through the interval at x = 0. */
export function linesThrough({ lowNs, highNs }: Interval, maxSlopeNsPerS: number): Polygon {
  return [
    { offsetNs: lowNs, slopeNsPerS: -maxSlopeNsPerS },
    { offsetNs: lowNs, slopeNsPerS: maxSlopeNsPerS },
    { offsetNs: highNs, slopeNsPerS: maxSlopeNsPerS },
    { offsetNs: highNs, slopeNsPerS: -maxSlopeNsPerS },
  ];
}

export function extentAt(polygon: Polygon, xS: number): Interval {
  let lowNs = Number.POSITIVE_INFINITY;
  let highNs = Number.NEGATIVE_INFINITY;
  for (const { offsetNs, slopeNsPerS } of polygon) {
    const valueNs = offsetNs + slopeNsPerS * xS;
    if (valueNs < lowNs) lowNs = valueNs;
    if (valueNs > highNs) highNs = valueNs;
  }
  return { lowNs, highNs };
}

/** The smallest and largest slope of any line that is allowed, nanoseconds a second. */
export function slopesOf(polygon: Polygon): Interval {
  const slopes = polygon.map((line) => line.slopeNsPerS);
  return { lowNs: Math.min(...slopes), highNs: Math.max(...slopes) };
}

/** The lines that are not above `highNs` at `xS`. A cut that would leave nothing leaves all: wider, never wrong. */
export function cutAbove(polygon: Polygon, xS: number, highNs: number): Polygon {
  return cut(polygon, (line) => line.offsetNs + line.slopeNsPerS * xS - highNs - ROUNDING_NS);
}

/** The lines that are not below `lowNs` at `xS`. */
export function cutBelow(polygon: Polygon, xS: number, lowNs: number): Polygon {
  return cut(polygon, (line) => lowNs - ROUNDING_NS - line.offsetNs - line.slopeNsPerS * xS);
}

/** Sutherland and Hodgman: keeps the corners where `excess` ≤ 0, and the points where an edge crosses 0. */
function cut(polygon: Polygon, excess: (line: Line) => number): Polygon {
  const kept: Line[] = [];
  for (const [index, line] of polygon.entries()) {
    const before = polygon.at(index - 1) ?? line;
    const here = excess(line);
    const there = excess(before);
    if (here <= 0 !== there <= 0) kept.push(between(before, line, there / (there - here)));
    if (here <= 0) kept.push(line);
  }
  return kept.length === 0 ? polygon : withoutTwins(kept);
}

function between(from: Line, to: Line, share: number): Line {
  return {
    offsetNs: from.offsetNs + (to.offsetNs - from.offsetNs) * share,
    slopeNsPerS: from.slopeNsPerS + (to.slopeNsPerS - from.slopeNsPerS) * share,
  };
}

/** Corners closer than the rounding would pile up, cut after cut. */
function withoutTwins(polygon: readonly Line[]): Polygon {
  const distinct = polygon.filter((line, index) => {
    const before = polygon.at(index - 1) ?? line;
    return (
      Math.abs(line.offsetNs - before.offsetNs) > 1e-6 ||
      Math.abs(line.slopeNsPerS - before.slopeNsPerS) > 1e-6
    );
  });
  return distinct.length === 0 ? polygon.slice(0, 1) : distinct;
}

/** The middle of the corners: the line against which two bounds of one bin are compared. */
export function middleAt(polygon: Polygon, xS: number): number {
  let sumNs = 0;
  for (const { offsetNs, slopeNsPerS } of polygon) sumNs += offsetNs + slopeNsPerS * xS;
  return sumNs / Math.max(1, polygon.length);
}
