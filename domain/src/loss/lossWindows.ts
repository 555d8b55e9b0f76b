/**
 * When an agent lost records. What was seen stays true then; what was not seen proves nothing, so whoever
 * concludes from silence ("this proxy opened no connection") has to ask here first.
 */
import type { Envelope } from '../wire/v1.ts';
import { isWithin, type TimeWindow, withWindow } from './timeWindows.ts';

/** By node; by the agent's own clock, as startUs and sentAtUs are. */
export type LossWindows = ReadonlyMap<string, readonly TimeWindow[]>;

/** Losses of a first envelope may be as old as what the agent keeps in memory. */
const FIRST_WINDOW_US = 60_000_000;
/** An event is stamped before its record is sent, and clocks are stepped: windows are a little wider than told. */
const MARGIN_US = 2_000_000;
/** A node that loses all the time has one long window; one that loses now and then forgets the oldest. */
const MAX_WINDOWS = 64;

/**
 * Adds what an envelope says that its agent lost since the one before it, which was sent at `previousSentAtUs`
 * (null: this is the first that is known). Answers the same windows where nothing was lost.
 */
export function noteLosses(
  windows: LossWindows,
  { node, losses, sentAtUs }: Pick<Envelope, 'node' | 'losses' | 'sentAtUs'>,
  previousSentAtUs: number | null,
): LossWindows {
  if (Object.values(losses).every((count) => count === 0)) return windows;
  const since = previousSentAtUs ?? sentAtUs - FIRST_WINDOW_US;
  const window = {
    fromUs: Math.min(since, sentAtUs) - MARGIN_US,
    toUs: Math.max(since, sentAtUs) + MARGIN_US,
  };
  return new Map(windows).set(node, withWindow(windows.get(node) ?? [], window, MAX_WINDOWS));
}

/** Did this node's agent lose anything within the time? */
export function hasLosses(
  windows: LossWindows | undefined,
  node: string,
  window: TimeWindow,
): boolean {
  return isWithin(windows?.get(node) ?? [], window);
}
