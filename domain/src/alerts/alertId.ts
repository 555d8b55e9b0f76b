/** The same for the same rule and labels, however they are ordered, on every run: `rule-0123456789abcdef`. */
import { hash64 } from '../model/textHash.ts';
import type { Labels } from '../rest/alerts.ts';

export function alertIdOf(ruleId: string, labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${ruleId}-${hash64(JSON.stringify(sorted))}`;
}
