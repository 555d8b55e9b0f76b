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
}

/**
 * What changed, by comparison: an object that is not what it was became so somewhere since the list before, and one
 * with another resourceVersion may have changed and changed back.
 */
export function applySnapshot(
  index: TopologyIndex,
  listed: readonly Listed[],
  options: SnapshotOptions,
): TopologyEvent[] {
  const intake = new SnapshotIntake(index, options);
  return [...intake.page(listed, options.atUs), ...intake.finish(options.atUs)];
}

/** The same, page by page: nobody holds 100,000 objects twice. */
export class SnapshotIntake {
  readonly #index: TopologyIndex;
  readonly #options: Omit<SnapshotOptions, 'atUs'>;
  readonly #keys = new Set<string>();

  constructor(index: TopologyIndex, options: Omit<SnapshotOptions, 'atUs'>) {
    this.#index = index;
    this.#options = options;
  }

  page(listed: readonly Listed[], atUs: number): TopologyEvent[] {
    const { sinceUs, source } = this.#options;
    const events: TopologyEvent[] = [];
    for (const { object, revision } of listed) {
      const key = objectKey(object);
      this.#keys.add(key);
      const before = this.#index.revisionOf(key);
      const event = this.#index.put(object, { atUs, earliestUs: sinceUs, source, revision });
      if (event !== null) events.push(event);
      else if (before !== revision && before !== '' && before !== null)
        this.#index.noteUnseen(key, sinceUs, atUs);
    }
    return events;
  }

  /** Listed, but not to be read: what is known of it stays. */
  unreadable(key: string): void {
    this.#keys.add(key);
  }

  /** All pages were seen: what was not listed is gone. */
  finish(atUs: number): TopologyEvent[] {
    const { sinceUs, source, isCovered } = this.#options;
    const events: TopologyEvent[] = [];
    for (const key of [...this.#index.openKeys()]) {
      if (this.#keys.has(key) || !isCovered(key)) continue;
      const event = this.#index.remove(key, { atUs, earliestUs: sinceUs, source, revision: '' });
      if (event !== null) events.push(event);
    }
    return events;
  }
}
