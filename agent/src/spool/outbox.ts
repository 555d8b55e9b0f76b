/** Batches that were cut and are not yet stored. They keep seq and bytes, so that a repetition is the same batch. */
import type { Losses } from '@hoptrace/domain/wire/v1.ts';

export interface Batch {
  readonly bootId: string;
  readonly firstSeq: number;
  readonly count: number;
  /** Told in its envelope; told again by another if the batch is dropped. */
  readonly losses: Losses;
  readonly cutAtMs: number;
  readonly sizeBytes: number;
  /** `waiting` to be sent; `sent`, unanswered; `durable` at the collector, which still has to store it. */
  state: 'waiting' | 'sent' | 'durable';
  /** performance.now() and Date.now() of the last sending. */
  sentAtMs: number;
  sentAtUs: number;
  /** `durable` was heard for it, on this connection or on one before. */
  isAcknowledged: boolean;
}

export interface CutBatch {
  readonly bootId: string;
  readonly firstSeq: number;
  readonly count: number;
  readonly losses: Losses;
  readonly bytes: Uint8Array;
  /** Now unless given. */
  readonly cutAtMs?: number;
}

/** Keeps batches until free(). What it drops by itself it tells through onDrop, given at construction. */
export interface Outbox {
  /** In the order in which they were cut, those of earlier runs first. */
  readonly batches: ReadonlySet<Batch>;
  /** True where batches may be cut although nobody takes them. */
  readonly isSpool: boolean;
  readonly sizeBytes: number;
  add(batch: CutBatch): Batch;
  /** Null where it can no longer be read: then it was dropped. */
  bytesOf(batch: Batch): Uint8Array | null;
  free(batch: Batch): void;
  /** Drops what is too old. Call now and then. */
  tidy(): void;
  close(): void;
}

export type OnDrop = (batch: Batch) => void;

export function batchOf(
  cut: Omit<CutBatch, 'bytes' | 'cutAtMs'>,
  sizeBytes: number,
  cutAtMs: number,
): Batch {
  const { bootId, firstSeq, count, losses } = cut;
  const unsent = { state: 'waiting', sentAtMs: 0, sentAtUs: 0, isAcknowledged: false } as const;
  return { bootId, firstSeq, count, losses, cutAtMs, sizeBytes, ...unsent };
}

/** Records that end with this process, and those that do not: in a spool, or durable at the collector. */
export function leftIn({ batches, isSpool }: Pick<Outbox, 'batches' | 'isSpool'>) {
  const left = { lost: 0, safe: 0 };
  for (const { state, count } of batches)
    left[isSpool || state === 'durable' ? 'safe' : 'lost'] += count;
  return left;
}

/** Batches that came from another sender are not in the order of their cutting. */
export function oldestCutAtMs(batches: ReadonlySet<Batch>): number | null {
  let oldest: number | null = null;
  for (const { cutAtMs } of batches) oldest = Math.min(oldest ?? cutAtMs, cutAtMs);
  return oldest;
}
