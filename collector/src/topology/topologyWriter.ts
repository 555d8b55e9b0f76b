/** What the topology becomes is written to ClickHouse, each state as it begins and again as it ends. */
import { createHash } from 'node:crypto';
import type { TopologyEvent } from '@hoptrace/domain/topology/asOf/topologyIndex.ts';
import type { TopologyVersion } from '@hoptrace/domain/topology/asOf/version.ts';
import { isDataError } from '../collectorStore.ts';
import type { StoredTopology, TopologyStore } from './topologyStore.ts';

export interface TopologyWriterOptions {
  readonly store: TopologyStore;
  /** States that wait at most; what comes when it is full is not stored, and counted. */
  readonly maxWaiting: number;
  readonly maxRows: number;
  readonly revisionOf: (cluster: string, key: string) => string;
  readonly onFailure: (error: unknown) => void;
  readonly onDropped: (count: number) => void;
}

/** The row as it is when it is written: it may have ended by then. */
type Row = () => StoredTopology;

export class TopologyWriter {
  readonly #options: TopologyWriterOptions;
  /** By state: one that ends before it was written is written once. */
  #waiting = new Map<object, Row>();
  #isWriting = false;

  constructor(options: TopologyWriterOptions) {
    this.#options = options;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  note(cluster: string, events: readonly TopologyEvent[]): void {
    for (const { key, opened, closed } of events)
      for (const version of [closed, opened])
        if (version !== null) this.add(version, () => this.#rowOf(cluster, key, version));
  }

  add(version: object, row: Row): void {
    if (this.#waiting.size >= this.#options.maxWaiting && !this.#waiting.has(version))
      this.#options.onDropped(1);
    else this.#waiting.set(version, row);
  }

  /** Writes what waits, in the order of being told. Call about once a second; never rejects. */
  async turn(): Promise<void> {
    if (this.#isWriting || this.#waiting.size === 0) return;
    this.#isWriting = true;
    const batch = [...this.#waiting].slice(0, this.#options.maxRows);
    for (const [version] of batch) this.#waiting.delete(version);
    try {
      const rows = batch.map(([, row]) => row());
      await this.#options.store.insertTopology(rows, tokenOf(rows));
    } catch (error) {
      this.#options.onFailure(error);
      if (isDataError(error)) this.#options.onDropped(batch.length);
      else this.#giveBack(batch);
    } finally {
      this.#isWriting = false;
    }
  }

  #giveBack(batch: readonly (readonly [object, Row])[]): void {
    const later = this.#waiting;
    this.#waiting = new Map(batch);
    for (const [version, row] of later) this.add(version, row);
  }

  #rowOf(cluster: string, key: string, version: TopologyVersion): StoredTopology {
    const { kind, metadata } = version.object;
    const { fromUs, earliestUs, toUs, earliestToUs, source } = version;
    return {
      ...{ cluster, kind, namespace: metadata.namespace, name: metadata.name },
      ...{ fromUs, earliestUs, toUs, earliestToUs, source },
      revision: this.#options.revisionOf(cluster, key),
      object: JSON.stringify(version.object),
    };
  }
}

function tokenOf(rows: readonly StoredTopology[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(JSON.stringify(row));
  return `topology-${hash.digest('hex')}`;
}
