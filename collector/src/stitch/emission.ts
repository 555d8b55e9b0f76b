/** From a reconstruction to what is written: only what changed, in growing versions, and withdrawals. */
import { hash } from 'node:crypto';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { PathChanges } from '../collectorStore.ts';
import type { Group } from './group.ts';
import type { Emission } from './journal.ts';

/**
 * Compares `paths` with what the group emitted before, updates the group's memory and answers the
 * difference. A changed path always gets a version above its last one, whatever reconstruct() counted: a
 * revision that changes content but not the count would else stay hidden. A path that is gone is withdrawn.
 */
export function changesOf(group: Group, paths: readonly Path[]): PathChanges {
  const present = new Set(paths.map((path) => path.pathId));
  const withdrawals = [...group.emitted]
    .filter(([pathId, { digest }]) => !present.has(pathId) && digest !== null)
    .map(([pathId, { version }]) => ({ pathId, version: version + 1, cluster: group.cluster }));
  // Remembered: evidence that brings it back must be above its withdrawal.
  for (const { pathId, version } of withdrawals)
    group.emitted.set(pathId, { version, digest: null });
  const changed = paths.flatMap((path) => {
    const known = group.emitted.get(path.pathId);
    const digest = digestOf(path);
    if (known?.digest === digest) return [];
    const version = Math.max(path.version, (known?.version ?? 0) + 1);
    group.emitted.set(path.pathId, { version, digest });
    return [{ ...path, version }];
  });
  return { paths: changed, withdrawals };
}

function digestOf({ version: _, ...content }: Path): string {
  return hash('sha1', JSON.stringify(content), 'base64');
}

/** What one group has to say, and the same for the journal. */
export interface GroupChanges extends PathChanges {
  readonly emission: Emission | null;
}

export function withEmission(group: Group, { paths, withdrawals }: PathChanges): GroupChanges {
  const [key] = group.records.keys();
  if (key === undefined || paths.length + withdrawals.length === 0)
    return { paths, withdrawals, emission: null };
  const emission = {
    cluster: group.cluster,
    key,
    firstLsn: group.firstLsn,
    joined: group.joined,
    written: paths.map(({ pathId, version }): [string, number] => [pathId, version]),
    withdrawn: withdrawals.map(({ pathId, version }): [string, number] => [pathId, version]),
  };
  return { paths, withdrawals, emission };
}
