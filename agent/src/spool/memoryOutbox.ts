/** Without a spool: batches live in memory and end with the process. */
import { type Batch, batchOf, type CutBatch, type Outbox } from './outbox.ts';

export class MemoryOutbox implements Outbox {
  readonly isSpool = false;
  readonly #maxBytes: number;
  readonly #bytes = new Map<Batch, Uint8Array>();
  readonly #batches = new Set<Batch>();
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get batches(): ReadonlySet<Batch> {
    return this.#batches;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The sender adds no more than its window takes; what is durable at the collector gives way, and is no loss. */
  add(cut: CutBatch): Batch {
    const batch = batchOf(cut, cut.bytes.length, cut.cutAtMs ?? Date.now());
    this.#batches.add(batch);
    this.#bytes.set(batch, cut.bytes);
    this.#sizeBytes += batch.sizeBytes;
    for (const each of this.#batches) {
      if (this.#sizeBytes <= this.#maxBytes) break;
      if (each.state === 'durable') this.free(each);
    }
    return batch;
  }

  bytesOf(batch: Batch): Uint8Array | null {
    return this.#bytes.get(batch) ?? null;
  }

  free(batch: Batch): void {
    if (this.#batches.delete(batch)) this.#sizeBytes -= batch.sizeBytes;
    this.#bytes.delete(batch);
  }

  tidy(): void {}

  close(): void {}
}
