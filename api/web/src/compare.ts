/** Where a time range is split into before and after. */
import type { Change } from '../../../domain/src/rest/changes.ts';
import { apiWindow, type TimeRange } from './filters.ts';

export interface Split {
  readonly fromUs: number;
  readonly atUs: number;
  readonly toUs: number;
  /** Why there. */
  readonly text: string;
}

const QUARTER_US = 15 * 60 * 1_000_000;

interface SplitContext {
  readonly nowMs: number;
  /** Microseconds as the address gives them; null: none. */
  readonly asked: string | null;
  /** Newest first. */
  readonly changes: readonly Change[];
}

/**
 * As asked, else at the newest change of a policy, else of anything else that somebody changed, else in the middle.
 * Always inside of the range.
 */
export function splitOf(range: TimeRange, { nowMs, asked, changes }: SplitContext): Split {
  const window = apiWindow(range, nowMs);
  const toUs = Math.max(1, instantUs(window.get('to')) ?? nowMs * 1000);
  const fromUs = Math.min(instantUs(window.get('from')) ?? toUs - QUARTER_US, toUs - 1);
  const inside = (us: number) => us > fromUs && us < toUs;
  const known = changes.filter(({ atUs }) => inside(atUs));
  const wanted = asked === null ? Number.NaN : Number(asked);
  if (inside(wanted)) {
    const change = known.find(({ atUs }) => atUs === wanted);
    return { fromUs, toUs, atUs: wanted, text: change?.text ?? 'the instant of the address' };
  }
  const change =
    known.find(({ kind }) => kind === 'policy') ?? known.find(({ kind }) => kind !== 'health');
  if (change !== undefined) return { fromUs, toUs, atUs: change.atUs, text: change.text };
  const atUs = Math.floor((fromUs + toUs) / 2);
  return { fromUs, toUs, atUs, text: 'the middle of the range: no change is known in it' };
}

function instantUs(text: string | null): number | null {
  if (text === null) return null;
  const us = /^\d+$/.test(text) ? Number(text) : Date.parse(text) * 1000;
  return Number.isFinite(us) ? us : null;
}
