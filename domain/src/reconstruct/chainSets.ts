/** Which legs hang together by their tuples: two that share a form, directly or through others. */
import { tupleKey } from '../model/tuple.ts';
import type { Leg } from './evidence.ts';
import { forms } from './forms.ts';

/** Union-find over the tuples: linear in the number of legs. Sets and legs keep the order of the input. */
export function chainSets(legs: readonly Leg[]): Leg[][] {
  const parents = legs.map((_, index) => index);
  const firstWith = new Map<string, number>();
  for (const [index, leg] of legs.entries()) {
    for (const form of forms(leg)) {
      const key = tupleKey(form);
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, index);
      else parents[rootOf(parents, index)] = rootOf(parents, first);
    }
  }
  const sets = new Map<number, Leg[]>();
  for (const [index, leg] of legs.entries()) {
    const root = rootOf(parents, index);
    const set = sets.get(root);
    if (set === undefined) sets.set(root, [leg]);
    else set.push(leg);
  }
  return [...sets.values()];
}

/** The representative of a set; shortens the way for the next call. */
function rootOf(parents: number[], index: number): number {
  let root = index;
  while (parents[root] !== root) root = parents[root] ?? root;
  for (let at = index; at !== root; ) {
    const next = parents[at] ?? root;
    parents[at] = root;
    at = next;
  }
  return root;
}
