/** Reads batches back in order, one segment's rest in memory at a time. */
import { open } from 'node:fs/promises';
import { type Frame, scanFrames } from '@hoptrace/domain/wire/frame.ts';
import { FRAME, type LoggedBatch, readBatchPayload } from './frames.ts';
import { endOf, type Segment } from './segment.ts';
import type { WriteAheadLog } from './wal.ts';

export interface ReaderOptions {
  readonly log: WriteAheadLog;
  /** Bytes that hold no frame, met while reading. */
  readonly onDamage: (path: string, sizeBytes: number) => void;
}

export class WalReader {
  readonly #options: ReaderOptions;
  #segment: Segment | null = null;
  #endOffset = 0;
  #frames: Frame[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** The first batch after `lsn` that can be read; null where the log holds none (yet). */
  async nextAfter(lsn: number): Promise<LoggedBatch | null> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        if (frame.id > lsn) return readBatchPayload(frame.id, frame.payload);
        continue;
      }
      const segment = this.#segmentAfter(lsn);
      if (segment === null) return null;
      if (segment !== this.#segment) {
        this.#segment = segment;
        this.#endOffset = 0;
      }
      if (this.#endOffset >= segment.sizeBytes) {
        // All its frames were seen, and what it holds after `lsn` is damaged: the next one, if any.
        const later = this.#options.log.segments.find((each) => each.number > segment.number);
        if (later === undefined) return null;
        this.#segment = later;
        this.#endOffset = 0;
      }
      await this.#load();
    }
  }

  /** Lets go of what is held in memory, when others hand out the batches for a while. */
  rest(): void {
    this.#frames = [];
    this.#segment = null;
    this.#endOffset = 0;
  }

  #segmentAfter(lsn: number): Segment | null {
    const { segments } = this.#options.log;
    const current = this.#segment;
    if (current !== null && segments.includes(current)) {
      if (current.lastLsn > lsn || this.#endOffset < current.sizeBytes) return current;
    }
    const from = current?.number ?? 0;
    return segments.find((each) => each.number >= from && each.lastLsn > lsn) ?? null;
  }

  async #load(): Promise<void> {
    const segment = this.#segment;
    if (segment === null) return;
    const bytes = new Uint8Array(segment.sizeBytes - this.#endOffset);
    const handle = await open(segment.path, 'r');
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, {
          offset: done,
          length: bytes.length - done,
          position: this.#endOffset + done,
        });
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
    this.#endOffset += bytes.length;
    const endLsn = endOf(segment, this.#options.log.segments);
    for (const each of scanFrames(bytes, segment.file)) {
      if ('damage' in each) this.#options.onDamage(segment.path, each.damage.sizeBytes);
      else if (each.frame.type === FRAME.batch && each.frame.id < endLsn)
        this.#frames.push(each.frame);
    }
  }
}
