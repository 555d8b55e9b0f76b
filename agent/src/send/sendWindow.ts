/** Which batch is sent next, and how many may be unanswered: eight, and the bytes that the collector gives credit for. */
import type { Batch, Outbox } from '../spool/outbox.ts';

const MAX_BATCHES_IN_FLIGHT = 8;

export class SendWindow {
  readonly #outbox: Outbox;
  readonly #byName = new Map<string, Batch>();
  readonly #sent = new Set<Batch>();
  #waiting: Batch[] = [];
  #sentBytes = 0;
  /** Null: the collector does not speak of credits. */
  #creditBytes: number | null = null;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
    this.reset();
  }

  get inFlight(): number {
    return this.#sent.size;
  }

  get hasCredit(): boolean {
    return this.#creditBytes !== null;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get hasRoom(): boolean {
    return this.#sent.size + this.#waiting.length < MAX_BATCHES_IN_FLIGHT;
  }

  setCredit(bytes: number): void {
    this.#creditBytes = bytes;
  }

  /** A new connection (or none): nothing is on its way, all that is kept waits, oldest first. */
  reset(): void {
    this.#creditBytes = null;
    this.#sent.clear();
    this.#sentBytes = 0;
    this.#byName.clear();
    this.#waiting = [...this.#outbox.batches];
    for (const batch of this.#waiting) {
      batch.state = 'waiting';
      this.#byName.set(nameOf(batch), batch);
    }
  }

  wait(batch: Batch): void {
    this.#byName.set(nameOf(batch), batch);
    this.#waiting.push(batch);
  }

  /** The next batch that may be sent; the caller marks it sent, or drops it. One always may, with any credit. */
  takeNext(): Batch | null {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#sent.size >= MAX_BATCHES_IN_FLIGHT) return null;
      const credit = this.#creditBytes ?? Number.POSITIVE_INFINITY;
      const isOver = this.#sent.size > 0 && this.#sentBytes + next.sizeBytes > credit;
      if (credit === 0 || isOver) return null;
      this.#waiting.shift();
      // What the spool dropped meanwhile is gone.
      if (this.#outbox.batches.has(next)) return next;
      this.#byName.delete(nameOf(next));
    }
  }

  markSent(batch: Batch, atUs: number): void {
    batch.state = 'sent';
    batch.sentAtMs = performance.now();
    batch.sentAtUs = atUs;
    this.#sent.add(batch);
    this.#sentBytes += batch.sizeBytes;
  }

  markDurable(batch: Batch): void {
    this.#answered(batch);
    batch.state = 'durable';
    batch.isAcknowledged = true;
  }

  /** It was not taken, and waits again before all others. */
  putBack(batch: Batch): void {
    this.#answered(batch);
    batch.state = 'waiting';
    this.#waiting.unshift(batch);
  }

  free(batch: Batch): void {
    this.#answered(batch);
    this.#byName.delete(nameOf(batch));
    this.#outbox.free(batch);
  }

  find(bootId: string, firstSeq: number, count: number): Batch | null {
    return this.#byName.get(nameOf({ bootId, firstSeq, count })) ?? null;
  }

  /** Without a firstSeq it can only be the oldest on its way. */
  findRefused(firstSeq: number | null): Batch | null {
    for (const batch of this.#sent)
      if (firstSeq === null || batch.firstSeq === firstSeq) return batch;
    for (const batch of this.#byName.values())
      if (batch.firstSeq === firstSeq && batch.state === 'durable') return batch;
    return null;
  }

  oldestDurable(sentBeforeMs: number): Batch | null {
    for (const batch of this.#outbox.batches)
      if (batch.state === 'durable' && batch.sentAtMs < sentBeforeMs) return batch;
    return null;
  }

  isUnansweredSince(sentAtMs: number): boolean {
    const [oldest] = this.#sent;
    return oldest !== undefined && oldest.sentAtMs <= sentAtMs;
  }

  #answered(batch: Batch): void {
    if (this.#sent.delete(batch)) this.#sentBytes -= batch.sizeBytes;
  }
}

function nameOf({ bootId, firstSeq, count }: Pick<Batch, 'bootId' | 'firstSeq' | 'count'>): string {
  return `${bootId}/${firstSeq}/${count}`;
}
