/** Figures over the paths that are loaded; the caller says how many that is and whether there are more. */
import type { Outcome, Path } from './model.ts';
import { extraHopsOf, isRefused, OUTCOME_ORDER } from './words.ts';

export interface OutcomeCount {
  readonly outcome: Outcome;
  readonly count: number;
}

export interface Overview {
  readonly total: number;
  readonly outcomes: readonly OutcomeCount[];
  readonly refused: number;
  /** Paths with at least one known extra hop. */
  readonly withExtra: number;
  /** Paths for which it is known whether they have an extra hop. */
  readonly judged: number;
}

export function overviewOf(paths: readonly Path[]): Overview {
  const outcomes = OUTCOME_ORDER.map((outcome) => ({
    outcome,
    count: paths.filter((path) => path.outcome === outcome).length,
  }));
  const verdicts = paths.map(extraHopsOf);
  return {
    total: paths.length,
    outcomes,
    refused: paths.filter(({ outcome }) => isRefused(outcome)).length,
    withExtra: verdicts.filter(({ known }) => known > 0).length,
    judged: verdicts.filter(({ known, notJudged }) => known > 0 || notJudged === 0).length,
  };
}
