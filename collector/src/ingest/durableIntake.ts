/**
 * From an accepted batch to the log, and from the log to ClickHouse.
 *
 *   accept ─► log (fsynced: `durable`) ─► feeder.ts ─► `stored`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { decodeBatch, encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { AppError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { batchPrefix, type Cut, encodeLsns, FRAME, type LoggedBatch } from '../wal/frames.ts';
import type { LsnTracker } from '../wal/lsnTracker.ts';
import type { WriteAheadLog } from '../wal/wal.ts';
import type { ParsedBatch } from './batch.ts';
import { type FedBatch, LogFeeder } from './feeder.ts';
import type { IngestPipeline, StoreOutcome } from './pipeline.ts';
import type { DoneBatch, NodeName, Receipt } from './receipt.ts';
import type { ScannedBatch } from './scanBatch.ts';
import { type SeqRange, seqRanges } from './seqRanges.ts';
import type { SenderName, StoredSeqs } from './storedSeqs.ts';

const MAX_MARKS = 256;
const MARK_EVERY_MS = 50;
const ROOM_POLL_MS = 100;

export interface DurableOptions {
  readonly log: WriteAheadLog;
  readonly pipeline: IngestPipeline;
  readonly metrics: Metrics;
  /** In ClickHouse; shared with the pipeline. */
  readonly stored: StoredSeqs;
  /** In the log and not yet in ClickHouse. */
  readonly pending: StoredSeqs;
  readonly done: LsnTracker;
  /** What an earlier process sent to ClickHouse together. */
  readonly cuts: readonly Cut[];
  /** Batches of an earlier process whose senders may not have heard of it, and may have gone elsewhere since. */
  readonly alone?: readonly number[];
  /** Acknowledged batches (or bytes of them) that cannot be read back. */
  readonly onDamage: (what: object) => void;
  readonly onDefect: (error: unknown) => void;
}

interface Appended {
  readonly ranges: readonly SeqRange[];
  readonly duplicates: number;
  /** From another collector, which may have it too. */
  readonly isMoved: boolean;
}

export class DurableIntake {
  readonly #options: DurableOptions;
  readonly #feeder: LogFeeder;
  /** By cluster and node: an agent is told of its own batches, whichever connection they came by. */
  readonly #listeners = new Map<string, Set<(batch: DoneBatch) => void>>();
  readonly #waiters = new Map<number, ((done: DoneBatch | null) => void)[]>();
  readonly #allWaiters = new Set<{ readonly lsn: number; readonly resolve: () => void }>();
  #marks: number[] = [];
  #markTimer: NodeJS.Timeout | null = null;
  #isClosing = false;
  #room: Promise<void> | null = null;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.#feeder = new LogFeeder({
      ...options,
      onStored: (fed, outcome) => this.#stored(fed, outcome),
      onRefused: (fed, error) => this.#refused(fed, error),
      onLost: (lsn) => this.#lose(lsn),
    });
  }

  /** Batches in the log that ClickHouse has not confirmed. */
  get backlog(): number {
    return this.#options.log.committedLsn - this.#options.done.upTo;
  }

  start(): void {
    this.#feeder.start();
  }

  /** Called with every batch of a node that leaves the log's care, in no order. Answers how to end that. */
  onDone(node: NodeName, listener: (batch: DoneBatch) => void): () => void {
    const key = nodeKey(node);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners)
        this.#listeners.delete(key);
    };
  }

  /** Resolves with the batch at `lsn` when it is done; with null where it was done before, or is lost. */
  whenDone(lsn: number): Promise<DoneBatch | null> {
    if (this.#options.done.isDone(lsn)) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiters.set(lsn, [...(this.#waiters.get(lsn) ?? []), resolve]);
    });
  }

  /** Resolves when all batches up to `lsn` are done. */
  whenAllDone(lsn: number): Promise<void> {
    if (this.#options.done.upTo >= lsn) return Promise.resolve();
    return new Promise((resolve) => this.#allWaiters.add({ lsn, resolve }));
  }

  hasRoomFor(bytes: number): boolean {
    return this.#isClosing || this.#options.log.hasRoomFor(bytes);
  }

  /** Resolves when it is worth asking hasRoomFor again. One timer for all that wait. */
  whenRoom(): Promise<void> {
    this.#room ??= delay(ROOM_POLL_MS, undefined, { ref: false }).then(() => {
      this.#room = null;
    });
    return this.#room;
  }

  /** From now on every batch is refused with HOP_CLOSING; what is in the log goes on. */
  stopAccepting(): void {
    this.#isClosing = true;
    this.#feeder.wake();
  }

  /** Resolves when the batch is fsynced. `raw`: its bytes as received, where they are the binary form. */
  async accept(batch: ParsedBatch, raw: Uint8Array | null, isMoved = false): Promise<Receipt> {
    const { log, pipeline } = this.#options;
    const { envelope, records, problems } = batch;
    if (this.#isClosing) throw closing();
    if (records.length === 0) {
      await pipeline.submit(batch);
      return { fresh: 0, duplicates: 0, waitsForLsn: 0, isLogged: false };
    }
    const fresh = this.#freshOf(envelope, records);
    const duplicates = records.length - fresh.length;
    if (fresh.length === 0) {
      const isStored = seqRanges(records).every(([first, last]) =>
        this.#options.stored.hasAll(envelope, first, last),
      );
      await log.flushed();
      const waitsForLsn = isStored ? 0 : log.lastLsn;
      return { fresh: 0, duplicates, waitsForLsn, isLogged: false };
    }
    const isAsReceived = raw !== null && duplicates === 0 && problems.length === 0;
    const bytes = isAsReceived ? raw : encodeBatch(envelope, fresh);
    return this.#append(envelope, bytes, { ranges: seqRanges(fresh), duplicates, isMoved });
  }

  /** The same for a batch of which only the bytes were looked at: of its records none is made before its turn. */
  async acceptScanned(
    { envelope, first, last }: ScannedBatch,
    raw: Uint8Array,
    isMoved = false,
  ): Promise<Receipt> {
    const { stored, pending } = this.#options;
    if (this.#isClosing) throw closing();
    if (stored.hasAny(envelope, first, last) || pending.hasAny(envelope, first, last)) {
      const { records } = decodeBatch(raw);
      return this.accept({ envelope, records, problems: [] }, raw, isMoved);
    }
    return this.#append(envelope, raw, { ranges: [[first, last]], duplicates: 0, isMoved });
  }

  async #append(
    envelope: Envelope,
    bytes: Uint8Array,
    { ranges, duplicates, isMoved }: Appended,
  ): Promise<Receipt> {
    const { log, pending } = this.#options;
    for (const [first, last] of ranges) pending.addAll(envelope, first, last);
    const { lsn, durable } = log.append([batchPrefix(envelope.count, duplicates), bytes]);
    if (isMoved) this.#feeder.keepAlone(lsn);
    this.#feeder.keep({ lsn, count: envelope.count, duplicates, bytes });
    await durable;
    this.#feeder.wake();
    const fresh = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    return { fresh, duplicates, waitsForLsn: lsn, isLogged: true };
  }

  /** Resolves true when all of the log is in ClickHouse, false when `timeoutMs` passed before. */
  async drain(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const all = this.whenAllDone(this.#options.log.lastLsn).then(() => true as const);
    const isDrained = await Promise.race([all, timeout]);
    clearTimeout(timer);
    return isDrained;
  }

  /** Ends the feeder. Call after pipeline.close(). */
  async close(): Promise<void> {
    await this.#feeder.close();
    if (this.#markTimer !== null) clearTimeout(this.#markTimer);
    this.writeMarks();
  }

  /** Nobody sends a seq twice in one batch: checkRecords() sees to that. */
  #freshOf(sender: SenderName, records: readonly WireRecord[]): readonly WireRecord[] {
    const { stored, pending } = this.#options;
    return records.filter(
      ({ seq }) => !stored.hasAll(sender, seq, seq) && !pending.hasAll(sender, seq, seq),
    );
  }

  #stored({ logged, batch }: FedBatch, { stored: count, duplicates }: StoreOutcome): void {
    const { envelope, records } = batch;
    const ranges = seqRanges(records);
    // The log's batches are disjoint: what ClickHouse had already, it had from this very batch before a crash.
    const outcome = { stored: count + duplicates, duplicates: logged.duplicates };
    for (const [first, last] of ranges) this.#options.stored.addAll(envelope, first, last);
    this.#finish(ranges, { ...nameOf(logged, envelope), outcome, error: null });
  }

  #refused({ logged, batch }: FedBatch, error: unknown): void {
    const outcome = { stored: 0, duplicates: logged.duplicates };
    const name = nameOf(logged, batch.envelope);
    this.#finish(seqRanges(batch.records), { ...name, outcome, error });
  }

  #finish(ranges: readonly SeqRange[], batch: DoneBatch): void {
    for (const [first, last] of ranges) this.#options.pending.removeAll(batch, first, last);
    this.#mark(batch.lsn);
    for (const listener of this.#listeners.get(nodeKey(batch)) ?? []) listener(batch);
    this.#tellWaiters(batch.lsn, batch);
  }

  /** It was acknowledged and cannot be read: reported as damage already. Its sender still has it, and sends it again. */
  #lose(lsn: number): void {
    const { pending, metrics, onDamage } = this.#options;
    metrics.logDamaged.inc();
    onDamage({ lsn });
    // Whose it was is not known any more: nothing that waits may count as a repetition of it.
    pending.clear();
    this.#mark(lsn);
    this.#tellWaiters(lsn, null);
  }

  #mark(lsn: number): void {
    this.#options.done.add(lsn);
    this.#marks.push(lsn);
    if (this.#marks.length >= MAX_MARKS) this.writeMarks();
    this.#markTimer ??= setTimeout(() => this.writeMarks(), MARK_EVERY_MS).unref();
  }

  /** A mark that a crash takes along costs a second insert, which the token makes none. */
  writeMarks(): void {
    if (this.#markTimer !== null) clearTimeout(this.#markTimer);
    this.#markTimer = null;
    if (this.#marks.length > 0) this.#options.log.note(FRAME.stored, encodeLsns(this.#marks));
    this.#marks = [];
  }

  #tellWaiters(lsn: number, batch: DoneBatch | null): void {
    const waiters = this.#waiters.get(lsn) ?? [];
    this.#waiters.delete(lsn);
    for (const resolve of waiters) resolve(batch);
    for (const waiter of this.#allWaiters) {
      if (waiter.lsn > this.#options.done.upTo) continue;
      this.#allWaiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function nameOf({ lsn, count }: LoggedBatch, { cluster, node, bootId, firstSeq }: Envelope) {
  return { lsn, cluster, node, bootId, firstSeq, count };
}

function nodeKey({ cluster, node }: NodeName): string {
  return `${cluster}\n${node}`;
}

function closing(): AppError {
  return new AppError('HOP_CLOSING', 'the collector is shutting down', { retryAfterSeconds: 5 });
}
