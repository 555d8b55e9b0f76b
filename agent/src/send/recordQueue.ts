/** Records that wait to be sent, as bytes. Bounded: refusals are what an incident is about, so they go last. */
import { numberRecords, recordSizeBytes } from '@hoptrace/domain/wire/binary.ts';
import type { RecordKind } from '@hoptrace/domain/wire/v1.ts';

/** About 270 legs. */
const SEGMENT_BYTES = 64 * 1024;

/** Writes one record at `at` of `view`; seq is set when it is taken. */
export type WriteRecord = (view: DataView, at: number) => void;

/** Views of records, valid until the next push. */
export interface TakenRecords {
  readonly count: number;
  readonly parts: readonly Uint8Array[];
}

export class RecordQueue {
  readonly #maxRecords: number;
  readonly #refusals = new RecordBytes();
  readonly #others = new RecordBytes();

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  get size(): number {
    return this.#refusals.size + this.#others.size;
  }

  /** Returns how many records were dropped to make room: the oldest that is no refusal, else the oldest refusal. */
  push(kind: RecordKind, write: WriteRecord): number {
    (kind === 'refusal' ? this.#refusals : this.#others).push(recordSizeBytes(kind), write);
    if (this.size <= this.#maxRecords) return 0;
    if (this.#others.take(1, 0).count === 0) this.#refusals.take(1, 0);
    return 1;
  }

  /** Up to `count` records, refusals first, otherwise in order, numbered from `firstSeq` on. */
  take(count: number, firstSeq: number): TakenRecords {
    const refusals = this.#refusals.take(count, firstSeq);
    const others = this.#others.take(count - refusals.count, firstSeq + refusals.count);
    const parts = [...refusals.parts, ...others.parts];
    return { count: refusals.count + others.count, parts };
  }
}

interface Segment {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Records lie from `head` to `end`. */
  head: number;
  end: number;
  count: number;
}

/** Records one after the other in segments, of which an empty one is used again. */
class RecordBytes {
  readonly #segments: Segment[] = [];
  #spare: Segment | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(sizeBytes: number, write: WriteRecord): void {
    let last = this.#segments.at(-1);
    if (last === undefined || last.end + sizeBytes > SEGMENT_BYTES) last = this.#addSegment();
    write(last.view, last.end);
    last.end += sizeBytes;
    last.count++;
    this.#size++;
  }

  take(count: number, firstSeq: number): TakenRecords {
    const parts: Uint8Array[] = [];
    let taken = 0;
    for (let [first] = this.#segments; first !== undefined; [first] = this.#segments) {
      const wanted = Math.min(count - taken, first.count);
      if (wanted === 0) break;
      const from = first.head;
      first.head = wanted === first.count ? first.end : endOf(first, wanted);
      first.count -= wanted;
      numberRecords(first.view, from, first.head, firstSeq + taken);
      parts.push(first.bytes.subarray(from, first.head));
      taken += wanted;
      if (first.count > 0) break;
      this.#segments.shift();
      this.#spare = first;
    }
    this.#size -= taken;
    return { count: taken, parts };
  }

  #addSegment(): Segment {
    const segment = this.#spare ?? newSegment();
    this.#spare = null;
    Object.assign(segment, { head: 0, end: 0 });
    this.#segments.push(segment);
    return segment;
  }
}

function newSegment(): Segment {
  const bytes = new Uint8Array(SEGMENT_BYTES);
  return { bytes, view: new DataView(bytes.buffer), head: 0, end: 0, count: 0 };
}

/** Where the record behind the first `count` begins. */
function endOf({ view, head }: Segment, count: number): number {
  let at = head;
  for (let index = 0; index < count; index++) at += view.getUint16(at + 2, true);
  return at;
}
