/**
 * Where a place's time may be cut: when nobody is inside. What is sent on lies within what caused it, so nothing
 * before such a moment has to do with anything after it.
 *
 *   inbound    ├────────┤  ├──┤        ├───────┤
 *   outbound      ├──┤      ├┤            ├─┤
 *                        ^      ^ ^ ^          ^   cuts are made at the first such moment after a mark of the grid
 */
import type { TimeWindow } from '@hoptrace/domain/loss/timeWindows.ts';
import type { Stay } from './visits.ts';

/** Marks are a second apart at least: shorter windows teach nothing of a proxy. */
const MIN_WINDOW_US = 1_000_000;
/** Stamps of one clock may be in either order within this. */
const SLACK_US = 10;

export interface Cuts {
  /** Each begins and ends with nobody inside, and holds at most so many stays. */
  readonly windows: readonly TimeWindow[];
  /** Stretches that are left out: somebody was inside all the time, or too many came. */
  readonly uncut: number;
}

/** `stays`: all of [fromUs, toUs + (toUs - fromUs)), in any order. Null where nobody left before the next stretch is over. */
export function cutWindows(
  stays: readonly Stay[],
  { fromUs, toUs }: TimeWindow,
  maxStays: number,
): Cuts & { readonly span: TimeWindow | null } {
  const sorted = [...stays].sort((a, b) => a.fromUs - b.fromUs);
  const span = { fromUs: idleFrom(sorted, fromUs), toUs: idleFrom(sorted, toUs) };
  if (span.fromUs >= toUs || span.toUs >= toUs + (toUs - fromUs))
    return { windows: [], uncut: 1, span: null };
  const windows: TimeWindow[] = [];
  let uncut = 0;
  const cut = (window: TimeWindow, mark: TimeWindow) => {
    if (countIn(sorted, window) <= maxStays) {
      windows.push(window);
      return;
    }
    const middleUs = Math.floor((mark.fromUs + mark.toUs) / 2);
    const idleUs = idleFrom(sorted, middleUs);
    const isCut = idleUs > window.fromUs && idleUs < window.toUs;
    if (middleUs - mark.fromUs < MIN_WINDOW_US || !isCut) {
      uncut += 1;
      return;
    }
    cut({ fromUs: window.fromUs, toUs: idleUs }, { fromUs: mark.fromUs, toUs: middleUs });
    cut({ fromUs: idleUs, toUs: window.toUs }, { fromUs: middleUs, toUs: mark.toUs });
  };
  cut(span, { fromUs, toUs });
  return { windows, uncut, span };
}

/** Does the stay belong to the window? One that ends before it was never inside. */
export function isIn({ fromUs }: Stay, window: TimeWindow): boolean {
  return fromUs >= window.fromUs && fromUs < window.toUs;
}

/** The first moment from `atUs` on at which nobody is inside. Expects stays in the order of their beginnings. */
function idleFrom(sorted: readonly Stay[], atUs: number): number {
  let idleUs = atUs;
  for (const { fromUs, toUs } of sorted) {
    if (fromUs - SLACK_US > idleUs) break;
    if (toUs + SLACK_US >= idleUs) idleUs = toUs + SLACK_US + 1;
  }
  return idleUs;
}

function countIn(sorted: readonly Stay[], window: TimeWindow): number {
  return sorted.reduce((count, stay) => count + (isIn(stay, window) ? 1 : 0), 0);
}
