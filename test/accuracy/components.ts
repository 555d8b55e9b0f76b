/** Cuts the records of a world as the collector does: those that share a key, directly or through others, belong together. */
import { stitchKeys } from '@hoptrace/collector/stitch/stitchKeys.ts';
import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { TupleMeetings } from '@hoptrace/domain/reconstruct/tupleMeetings.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';

/** Sets of records, in the order of their first one. Repetitions are kept: reconstruct() has to cope. */
export function componentsOf(records: readonly Sourced[]): Sourced[][] {
  const parent = records.map((_, index) => index);
  const find = (index: number): number => {
    let at = index;
    while (parent[at] !== at) {
      const up = parent[at] ?? at;
      parent[at] = parent[up] ?? up;
      at = up;
    }
    return at;
  };
  const firstByKey = new Map<string, number>();
  const tuples = new TupleMeetings();
  for (const [index, record] of records.entries()) {
    const { keys, tuple } = stitchKeys(record);
    for (const key of keys) {
      const first = firstByKey.get(key);
      if (first === undefined) firstByKey.set(key, index);
      else parent[find(index)] = find(first);
    }
    if (tuple === null) continue;
    for (const holder of tuples.note(tuple.use, tuple.holder, record.startUs))
      parent[find(index)] = find(firstByKey.get(holder) ?? index);
  }
  const sets = new Map<number, Sourced[]>();
  for (const [index, record] of records.entries()) {
    const root = find(index);
    const set = sets.get(root);
    if (set === undefined) sets.set(root, [record]);
    else set.push(record);
  }
  return [...sets.values()];
}

export function evidenceOf(records: readonly Sourced[]): Evidence {
  return {
    legs: records.flatMap((each) => (each.kind === 'leg' ? [each] : [])),
    refusals: records.flatMap((each) => (each.kind === 'refusal' ? [each] : [])),
    proxyLinks: records.flatMap((each) => (each.kind === 'proxyLink' ? [each] : [])),
    proxyHeaders: records.flatMap((each) => (each.kind === 'proxyHeader' ? [each] : [])),
    exchanges: records.flatMap((each) => (each.kind === 'exchange' ? [each] : [])),
  };
}
