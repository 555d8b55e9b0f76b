/**
 * Which records of which sender are in ClickHouse, as ranges of seq. Saves a second insert when an agent
 * resends with other batch limits than before. It is a memory, not the truth: after a restart it is empty,
 * and the deduplication token and the tables' identity take over.
 */
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';

const MAX_SENDERS = 4096;
/** A healthy agent makes one range; gaps come from records that it shed. */
const MAX_RANGES = 1000;

export class StoredSeqs {
  readonly #bySender = new Map<string, SeqRanges>();

  has(record: Sourced): boolean {
    return this.#bySender.get(senderKey(record))?.has(record.seq) ?? false;
  }

  add(record: Sourced): void {
    const key = senderKey(record);
    const ranges = this.#bySender.get(key) ?? new SeqRanges();
    ranges.add(record.seq);
    // Re-inserted on each use, so that the first key is the sender that was silent the longest.
    this.#bySender.delete(key);
    this.#bySender.set(key, ranges);
    if (this.#bySender.size <= MAX_SENDERS) return;
    const [oldest] = this.#bySender.keys();
    if (oldest !== undefined) this.#bySender.delete(oldest);
  }
}

function senderKey({ cluster, node, bootId }: Sourced): string {
  return `${cluster}\n${node}\n${bootId}`;
}

/** Disjoint, sorted, inclusive ranges. Beyond MAX_RANGES the lowest is forgotten. */
export class SeqRanges {
  readonly #ranges: { first: number; last: number }[] = [];

  get size(): number {
    return this.#ranges.length;
  }

  has(seq: number): boolean {
    const range = this.#ranges[this.#indexAtOrBelow(seq)];
    return range !== undefined && seq <= range.last;
  }

  add(seq: number): void {
    const index = this.#indexAtOrBelow(seq);
    const below = this.#ranges[index];
    const above = this.#ranges[index + 1];
    if (below !== undefined && seq <= below.last) return;
    const joinsBelow = below !== undefined && below.last === seq - 1;
    const joinsAbove = above !== undefined && above.first === seq + 1;
    if (joinsBelow && joinsAbove) {
      below.last = above.last;
      this.#ranges.splice(index + 1, 1);
    } else if (joinsBelow) below.last = seq;
    else if (joinsAbove) above.first = seq;
    else this.#ranges.splice(index + 1, 0, { first: seq, last: seq });
    if (this.#ranges.length > MAX_RANGES) this.#ranges.shift();
  }

  /** Index of the last range that begins at or below `seq`; -1 if none. */
  #indexAtOrBelow(seq: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.first ?? Number.POSITIVE_INFINITY) <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
