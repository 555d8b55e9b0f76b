/** Which time range a list answers for. */
import { badParameter } from './parameters.ts';
import type { TimeWindow } from './pathStore.ts';

export const DEFAULT_WINDOW_US = 15 * 60 * 1_000_000;

/** 3 March 1973. Smaller numbers are seconds or milliseconds by mistake, and would silently find nothing. */
const SMALLEST_PLAUSIBLE_US = 100_000_000_000_000;

/**
 * Fills in the defaults: `to` = now, `from` = 15 minutes before `to`. Microseconds.
 * Throws HOP_PARAMETER_INVALID for an empty window and for numbers that are no microseconds. 0 means "from the beginning".
 */
export function resolveWindow(
  asked: { readonly from?: number | undefined; readonly to?: number | undefined },
  nowUs: number,
): TimeWindow {
  if (asked.from !== undefined) requireMicroseconds('from', asked.from);
  if (asked.to !== undefined) requireMicroseconds('to', asked.to);
  const to = asked.to ?? nowUs;
  const from = asked.from ?? Math.max(0, to - DEFAULT_WINDOW_US);
  if (from < to) return { from, to };
  const end = asked.to === undefined ? `now (${instant(to)})` : `to (${instant(to)})`;
  throw badParameter(
    'from',
    `from (${instant(from)}) is not before ${end}, so that no path can lie between.`,
    'Choose a from that is earlier than to; to is exclusive and defaults to now.',
  );
}

/** Throws HOP_PARAMETER_INVALID for what cannot be microseconds since the epoch; 0 may be the beginning. */
export function requireMicroseconds(field: string, valueUs: number): void {
  if (valueUs === 0) return;
  if (valueUs < 0) throw badParameter(field, `${field} lies before 1970.`);
  if (!Number.isSafeInteger(valueUs)) {
    throw badParameter(field, `${field} is too large for microseconds: it looks like nanoseconds.`);
  }
  if (valueUs < SMALLEST_PLAUSIBLE_US) {
    throw badParameter(
      field,
      `${field} ${valueUs} is too small for microseconds: it looks like seconds or milliseconds.`,
    );
  }
}

function instant(valueUs: number): string {
  const date = new Date(valueUs / 1000);
  return Number.isNaN(date.getTime()) ? String(valueUs) : date.toISOString();
}
