/** Response times of a service in words. */
import { formatNs } from './format.ts';
import type { GraphTotals } from './model.ts';

/** Of fewer than a hundred it says nothing. */
export function tailOf({ responses, responseP99Ns }: GraphTotals): string {
  if (responseP99Ns === null) return 'not measured';
  return responses < 100 ? 'too few' : formatNs(responseP99Ns);
}

export function durationText(ns: number | null): string {
  return ns === null ? 'not measured' : formatNs(ns);
}
