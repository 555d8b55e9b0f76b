/** From a reconstruction to what is written: only what changed, in growing versions, and withdrawals. */
import { hash } from 'node:crypto';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { PathChanges, PathWithdrawal } from '../collectorStore.ts';
import { type PathShedder, WHOLE } from '../overload/pathShedder.ts';
import type { Group } from './group.ts';
import type { Emission } from './journal.ts';

/** Decides about paths that are to be written; see overload/pathShedder.ts. */
export type Shedder = Pick<PathShedder, 'weigh' | 'withdraw'>;

export const KEEPS_ALL: Shedder = { weigh: () => WHOLE, withdraw: () => {} };

/** What is to be written, and what was shed instead. */
interface WeighedChanges extends PathChanges {
  readonly shed: readonly string[];
}

/**
 * Compares `paths` with what the group emitted before, updates the group's memory and answers the
 * difference. A changed path always gets a version above its last one, whatever reconstruct() counted: a
 * revision that changes content but not the count would else stay hidden. A path that is gone is withdrawn.
 */
export function changesOf(group: Group, paths: readonly Path[], shedder: Shedder): WeighedChanges {
  const withdrawals = withdrawalsOf(group, paths, shedder);
  const shed: string[] = [];
  const changed = paths.flatMap((path) => {
    const { pathId } = path;
    const known = group.emitted.get(pathId);
    const before = known === undefined || known.digest === null ? null : known.weighing;
    const weighing = shedder.weigh(path, before);
    const { weight } = weighing;
    if (weight === 0) {
      if (before === null) shed.push(pathId);
      group.emitted.set(pathId, { version: known?.version ?? 0, digest: '', weighing });
      return [];
    }
    const digest = digestOf(path);
    if (known?.digest === digest && weighing === before) return [];
    const version = Math.max(path.version, (known?.version ?? 0) + 1);
    group.emitted.set(pathId, { version, digest, weighing });
    return [weight === 1 ? { ...path, version } : { ...path, version, weight }];
  });
  return { paths: changed, withdrawals, shed };
}

function withdrawalsOf(group: Group, paths: readonly Path[], shedder: Shedder): PathWithdrawal[] {
  const present = new Set(paths.map((path) => path.pathId));
  const withdrawals: PathWithdrawal[] = [];
  for (const [pathId, { version, digest, weighing }] of [...group.emitted]) {
    if (present.has(pathId) || digest === null) continue;
    shedder.withdraw(weighing);
    // Remembered: evidence that brings it back must be above its withdrawal.
    group.emitted.set(pathId, { version: version + 1, digest: null, weighing });
    if (weighing.weight > 0)
      withdrawals.push({ pathId, version: version + 1, cluster: group.cluster });
  }
  return withdrawals;
}

function digestOf(path: Path): string {
  return hash('sha1', JSON.stringify({ ...path, version: 0 }), 'base64');
}

/** What one group has to say, and the same for the journal. */
export interface GroupChanges extends PathChanges {
  readonly emission: Emission | null;
}

export function withEmission(
  group: Group,
  { paths, withdrawals, shed }: WeighedChanges,
): GroupChanges {
  const [key] = group.records.keys();
  if (key === undefined || paths.length + withdrawals.length + shed.length === 0)
    return { paths, withdrawals, emission: null };
  const weights = paths.flatMap(({ pathId, weight }): [string, number][] =>
    weight === undefined ? [] : [[pathId, weight]],
  );
  const emission = {
    cluster: group.cluster,
    key,
    firstLsn: group.firstLsn,
    joined: group.joined,
    written: paths.map(({ pathId, version }): [string, number] => [pathId, version]),
    withdrawn: withdrawals.map(({ pathId, version }): [string, number] => [pathId, version]),
    weights: [...weights, ...shed.map((pathId): [string, number] => [pathId, 0])],
  };
  return { paths, withdrawals, emission };
}
