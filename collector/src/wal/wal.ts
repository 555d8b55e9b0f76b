/**
 * The write-ahead log: what it says is durable outlives the process and the power.
 *
 *   append ─► pending ─► one write and one fdatasync for all that came meanwhile (group commit) ─► resolved
 *
 * Where the disk is full or fails, nothing is resolved: what is pending is tried again, in a new file, until it
 * succeeds. hasRoomFor is false meanwhile, so that what is pending stays bounded.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeFrameHead } from '@hoptrace/domain/wire/frame.ts';
import { FRAME } from './frames.ts';
import { DISK, type LogFile, type LogFs } from './logFs.ts';
import type { Recovered } from './recover.ts';
import { createSegment, type Segment } from './segment.ts';

const MAX_PENDING_BYTES = 48 * 1024 * 1024;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 250;

export interface WalOptions {
  readonly directory: string;
  /** All files together. */
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly nowMs: () => number;
  /** A write failed; called once, until a write succeeds again. */
  readonly onStall: (error: unknown) => void;
  readonly onResume: () => void;
  readonly fs?: LogFs;
  /** Between two tries of a disk that fails. */
  readonly retryMs?: number;
}

interface Pending {
  readonly type: number;
  readonly id: number;
  readonly timeMs: number;
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly resolve: (() => void) | null;
}

export class WriteAheadLog {
  readonly #options: WalOptions;
  readonly #fs: LogFs;
  readonly #segments: Segment[];
  #active: { readonly segment: Segment; readonly handle: LogFile } | null = null;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #nextLsn: number;
  #nextNumber: number;
  #committedLsn: number;
  #isStalled = false;
  #isClosed = false;
  #pumping: Promise<void> | null = null;
  readonly #wait = new AbortController();
  readonly #unstalled = new Set<() => void>();

  /** Opens nothing; the first append creates a file. Frames never go into files of an earlier process. */
  constructor(options: WalOptions, recovered: Recovered) {
    this.#options = options;
    this.#fs = options.fs ?? DISK;
    this.#segments = [...recovered.segments];
    this.#nextLsn = recovered.nextLsn;
    this.#nextNumber = recovered.nextNumber;
    this.#committedLsn = recovered.nextLsn - 1;
  }

  /** Oldest first. Those of the newest file may still grow. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Of the last batch that is durable. */
  get committedLsn(): number {
    return this.#committedLsn;
  }

  /** Of the last batch that was appended, durable or not yet. */
  get lastLsn(): number {
    return this.#nextLsn - 1;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** True for the file that is being written. */
  isActive(segment: Segment): boolean {
    return segment === this.#active?.segment;
  }

  hasRoomFor(bytes: number): boolean {
    if (this.#isStalled) return false;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > MAX_PENDING_BYTES) return false;
    return this.sizeBytes + this.#pendingBytes + bytes <= this.#options.maxBytes;
  }

  /** Resolves when the batch is fsynced; stays pending while the disk is full, rejects never. */
  append(parts: readonly Uint8Array[]): { readonly lsn: number; readonly durable: Promise<void> } {
    const lsn = this.#nextLsn++;
    const durable = new Promise<void>((resolve) => this.#add(FRAME.batch, lsn, parts, resolve));
    return { lsn, durable };
  }

  /** Resolves when all that was appended before is fsynced. */
  flushed(): Promise<void> {
    if (this.#pending.length === 0 && this.#pumping === null) return Promise.resolve();
    return new Promise((resolve) => this.#add(FRAME.stored, this.lastLsn, [], resolve));
  }

  /** A frame that nobody waits for. Dropped while the disk is full: a restart does without it. */
  note(type: number, payload: Uint8Array): void {
    if (this.#isStalled || this.#isClosed) return;
    this.#add(type, this.lastLsn, [payload], null);
  }

  /** Resolves when the frame is fsynced, or at once where it is not going to be soon: full disk, closing. */
  noteDurably(type: number, payload: Uint8Array): Promise<void> {
    if (this.#isStalled || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#unstalled.add(resolve);
      this.#add(type, this.lastLsn, [payload], () => {
        this.#unstalled.delete(resolve);
        resolve();
      });
    });
  }

  /** Deletes the oldest files as long as `canGo`. The one that is being written stays. */
  async release(canGo: (segment: Segment) => boolean): Promise<number> {
    let released = 0;
    for (let [oldest] = this.#segments; oldest !== undefined; [oldest] = this.#segments) {
      if (oldest === this.#active?.segment || !canGo(oldest)) break;
      await this.#fs.remove(oldest.path);
      if (this.#segments[0] === oldest) this.#segments.shift();
      released += 1;
    }
    return released;
  }

  /** Writes what is pending, unless the disk is full, and closes the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wait.abort();
    this.#letGo();
    await this.#pumping;
    await this.#active?.handle.close();
    this.#active = null;
  }

  /** Whoever would rather go on than wait for a disk. */
  #letGo(): void {
    for (const resolve of this.#unstalled) resolve();
    this.#unstalled.clear();
  }

  #add(type: number, id: number, parts: readonly Uint8Array[], resolve: (() => void) | null): void {
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.#pending.push({ type, id, timeMs: this.#options.nowMs(), parts, sizeBytes, resolve });
    this.#pendingBytes += sizeBytes;
    this.#startPump();
  }

  #startPump(): void {
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = null;
      // What was appended between the end of the loop and this line.
      if (this.#pending.length > 0 && !this.#isClosed) this.#startPump();
    });
  }

  async #pump(): Promise<void> {
    // What else this turn of the event loop brings goes with the same fsync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
      } catch (error) {
        this.#pending.unshift(...group);
        if (!this.#isStalled) this.#options.onStall(error);
        this.#isStalled = true;
        this.#letGo();
        await this.#abandonFile();
        if (this.#isClosed) return;
        await delay(this.#options.retryMs ?? RETRY_MS, undefined, {
          signal: this.#wait.signal,
        }).catch(() => {});
        continue;
      }
      for (const each of group) {
        this.#pendingBytes -= each.sizeBytes;
        each.resolve?.();
      }
      if (this.#isStalled) {
        this.#isStalled = false;
        this.#options.onResume();
      }
    }
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    // One by one while the disk is full: what waits together may be more than will ever be free at once.
    const maxBytes = this.#isStalled ? 0 : MAX_GROUP_BYTES;
    for (const { sizeBytes } of this.#pending) {
      if (count > 0 && bytes + sizeBytes > maxBytes) break;
      bytes += sizeBytes;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    const { segment, handle } = await this.#fileFor(group);
    const buffers = group.flatMap((each) => [
      encodeFrameHead(each, each.parts, segment.file),
      ...each.parts,
    ]);
    const end = await writeAll(handle, buffers, segment.sizeBytes);
    await handle.datasync();
    segment.sizeBytes = end;
    for (const { type, id, timeMs } of group) {
      segment.lastTimeMs = timeMs;
      if (type !== FRAME.batch) continue;
      segment.lastLsn = id;
      this.#committedLsn = id;
    }
  }

  async #fileFor(group: readonly Pending[]) {
    const { directory, segmentBytes } = this.#options;
    if (this.#active !== null && this.#active.segment.sizeBytes < segmentBytes) return this.#active;
    await this.#active?.handle.close();
    this.#active = null;
    const first = group.find(({ type }) => type === FRAME.batch);
    const firstLsn = first?.id ?? this.#committedLsn + 1;
    this.#active = await createSegment(this.#fs, directory, {
      number: this.#nextNumber++,
      firstLsn,
    });
    this.#segments.push(this.#active.segment);
    return this.#active;
  }

  /**
   * After a failure nobody knows what of the last write is on disk (a failed fsync may drop pages and succeed when
   * called again): the file ends where it was known to be good, and what is pending goes into a new one.
   */
  async #abandonFile(): Promise<void> {
    const file = this.#active;
    this.#active = null;
    if (file === null) return;
    const { segment, handle } = file;
    try {
      await handle.truncate(segment.sizeBytes);
    } catch {
      // Its end is then found broken, or repeated, by whoever reads it; both are known how to read.
    }
    await handle.close().catch(() => {});
    if (segment.sizeBytes > 0) return;
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    await this.#fs.remove(segment.path).catch(() => {});
    await this.#fs.syncDirectory(this.#options.directory).catch(() => {});
  }
}

async function writeAll(
  file: LogFile,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<number> {
  const total = buffers.reduce((sum, each) => sum + each.length, 0);
  let done = await file.writev(buffers, position);
  // A short write is rare (a signal, or the last free bytes of a disk): its rest goes as one buffer.
  while (done < total)
    done += await file.writev([Buffer.concat(buffers).subarray(done)], position + done);
  return position + total;
}
