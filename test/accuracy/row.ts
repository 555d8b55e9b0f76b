/** One row of the result: value, goal, met. */
import type { ResultRow } from '../lab/commands/output.ts';

type Direction = 'atLeast' | 'atMost';

/** Nothing counted is nothing proved: such a row is not met. */
export function row(
  name: string,
  value: number,
  goal: number | null,
  unit: string,
  direction: Direction = 'atLeast',
): ResultRow {
  const isMet = goal === null || (direction === 'atLeast' ? value >= goal : value <= goal);
  return { name, value, goal, unit, met: isMet };
}
