/** Batches that were sent and are not yet stored. They keep seq and bytes, so that a repetition is the same batch. */
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope, WireRecord } from '@hoptrace/domain/wire/v1.ts';

export interface Batch {
  readonly firstSeq: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  sentAtMs: number;
}

export class BatchWindow {
  readonly #maxBatches: number;
  #batches: Batch[] = [];
  #nextSeq = 1;

  constructor(maxBatches: number) {
    this.#maxBatches = maxBatches;
  }

  get batches(): readonly Batch[] {
    return this.#batches;
  }

  get isFull(): boolean {
    return this.#batches.length >= this.#maxBatches;
  }

  /** Gives the records their seq, which are contiguous within (node, bootId) whatever was dropped before. */
  add(
    records: readonly WireRecord[],
    envelope: Omit<Envelope, 'firstSeq' | 'count'>,
    nowMs: number,
  ): Batch {
    const firstSeq = this.#nextSeq;
    this.#nextSeq += records.length;
    const numbered = records.map((record, index) => ({ ...record, seq: firstSeq + index }));
    const batch = {
      firstSeq,
      count: records.length,
      bytes: encodeBatch({ ...envelope, firstSeq, count: records.length }, numbered),
      sentAtMs: nowMs,
    };
    this.#batches.push(batch);
    return batch;
  }

  /** Takes out the batch that was stored. A heartbeat has the firstSeq of its successor, but count 0. */
  takeStored(firstSeq: number, count: number): Batch | null {
    return this.#take((batch) => batch.firstSeq === firstSeq && batch.count === count);
  }

  /** Takes out the batch that was refused. Without a firstSeq it can only be the oldest. */
  takeRefused(firstSeq: number | null): Batch | null {
    return this.#take((batch) => firstSeq === null || batch.firstSeq === firstSeq);
  }

  #take(isIt: (batch: Batch) => boolean): Batch | null {
    const found = this.#batches.find(isIt);
    if (found === undefined) return null;
    this.#batches = this.#batches.filter((batch) => batch !== found);
    return found;
  }
}
