/**
 * Which records of which sender are in ClickHouse (or in the log), as ranges of seq. Saves a second insert when an
 * agent resends, with other batch limits or none. It is a memory: what it has forgotten is left to the deduplication
 * token and the tables' identity. With a log it outlives the process (wal/frames.ts, `seqs`).
 */
import { z } from 'zod';

const MAX_SENDERS = 4096;
/** A healthy agent makes one range; gaps come from records that it shed. */
const MAX_RANGES = 1000;

export interface SenderName {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
}

export class StoredSeqs {
  readonly #bySender = new Map<string, SeqRanges>();

  has(record: SenderName & { readonly seq: number }): boolean {
    return this.hasAll(record, record.seq, record.seq);
  }

  hasAll(sender: SenderName, first: number, last: number): boolean {
    return this.#bySender.get(senderKey(sender))?.hasAll(first, last) ?? false;
  }

  hasAny(sender: SenderName, first: number, last: number): boolean {
    return this.#bySender.get(senderKey(sender))?.hasAny(first, last) ?? false;
  }

  add(record: SenderName & { readonly seq: number }): void {
    this.addAll(record, record.seq, record.seq);
  }

  /** Adds the range, both ends included. */
  addAll(sender: SenderName, first: number, last: number): void {
    const key = senderKey(sender);
    const ranges = this.#bySender.get(key) ?? new SeqRanges();
    ranges.addAll(first, last);
    // Re-inserted on each use, so that the first key is the sender that was silent the longest.
    this.#bySender.delete(key);
    this.#bySender.set(key, ranges);
    if (this.#bySender.size <= MAX_SENDERS) return;
    const [oldest] = this.#bySender.keys();
    if (oldest !== undefined) this.#bySender.delete(oldest);
  }

  removeAll(sender: SenderName, first: number, last: number): void {
    const key = senderKey(sender);
    const ranges = this.#bySender.get(key);
    ranges?.removeAll(first, last);
    if (ranges?.size === 0) this.#bySender.delete(key);
  }

  clear(): void {
    this.#bySender.clear();
  }

  /** Everything, as text that restore() reads. */
  snapshot(): string {
    return JSON.stringify([...this.#bySender].map(([key, ranges]) => [key, ranges.toArray()]));
  }

  /** Adds what snapshot() wrote. False where the text is none; nothing is added then. */
  restore(text: string): boolean {
    const parsed = snapshotSchema.safeParse(parseJson(text));
    if (!parsed.success) return false;
    for (const [key, pairs] of parsed.data) {
      const ranges = this.#bySender.get(key) ?? new SeqRanges();
      for (const [first, last] of pairs) ranges.addAll(first, last);
      this.#bySender.set(key, ranges);
    }
    return true;
  }
}

const snapshotSchema = z.array(
  z.tuple([z.string(), z.array(z.tuple([z.int().min(0), z.int().min(0)]))]),
);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function senderKey({ cluster, node, bootId }: SenderName): string {
  return `${cluster}\n${node}\n${bootId}`;
}

/** Disjoint, sorted, inclusive ranges that do not touch. Beyond MAX_RANGES the lowest is forgotten. */
export class SeqRanges {
  readonly #ranges: { first: number; last: number }[] = [];

  get size(): number {
    return this.#ranges.length;
  }

  has(seq: number): boolean {
    return this.hasAll(seq, seq);
  }

  hasAll(first: number, last: number): boolean {
    const range = this.#ranges[this.#indexAtOrBelow(first)];
    return range !== undefined && last <= range.last;
  }

  hasAny(first: number, last: number): boolean {
    return (this.#ranges[this.#indexAtOrBelow(last)]?.last ?? -1) >= first;
  }

  add(seq: number): void {
    this.addAll(seq, seq);
  }

  addAll(first: number, last: number): void {
    // From the first range that touches to the last one: all become one.
    let from = this.#indexAtOrBelow(first);
    if (from < 0 || (this.#ranges[from]?.last ?? -1) < first - 1) from += 1;
    const to = this.#indexAtOrBelow(last + 1);
    const touched = this.#ranges.slice(from, to + 1);
    const merged = {
      first: Math.min(first, touched[0]?.first ?? first),
      last: Math.max(last, touched.at(-1)?.last ?? last),
    };
    this.#ranges.splice(from, touched.length, merged);
    if (this.#ranges.length > MAX_RANGES) this.#ranges.shift();
  }

  removeAll(first: number, last: number): void {
    let from = this.#indexAtOrBelow(first);
    if (from < 0 || (this.#ranges[from]?.last ?? -1) < first) from += 1;
    const to = this.#indexAtOrBelow(last);
    const touched = this.#ranges.slice(from, to + 1);
    const left = touched.flatMap((range) => [
      ...(range.first < first ? [{ first: range.first, last: first - 1 }] : []),
      ...(range.last > last ? [{ first: last + 1, last: range.last }] : []),
    ]);
    this.#ranges.splice(from, touched.length, ...left);
  }

  toArray(): [number, number][] {
    return this.#ranges.map(({ first, last }) => [first, last]);
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
