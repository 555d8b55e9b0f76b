/** A list of all objects as they were at one instant, taken into the index. */
import type { KubernetesObject } from '../../wire/kubernetes.ts';
import type { TopologyEvent, TopologyIndex } from './topologyIndex.ts';
import { objectKey, type TopologySource } from './version.ts';

export interface Listed {
  readonly object: KubernetesObject;
  /** metadata.resourceVersion; empty: not known. */
  readonly revision: string;
}

export interface SnapshotOptions {
  /** Minus infinity: the first of all, what it shows may have been so for ever. */
  readonly atUs: number;
  /** The last instant at which the list is known to have been what the index holds. */
  readonly sinceUs: number;
  readonly source: TopologySource;
  /** Which of the objects that the index holds are gone if they are not listed. */
  readonly isCovered: (key: string) => boolean;
  /** Listed, but not to be read: what is known of them stays. */
  readonly unreadable?: ReadonlySet<string>;
}

/**
 * What changed, by comparison: an object that is not what it was became so somewhere since the list before, and one
 * with another resourceVersion may have changed and changed back.
 */
export function applySnapshot(
  index: TopologyIndex,
  listed: readonly Listed[],
  { atUs, sinceUs, source, isCovered, unreadable }: SnapshotOptions,
): TopologyEvent[] {
  const events: TopologyEvent[] = [];
  const keys = new Set<string>();
  for (const { object, revision } of listed) {
    const key = objectKey(object);
    keys.add(key);
    const before = index.revisionOf(key);
    const event = index.put(object, { atUs, earliestUs: sinceUs, source, revision });
    if (event !== null) events.push(event);
    else if (before !== revision && before !== '' && before !== null)
      index.noteUnseen(key, sinceUs, atUs);
  }
  for (const key of [...index.openKeys()]) {
    if (keys.has(key) || unreadable?.has(key) === true || !isCovered(key)) continue;
    const event = index.remove(key, { atUs, earliestUs: sinceUs, source, revision: '' });
    if (event !== null) events.push(event);
  }
  return events;
}
