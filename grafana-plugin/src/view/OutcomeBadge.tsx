import type { Outcome } from './model.ts';
import { OUTCOME_WORDS } from './words.ts';

/** 12 × 12 strokes: check, turn back, no entry, falls into nothing, question. Shape tells what colour tells. */
const GLYPHS: Record<Outcome, string> = {
  served: 'M2 6.5L5 9.5L10 3',
  reset: 'M2.5 2.5V5.5H5.5M2.8 5.2A3.8 3.8 0 1 1 3 8.2',
  rejected: 'M6 1.5A4.5 4.5 0 1 1 5.99 1.5ZM3.6 6H8.4',
  dropped: 'M6 1V7.2M3.4 4.8L6 7.4L8.6 4.8M1.5 10.5H3M5.2 10.5H6.8M9 10.5H10.5',
  unknown: 'M4 4.2A2 2 0 1 1 6.6 6.1C6.1 6.3 6 6.7 6 7.3M6 9.6V9.8',
};

export function OutcomeGlyph({ outcome }: { readonly outcome: Outcome }) {
  return (
    <svg className="ht-glyph" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={GLYPHS[outcome]} />
    </svg>
  );
}

export function OutcomeBadge({ outcome }: { readonly outcome: Outcome }) {
  return (
    <span
      className={`ht-badge ht-badge-${outcome}`}
      title={`${outcome}: ${OUTCOME_WORDS[outcome]}`}
    >
      <OutcomeGlyph outcome={outcome} />
      {outcome}
    </span>
  );
}
