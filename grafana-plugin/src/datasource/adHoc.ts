/** Ad hoc filters as filters of the API, which knows equality only. */
import type { HoptraceQuery } from './query.ts';

export const AD_HOC_KEYS = ['service', 'client', 'node', 'outcome', 'class'] as const;

/** A filter that cannot be sent; the message says which, and what is possible. */
export class FilterError extends Error {}

interface AdHocFilter {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
}

function isPossible(kind: HoptraceQuery['kind'], key: (typeof AD_HOC_KEYS)[number]): boolean {
  if (kind === 'paths' || kind === 'graph') return true;
  return kind.startsWith('refusal') && key !== 'outcome' && key !== 'class';
}

/** The query's own filters win. A filter that the kind of query does not know is an error: ignored, it would mislead. */
export function withAdHocFilters(
  query: HoptraceQuery,
  filters: readonly AdHocFilter[],
): HoptraceQuery {
  let filtered = query;
  for (const { key, operator, value } of filters) {
    const known = AD_HOC_KEYS.find((each) => each === key);
    if (known === undefined || operator !== '=')
      throw new FilterError(
        `The filter "${key} ${operator} ${value}" is not possible: the API filters by ${AD_HOC_KEYS.join(', ')}, with "=" only.`,
      );
    if (!isPossible(query.kind, known))
      throw new FilterError(`A query of kind "${query.kind}" cannot be filtered by ${known}.`);
    filtered = { ...filtered, [known]: filtered[known] ?? value };
  }
  return filtered;
}
