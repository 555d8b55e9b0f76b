/**
 * In which order a connection wore its tuples, by what each machine's conntrack says it made of which.
 *
 *   client > VIP ──[lb]──► lb > NodePort ──[node]──► node > Pod
 *        0                     1                         2
 *
 * Exact where every tuple is on one chain. The TTL says the same, but for where a SYNPROXY opens a handshake anew.
 */
import { reverseTuple, tupleKey } from '../model/tuple.ts';
import type { Leg } from './evidence.ts';
import { formKeys } from './forms.ts';

export type TupleRanks = ReadonlyMap<string, number>;

/** Empty where the rewrites that were seen leave open what came first: branches, circles, pieces that do not meet. */
export function tupleRanks(legs: readonly Leg[]): TupleRanks {
  const next = new Map<string, string>();
  const made = new Set<string>();
  for (const { original, reply } of legs) {
    if (original === null || reply === null) continue;
    const [before, after] = [tupleKey(original), tupleKey(reverseTuple(reply))];
    if (before === after || next.get(before) === after) continue;
    if (next.has(before) || made.has(after)) return new Map();
    next.set(before, after);
    made.add(after);
  }
  const tuples = formKeys(legs);
  const [first, ...others] = [...tuples].filter((key) => !made.has(key));
  if (first === undefined || others.length > 0) return new Map();
  const ranks = new Map<string, number>();
  for (let at: string | undefined = first; at !== undefined; at = next.get(at))
    ranks.set(at, ranks.size);
  return ranks.size === tuples.size ? ranks : new Map();
}
