/** What the log's intake says about a batch: when the log has it, and when it is done. */
import type { StoreOutcome } from './pipeline.ts';
import type { SenderName } from './storedSeqs.ts';

export type NodeName = Pick<SenderName, 'cluster' | 'node'>;

export interface Receipt {
  /** Records of the batch that are in the log now, and were not known before. */
  readonly fresh: number;
  readonly duplicates: number;
  /** When this batch of the log is in ClickHouse, all of this one is. 0: it is already. */
  readonly waitsForLsn: number;
  /** The batch is itself in the log: onDone tells its end by name. */
  readonly isLogged: boolean;
}

/** A logged batch that came to its end. `error`: ClickHouse refused its rows for good. */
export interface DoneBatch extends SenderName {
  readonly lsn: number;
  readonly firstSeq: number;
  readonly count: number;
  readonly outcome: StoreOutcome;
  readonly error: unknown;
}
