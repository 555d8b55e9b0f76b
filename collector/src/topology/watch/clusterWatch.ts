/** The watch of one cluster: everything that is watched, told to the index as they come. */
import { type Listed, SnapshotIntake } from '@hoptrace/domain/topology/asOf/snapshot.ts';
import type { TopologyIndex } from '@hoptrace/domain/topology/asOf/topologyIndex.ts';
import type { TopologyBook } from '../topologyBook.ts';
import { type ReadObject, type WatchedKind, type WatchTarget, watchTargets } from './kinds.ts';
import { type KindSink, type KindState, KindWatch, type KindWatchOptions } from './kindWatch.ts';

export interface Unreadable {
  readonly kind: WatchedKind;
  readonly key: string | null;
  readonly problem: string;
}

export interface ClusterWatchOptions extends Omit<KindWatchOptions, 'sink' | 'random'> {
  readonly book: TopologyBook;
  readonly cluster: string;
  /** Watched one by one, as namespace/name. */
  readonly configMaps?: readonly string[];
  readonly onUnreadable: (unreadable: Unreadable) => void;
  readonly random?: () => number;
}

export class ClusterWatch {
  readonly #watches: readonly KindWatch[];
  readonly #abort = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ClusterWatchOptions) {
    const { book, cluster, configMaps = [], onUnreadable, random = Math.random, ...rest } = options;
    const index = book.indexOf(cluster);
    if (index === null) throw new Error(`no room for the topology of cluster ${cluster}`);
    const sink = new IndexSink({ book, cluster, index, onUnreadable });
    this.#watches = watchTargets(configMaps).map(
      (target) => new KindWatch(target, { ...rest, sink, random }),
    );
  }

  get states(): readonly (KindState & { readonly name: string })[] {
    return this.#watches.map(({ target: { name }, state }) => ({ name, ...state }));
  }

  start(): void {
    this.#running = Promise.all(this.#watches.map((each) => each.run(this.#abort.signal)));
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}

interface SinkOptions {
  readonly book: TopologyBook;
  readonly cluster: string;
  readonly index: TopologyIndex;
  readonly onUnreadable: (unreadable: Unreadable) => void;
}

class IndexSink implements KindSink {
  readonly #options: SinkOptions;
  readonly #intakes = new Map<WatchTarget, { intake: SnapshotIntake; isFirst: boolean }>();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  listBegins(target: WatchTarget, sinceUs: number | null): void {
    const { index } = this.#options;
    const isCovered = (key: string) => target.covers(key);
    // What was stored before the collector stopped was right until its last change, at least.
    const knownUs = sinceUs ?? (hasAny(index, isCovered) ? index.toldUs : null);
    const intake = new SnapshotIntake(index, {
      ...{ source: 'list', isCovered },
      sinceUs: knownUs ?? Number.NEGATIVE_INFINITY,
    });
    this.#intakes.set(target, { intake, isFirst: knownUs === null });
  }

  listed(target: WatchTarget, objects: readonly ReadObject[], atUs: number): void {
    const current = this.#intakes.get(target);
    if (current === undefined) return;
    const readable = objects.flatMap((each): Listed[] => {
      if (each.object !== null) return [{ object: each.object, revision: each.revision }];
      if (each.key !== null) current.intake.unreadable(each.key);
      return [];
    });
    const saidUs = current.isFirst ? Number.NEGATIVE_INFINITY : atUs;
    this.#tell(current.intake.page(readable, saidUs));
  }

  listEnds(target: WatchTarget, atUs: number): void {
    const current = this.#intakes.get(target);
    this.#intakes.delete(target);
    if (current !== undefined) this.#tell(current.intake.finish(atUs));
  }

  changed(...[object, revision, told]: Parameters<KindSink['changed']>): void {
    const { index } = this.#options;
    const event = index.put(object, { ...told, source: 'watch', revision });
    if (event !== null) this.#tell([event]);
  }

  removed(key: string, told: { atUs: number; earliestUs: number }): void {
    const event = this.#options.index.remove(key, { ...told, source: 'watch', revision: '' });
    if (event !== null) this.#tell([event]);
  }

  unreadable(kind: WatchedKind, key: string | null, problem: string): void {
    this.#options.onUnreadable({ kind, key, problem });
  }

  #tell(events: Parameters<TopologyBook['tell']>[1]): void {
    this.#options.book.tell(this.#options.cluster, events);
  }
}

function hasAny(index: TopologyIndex, isMeant: (key: string) => boolean): boolean {
  for (const key of index.openKeys()) if (isMeant(key)) return true;
  return false;
}
