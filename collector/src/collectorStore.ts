/** What the collector needs of the store, and no more. storeAdapter.ts makes it from the real one. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { AgentLosses, NodeAddress, Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { TopologyStore } from './topology/topologyStore.ts';

/** A path that later evidence made part of another one. `version` is above all versions written before. */
export interface PathWithdrawal {
  readonly pathId: string;
  readonly version: number;
  readonly cluster: string;
}

export interface PathChanges {
  readonly paths: readonly Path[];
  readonly withdrawals: readonly PathWithdrawal[];
}

/** An agent's sign of life. `losses` are those since the heartbeat before. */
export interface Heartbeat {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  /** When the collector heard it. */
  readonly seenUs: number;
  readonly losses: AgentLosses;
  readonly addresses: readonly NodeAddress[];
  /** Null: nothing new since the heartbeat before. */
  readonly facts: NodeFacts | null;
}

/**
 * Each call resolves once ClickHouse has answered, and rejects otherwise; an error with `isRetryable: false`
 * says that the rows are at fault. The same token with the same rows may come again (a retry, a resent batch)
 * and makes no second copy.
 */
export interface CollectorStore {
  insertRecords(records: readonly Sourced[], token: string): Promise<void>;
  insertPaths(changes: PathChanges, token: string): Promise<void>;
  insertHeartbeats(heartbeats: readonly Heartbeat[], token: string): Promise<void>;
  /** Rejects while the store does not answer. */
  ping(): Promise<void>;
  /** Absent: the topology is kept in memory only. */
  readonly topology?: TopologyStore;
  /** Absent: nothing is rolled up. */
  readonly rollups?: RollupStore;
}

/** Seconds since the epoch, on whole minutes; `toS` is exclusive. */
export interface RollupRange {
  readonly fromS: number;
  readonly toS: number;
}

export interface RollupMark {
  readonly collector: string;
  /** Paths that started before are in the roll-ups, microseconds since the epoch. */
  readonly fromUs: number;
  /** The mark with the highest counts. */
  readonly markedUs: number;
}

/** Counts paths by minute and hour. Each call may be repeated, and may be cut off at any moment: the last whole count is what is read. */
export interface RollupStore {
  /** Answers how many minutes had paths. */
  rollUpMinutes(range: RollupRange): Promise<number>;
  rollUpHour(startS: number): Promise<void>;
  /** Minutes whose paths have news that the roll-up lacks. */
  staleMinutes(range: RollupRange): Promise<readonly number[]>;
  forgetReplacedRuns(range: RollupRange): Promise<void>;
  /** Begins of hours, in seconds since the epoch, from the one of `fromUs` on. */
  hoursWithPaths(fromUs: number): Promise<readonly number[]>;
  /** 0: there is none. */
  readMark(collector: string): Promise<number>;
  writeMark(mark: RollupMark): Promise<void>;
}

/** True where trying again with the same rows cannot help. */
export function isDataError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'isRetryable') === false;
}
