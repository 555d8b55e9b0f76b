/** What the collector needs of the store for its topology. */

/** One state of one object; see store/src/rows/topologyRow.ts, whose form this is. */
export interface StoredTopology {
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly fromUs: number;
  readonly earliestUs: number;
  readonly toUs: number;
  readonly earliestToUs: number;
  readonly source: 'watch' | 'list' | 'file' | 'post' | 'agent';
  readonly revision: string;
  readonly object: string;
}

export interface TopologyStore {
  /** Resolves once they are stored; the same token with the same states makes no second copy. */
  insertTopology(versions: readonly StoredTopology[], token: string): Promise<void>;
  /** States that held at some time since then, in the order of objects and of time. */
  topologySince(sinceUs: number): AsyncIterable<readonly StoredTopology[]>;
}
