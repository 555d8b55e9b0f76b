/**
 * Batches on disk until the collector has stored them, over restarts of the agent and of the machine.
 *
 *   DIR/NUMBER-SALT.spool   frames (domain/src/wire/frame.ts), one a batch, as it is sent
 *
 * Memory holds some hundred bytes a batch. A file goes when all its batches are stored; where the spool is full, or
 * its batches too old, the oldest file that is not being written goes with what is in it, and that is a loss.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writevSync,
} from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import {
  encodeFrameHead,
  FRAME_HEAD_BYTES,
  type FrameFile,
  scanFrames,
} from '@hoptrace/domain/wire/frame.ts';
import { envelopeSchema } from '@hoptrace/domain/wire/v1.ts';
import type { Metrics } from '../metrics.ts';
import { type Batch, batchOf, type CutBatch, type OnDrop, type Outbox } from './outbox.ts';

export const SPOOL_FILE = /^(\d{10})-([0-9a-f]{8})\.spool$/;
const BATCH_FRAME = 1;
const FILE_BYTES = 4 * 1024 * 1024;
const SYNC_EVERY_MS = 1000;

export interface SpoolOptions {
  readonly directory: string;
  readonly maxBytes: number;
  /** Below what collectors accept: they refuse records that are a day old. */
  readonly maxAgeMs: number;
  /** `always`: before a batch is sent. `interval`: once a second; a power failure takes the last second along. */
  readonly fsync: 'always' | 'interval' | 'never';
  readonly metrics: Metrics;
  readonly onDrop: OnDrop;
}

interface SpoolFile {
  readonly path: string;
  readonly number: number;
  readonly frames: FrameFile;
  readonly live: Set<Batch>;
  sizeBytes: number;
  newestMs: number;
}

interface Place {
  readonly file: SpoolFile;
  readonly offset: number;
}

export class DiskSpool implements Outbox {
  readonly isSpool = true;
  readonly #options: SpoolOptions;
  readonly #files: SpoolFile[] = [];
  readonly #batches = new Set<Batch>();
  readonly #places = new Map<Batch, Place>();
  #active: { readonly file: SpoolFile; readonly fd: number } | null = null;
  #nextNumber = 1;
  #needsSync = false;
  readonly #syncer: NodeJS.Timeout | null;

  /** Reads what an earlier run left. Throws where the directory cannot be made or read. */
  constructor(options: SpoolOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(options.directory).sort()) this.#recover(name);
    this.tidy();
    const isTimed = options.fsync === 'interval';
    this.#syncer = isTimed ? setInterval(() => this.#sync(), SYNC_EVERY_MS).unref() : null;
  }

  get batches(): ReadonlySet<Batch> {
    return this.#batches;
  }

  get sizeBytes(): number {
    return this.#files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Throws where the batch cannot be written even after older ones were dropped. */
  add(cut: CutBatch): Batch {
    const batch = batchOf(cut, cut.bytes.length, cut.cutAtMs ?? Date.now());
    while (this.sizeBytes + cut.bytes.length > this.#options.maxBytes && this.#dropOldest());
    for (;;) {
      try {
        this.#write(batch, cut.bytes);
        return batch;
      } catch (error) {
        this.#options.metrics.spoolFailuresTotal++;
        this.#closeActive();
        if (!this.#dropOldest()) throw error;
      }
    }
  }

  bytesOf(batch: Batch): Uint8Array | null {
    const place = this.#places.get(batch);
    if (place === undefined) return null;
    const bytes = new Uint8Array(FRAME_HEAD_BYTES + batch.sizeBytes);
    try {
      const fd = openSync(place.file.path, 'r');
      try {
        readSync(fd, bytes, 0, bytes.length, place.offset);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Read as damage below: the bytes stay zero.
    }
    const [first] = scanFrames(bytes, place.file.frames);
    if (first !== undefined && 'frame' in first) return first.frame.payload;
    this.#options.metrics.spoolDamagedTotal++;
    this.#drop(batch);
    return null;
  }

  free(batch: Batch): void {
    const place = this.#places.get(batch);
    this.#batches.delete(batch);
    this.#places.delete(batch);
    if (place === undefined) return;
    place.file.live.delete(batch);
    if (place.file.live.size === 0 && place.file !== this.#active?.file) this.#remove(place.file);
  }

  tidy(): void {
    const oldMs = Date.now() - this.#options.maxAgeMs;
    for (let [oldest] = this.#files; oldest !== undefined; [oldest] = this.#files) {
      if (oldest.newestMs >= oldMs || oldest === this.#active?.file) return;
      this.#dropFile(oldest);
    }
  }

  /** What is not stored stays for the next run. */
  close(): void {
    if (this.#syncer !== null) clearInterval(this.#syncer);
    this.#closeActive();
    for (const file of this.#files.filter(({ live }) => live.size === 0)) this.#remove(file);
  }

  #recover(name: string): void {
    const [, number, salt] = SPOOL_FILE.exec(name) ?? [];
    if (number === undefined || salt === undefined) return;
    const file = this.#newFile(name, Number(number), Number.parseInt(salt, 16));
    const bytes = readFileSync(file.path);
    file.sizeBytes = bytes.length;
    for (const each of scanFrames(bytes, file.frames)) {
      const envelope = 'frame' in each ? envelopeOf(each.frame.payload) : null;
      if (!('frame' in each) || envelope === null) {
        this.#options.metrics.spoolDamagedTotal++;
        continue;
      }
      const { timeMs, offset, payload } = each.frame;
      this.#place(batchOf(envelope, payload.length, timeMs), { file, offset });
    }
    if (file.live.size === 0) this.#remove(file);
  }

  #newFile(name: string, number: number, salt: number): SpoolFile {
    const file: SpoolFile = {
      path: path.join(this.#options.directory, name),
      number,
      frames: { salt, checksum: (bytes, start) => crc32(bytes, start) },
      live: new Set(),
      sizeBytes: 0,
      newestMs: 0,
    };
    this.#files.push(file);
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    return file;
  }

  #write(batch: Batch, bytes: Uint8Array): void {
    const { file, fd } = this.#open();
    const head = { type: BATCH_FRAME, id: batch.firstSeq, timeMs: batch.cutAtMs };
    const offset = file.sizeBytes;
    const written = writevSync(fd, [encodeFrameHead(head, [bytes], file.frames), bytes], offset);
    if (written < FRAME_HEAD_BYTES + bytes.length) throw new Error('the disk is full');
    if (this.#options.fsync === 'always') fdatasyncSync(fd);
    this.#needsSync = true;
    file.sizeBytes += written;
    this.#place(batch, { file, offset });
  }

  #place(batch: Batch, place: Place): void {
    this.#batches.add(batch);
    this.#places.set(batch, place);
    place.file.live.add(batch);
    place.file.newestMs = Math.max(place.file.newestMs, batch.cutAtMs);
  }

  #open() {
    if (this.#active !== null && this.#active.file.sizeBytes < FILE_BYTES) return this.#active;
    this.#closeActive();
    const salt = randomBytes(4);
    const name = `${String(this.#nextNumber).padStart(10, '0')}-${salt.toString('hex')}.spool`;
    const fd = openSync(path.join(this.#options.directory, name), 'wx', 0o600);
    // Else a power failure may take the name, and with it whatever was synced under it.
    if (this.#options.fsync !== 'never') syncDirectory(this.#options.directory);
    const file = this.#newFile(name, this.#nextNumber, salt.readUInt32BE());
    this.#active = { file, fd };
    return this.#active;
  }

  #closeActive(): void {
    const active = this.#active;
    if (active === null) return;
    this.#active = null;
    try {
      if (this.#options.fsync !== 'never') fdatasyncSync(active.fd);
    } catch {
      this.#options.metrics.spoolFailuresTotal++;
    }
    closeSync(active.fd);
    if (active.file.live.size === 0) this.#remove(active.file);
  }

  #sync(): void {
    const active = this.#active;
    if (active === null || !this.#needsSync) return;
    this.#needsSync = false;
    fdatasync(active.fd, (error) => {
      if (error !== null && active === this.#active) this.#options.metrics.spoolFailuresTotal++;
    });
  }

  #dropOldest(): boolean {
    const oldest = this.#files.find((file) => file !== this.#active?.file);
    if (oldest === undefined) return false;
    this.#dropFile(oldest);
    return true;
  }

  #dropFile(file: SpoolFile): void {
    for (const batch of file.live) this.#drop(batch);
    this.#remove(file);
  }

  #drop(batch: Batch): void {
    this.#options.metrics.spoolDroppedTotal += batch.count;
    this.free(batch);
    this.#options.onDrop(batch);
  }

  #remove(file: SpoolFile): void {
    const index = this.#files.indexOf(file);
    if (index >= 0) this.#files.splice(index, 1);
    rmSync(file.path, { force: true });
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function envelopeOf(bytes: Uint8Array) {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + view.getUint32(4, true);
  const envelope = envelopeSchema.safeParse(decodeBatch(bytes.subarray(0, end)).envelope);
  return envelope.success ? envelope.data : null;
}
