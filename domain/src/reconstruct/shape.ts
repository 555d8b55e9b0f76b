/**
 * Do two legs look like one connection? Each tap counts from the SYN that it saw, on its own clock: what came after
 * it, came after as long at every tap, but for the little that one packet travels longer than another.
 */
import type { Leg } from './evidence.ts';

/** Queues between two taps differ from packet to packet by less than this; connections last as it happens. */
const TOLERANCE_NS = 5_000_000;
/** Two clocks run apart by at most 100 ppm. */
const DRIFT = 1e-4;

const MILESTONES = ['firstRequestNs', 'firstResponseNs', 'endNs'] as const;

/** `unknown`: no milestone that both saw. Handshakes nest, so they are left to order() and its veto. */
export function compareShapes(a: Leg, b: Leg): 'same' | 'different' | 'unknown' {
  if (a.synCount > 1 || b.synCount > 1) return 'unknown';
  const gaps = MILESTONES.flatMap((milestone) => {
    const [aNs, bNs] = [a[milestone], b[milestone]];
    if (aNs === null || bNs === null) return [];
    const [aSpanNs, bSpanNs] = [aNs - a.synNs, bNs - b.synNs];
    return [Math.abs(aSpanNs - bSpanNs) - Math.max(aSpanNs, bSpanNs) * DRIFT];
  });
  if (gaps.length === 0) return 'unknown';
  return gaps.every((gapNs) => gapNs <= TOLERANCE_NS) ? 'same' : 'different';
}
