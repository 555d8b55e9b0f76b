/** After a start: what an earlier process wrote about the groups that the log made again. */
import type { Group } from './group.ts';
import type { GroupTable } from './groupTable.ts';
import type { Emission } from './journal.ts';

/**
 * Gives the groups their memory back, emission by emission in the order in which they were written. A group of which
 * records before `fromLsn` are gone is let go: half of it would only make wrong paths. Answers how many records went.
 */
export function restoreEmissions(
  table: GroupTable,
  emissions: readonly Emission[],
  fromLsn: number,
): number {
  const truncated = new Set<Group>();
  for (const { cluster, key, firstLsn, joined, ...written } of emissions) {
    const found = table.groupOf(cluster, key);
    if (found === undefined) continue;
    // Together they wrote, so together they take it back.
    const others = joined.flatMap((each) => table.groupOf(cluster, each) ?? []);
    const group = others.reduce((all, other) => table.join(all, other), found);
    if (firstLsn < fromLsn) truncated.add(group);
    remember(group, written);
  }
  let records = 0;
  for (const group of truncated) {
    records += group.records.size;
    table.forget(group);
  }
  return records;
}

/**
 * No digest: the insert may not have come to pass, so each is written (or withdrawn) again, one version higher. What
 * was shed stays so, and weights stay as they are: of what they stand for nothing is known any more.
 */
function remember(
  group: Group,
  { written, withdrawn, weights }: Pick<Emission, 'written' | 'withdrawn' | 'weights'>,
): void {
  const weightOf = new Map(weights);
  for (const [pathId, version] of [...written, ...withdrawn]) {
    const weighing = { weight: weightOf.get(pathId) ?? 1, service: null };
    group.emitted.set(pathId, { version, digest: '', weighing });
  }
  for (const [pathId, weight] of weights) {
    const version = group.emitted.get(pathId)?.version ?? 0;
    if (weight === 0)
      group.emitted.set(pathId, { version, digest: '', weighing: { weight, service: null } });
  }
}
