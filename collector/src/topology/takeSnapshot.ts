/** A whole topology, or a named part of it, as somebody hands it in: a file, a POST. */
import { applySnapshot } from '@hoptrace/domain/topology/asOf/snapshot.ts';
import type { TopologySource } from '@hoptrace/domain/topology/asOf/version.ts';
import type { KubernetesObject } from '@hoptrace/domain/wire/kubernetes.ts';
import { AppError } from '../errors.ts';
import type { TopologyBook } from './topologyBook.ts';

export interface HandedIn {
  readonly cluster: string;
  readonly objects: readonly KubernetesObject[];
  readonly atUs: number;
  readonly source: TopologySource;
  /** The part that was handed in; objects outside stay as they are. Absent: everything. */
  readonly isCovered?: (key: string) => boolean;
}

/** Answers how many states began or ended. Throws HOP_TOPOLOGY_INVALID where there are too many clusters. */
export function takeSnapshot(book: TopologyBook, handedIn: HandedIn): number {
  const { cluster, objects, source, isCovered = () => true } = handedIn;
  const index = book.indexOf(cluster);
  if (index === null) throw tooMany(cluster);
  // What the very first snapshot shows may have been so for ever.
  const isFirst = index.objectCount === 0 && index.endedCount === 0;
  // A file that was put back with an old time is news all the same.
  const atUs = isFirst ? Number.NEGATIVE_INFINITY : Math.max(handedIn.atUs, index.toldUs + 1);
  const sinceUs = isFirst ? atUs : index.toldUs;
  const listed = objects.map((object) => ({ object, revision: '' }));
  const events = applySnapshot(index, listed, { atUs, sinceUs, source, isCovered });
  index.noteTold(handedIn.atUs);
  book.tell(cluster, events);
  return events.length;
}

function tooMany(cluster: string): AppError {
  const remedy = 'name a cluster that is known, or leave the name away';
  return new AppError('HOP_TOPOLOGY_INVALID', 'there are topologies of too many clusters', {
    problems: [{ field: 'cluster', text: `"${cluster}" is one more`, remedy }],
  });
}
