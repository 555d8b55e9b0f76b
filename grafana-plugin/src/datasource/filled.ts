/** Variables filled in, and what then means "all" left out. */
import type { HoptraceQuery } from './query.ts';

/** Value of "All" in the variables of our dashboards. */
export const ALL = '*';

const TEXTS = [
  'pathId',
  'service',
  'client',
  'node',
  'outcome',
  'class',
  'extraHops',
  'refusalKind',
] as const satisfies readonly (keyof HoptraceQuery)[];

/** Empty texts, `*`, and variables that have no value yet are no filter. */
export function filledQuery(query: HoptraceQuery, fill: (text: string) => string): HoptraceQuery {
  const filled = { ...query };
  for (const name of TEXTS) {
    const text = fill(query[name] ?? '').trim();
    if (text === '' || text === ALL || text.startsWith('$')) delete filled[name];
    else filled[name] = text;
  }
  return filled;
}
