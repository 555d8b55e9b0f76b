import { formatShare } from './format.ts';
import type { Outcome } from './model.ts';
import { OutcomeGlyph } from './OutcomeBadge.tsx';
import type { OutcomeCount } from './overview.ts';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';
import { isRefused } from './words.ts';

interface OverviewBarProps {
  readonly theme: ViewTheme;
  /** null while nothing is known: places are kept, figures are not invented. */
  readonly figures: {
    readonly total: number;
    readonly outcomes: readonly OutcomeCount[];
    readonly withExtra: number;
  } | null;
  /** What the figures count, such as `all paths of the last 15 minutes`. */
  readonly scope: string;
  /** Stands where a figure is not known: still on its way, or failed. */
  readonly placeholder: '…' | '–';
  readonly selected: Outcome | null;
  /** A figure was chosen as filter, or taken back (null). */
  readonly onSelect?: (outcome: Outcome | null) => void;
}

const OUTCOMES = ['served', 'reset', 'rejected', 'dropped', 'unknown'] as const;

/** Outcomes, refusals and the share of paths with extra hops, each of them a filter. */
export function OverviewBar({
  theme,
  figures,
  scope,
  placeholder,
  selected,
  onSelect,
}: OverviewBarProps) {
  const countOf = (outcome: Outcome) =>
    figures?.outcomes.find((entry) => entry.outcome === outcome)?.count ?? 0;
  const refused = OUTCOMES.filter(isRefused).reduce((sum, outcome) => sum + countOf(outcome), 0);
  return (
    <ViewRoot theme={theme} className="ht-overview">
      <fieldset className="ht-tiles" aria-label={`Outcomes of ${scope}`}>
        {OUTCOMES.map((outcome) => (
          <button
            key={outcome}
            type="button"
            className={`ht-tile ht-tile-${outcome} ${countOf(outcome) === 0 ? 'ht-tile-none' : ''}`}
            aria-pressed={selected === outcome}
            onClick={() => onSelect?.(selected === outcome ? null : outcome)}
          >
            <span className="ht-tile-name">
              <OutcomeGlyph outcome={outcome} /> {outcome}
            </span>
            <span className="ht-tile-figure">
              {figures === null ? placeholder : countOf(outcome)}
            </span>
          </button>
        ))}
        <div className="ht-tile ht-tile-plain">
          <span className="ht-tile-name">refused</span>
          <span className="ht-tile-figure">
            {figures === null ? placeholder : formatShare(refused, figures.total)}
          </span>
        </div>
        <div className="ht-tile ht-tile-plain">
          <span className="ht-tile-name">⤳ with known extra hop</span>
          <span className="ht-tile-figure">
            {figures === null ? placeholder : formatShare(figures.withExtra, figures.total)}
          </span>
        </div>
      </fieldset>
      <p className="ht-muted ht-small ht-scope">{scope}</p>
    </ViewRoot>
  );
}
