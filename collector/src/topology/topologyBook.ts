/** The topologies of all clusters that this collector hears of, each as an index of intervals. */
import { asOf } from '@hoptrace/domain/topology/asOf/asOfTopology.ts';
import {
  type IndexLimits,
  type TopologyEvent,
  TopologyIndex,
} from '@hoptrace/domain/topology/asOf/topologyIndex.ts';
import { EMPTY_TOPOLOGY, type Topology } from '@hoptrace/domain/topology/topology.ts';

/** A sender that makes up clusters replaces none of the known ones: topologies are told by operators. */
const MAX_CLUSTERS = 64;

/** What is told without naming a cluster holds for each that has no topology of its own. */
export const ANY_CLUSTER = '';

export type TopologyListener = (cluster: string, events: readonly TopologyEvent[]) => void;

export class TopologyBook {
  readonly #limits: IndexLimits;
  readonly #indexes = new Map<string, TopologyIndex>();
  readonly #listeners: TopologyListener[] = [];

  constructor(limits: IndexLimits) {
    this.#limits = limits;
  }

  /** Calls `listener` with all that changes from now on. */
  listen(listener: TopologyListener): void {
    this.#listeners.push(listener);
  }

  /** Null where there are too many clusters already. */
  indexOf(cluster: string): TopologyIndex | null {
    const known = this.#indexes.get(cluster);
    if (known !== undefined) return known;
    if (this.#indexes.size >= MAX_CLUSTERS) return null;
    const made = new TopologyIndex(this.#limits);
    this.#indexes.set(cluster, made);
    return made;
  }

  tell(cluster: string, events: readonly TopologyEvent[]): void {
    if (events.length === 0) return;
    for (const listener of this.#listeners) listener(cluster, events);
  }

  topologyAt(cluster: string, atUs: number): Topology {
    const index = this.#indexes.get(cluster) ?? this.#indexes.get(ANY_CLUSTER);
    return index === undefined ? EMPTY_TOPOLOGY : asOf(index, atUs);
  }

  get objectCount(): number {
    let count = 0;
    for (const index of this.#indexes.values()) count += index.objectCount;
    return count;
  }

  get endedCount(): number {
    let count = 0;
    for (const index of this.#indexes.values()) count += index.endedCount;
    return count;
  }

  /** Call about once a second. */
  forget(nowUs: number): void {
    for (const index of this.#indexes.values()) index.forget(nowUs);
  }
}
