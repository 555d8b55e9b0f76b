/** Records that wait to be sent. Bounded: refusals are what an incident is about, so they go last. */
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';

export class RecordQueue {
  readonly #maxRecords: number;
  readonly #refusals = new Fifo<WireRecord>();
  readonly #others = new Fifo<WireRecord>();

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  get size(): number {
    return this.#refusals.size + this.#others.size;
  }

  /** Returns how many records were dropped to make room: the oldest that is no refusal, else the oldest refusal. */
  push(record: WireRecord): number {
    (record.kind === 'refusal' ? this.#refusals : this.#others).push(record);
    if (this.size <= this.#maxRecords) return 0;
    if (this.#others.take(1).length === 0) this.#refusals.take(1);
    return 1;
  }

  /** Up to `count` records, refusals first, otherwise in order. */
  take(count: number): WireRecord[] {
    const refusals = this.#refusals.take(count);
    return [...refusals, ...this.#others.take(count - refusals.length)];
  }
}

/** An array with a moving head: Array.shift would move all the rest each time. */
class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  take(count: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#head += taken.length;
    const isMostlyGone = this.#head > 1_024 && this.#head * 2 > this.#items.length;
    if (isMostlyGone || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}
