/** Bounds and pauses of the road to the collector; tests shorten them. */
import type { StreamLimits } from './streamRoad.ts';

export interface SenderLimits extends StreamLimits {
  readonly maxQueuedRecords: number;
  readonly maxBatchRecords: number;
  readonly maxBatchAgeMs: number;
  readonly heartbeatEveryMs: number;
  /** Attempts that fail before batches go by HTTP as well. */
  readonly failuresBeforePost: number;
  /** Pause between two POSTs that brought nothing new. */
  readonly postEveryMs: number;
}

export const SENDER_LIMITS: SenderLimits = {
  maxQueuedRecords: 50_000,
  maxBatchRecords: 1_000,
  maxBatchAgeMs: 200,
  heartbeatEveryMs: 5_000,
  connectTimeoutMs: 5_000,
  ackTimeoutMs: 30_000,
  pingEveryMs: 10_000,
  minBackoffMs: 250,
  maxBackoffMs: 10_000,
  failuresBeforePost: 3,
  postEveryMs: 1_000,
};
