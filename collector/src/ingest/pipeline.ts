/**
 * From an accepted batch to rows in ClickHouse, through a queue that is bounded in records.
 *
 *   submit ──► queue ──► insert (a few at once, retried) ──► onStored ──► the sender's answer
 */
import type { Envelope, Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { CollectorStore } from '../collectorStore.ts';
import { AppError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { ParsedBatch } from './batch.ts';
import { retryUntilStored, type Sleep } from './retry.ts';
import { StoredSeqs } from './storedSeqs.ts';
import { batchToken } from './token.ts';

export interface StoreOutcome {
  /** Records that ClickHouse confirmed now. */
  readonly stored: number;
  /** Records of the batch that had been confirmed before. */
  readonly duplicates: number;
}

export interface PipelineOptions {
  readonly store: Pick<CollectorStore, 'insertRecords'>;
  readonly metrics: Metrics;
  readonly maxQueuedRecords: number;
  readonly concurrency: number;
  readonly sleep: Sleep;
  readonly nowMs: () => number;
  /** Shared with the log's intake, which fills it from an earlier process; else a memory of its own. */
  readonly stored?: StoredSeqs;
  /** Called once per batch after ClickHouse confirmed it, with the records that were new. */
  readonly onStored: (envelope: Envelope, records: readonly Sourced[], lsn: number) => void;
  /** Called when an insert fails and will be tried again. */
  readonly onRetry: (error: unknown, attempt: number) => void;
  /** Called when onStored throws. */
  readonly onDefect: (error: unknown) => void;
}

/** A batch, and where it is in the log; 0 without one. */
export type LocatedBatch = Pick<ParsedBatch, 'envelope' | 'records'> & { readonly lsn: number };

interface SourcedBatch {
  readonly envelope: Envelope;
  readonly records: readonly Sourced[];
  readonly lsn: number;
}

interface Job {
  readonly batches: readonly SourcedBatch[];
  readonly token: string;
  readonly resolve: (outcomes: readonly StoreOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

const NOTHING_STORED: StoreOutcome = { stored: 0, duplicates: 0 };

export class IngestPipeline {
  readonly #options: PipelineOptions;
  readonly #stored: StoredSeqs;
  readonly #queue: Job[] = [];
  /** Batches that wait or are being inserted, so that a resend joins its first copy instead of the queue. */
  readonly #inFlight = new Map<string, Promise<readonly StoreOutcome[]>>();
  readonly #waiters: (() => void)[] = [];
  readonly #abort = new AbortController();
  #queuedRecords = 0;
  #running = 0;
  #isClosing = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#stored = options.stored ?? new StoredSeqs();
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Inserts that wait or go on. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  get queuedRecords(): number {
    return this.#queuedRecords;
  }

  /**
   * An empty queue takes a batch of any legal size: else a small limit would refuse it for ever.
   * A closed one has room for all, so that nobody waits for it: submit() refuses.
   */
  hasRoomFor(records: number): boolean {
    const { maxQueuedRecords } = this.#options;
    if (this.#isClosing || records === 0) return true;
    return this.#queuedRecords === 0 || this.#queuedRecords + records <= maxQueuedRecords;
  }

  /** Resolves when some room came free (or on close). The caller asks hasRoomFor again. */
  whenRoom(): Promise<void> {
    if (this.#isClosing) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Resolves once ClickHouse holds every record of the batch. Rejects with HOP_QUEUE_FULL at once, with
   * HOP_STORE_REFUSED where ClickHouse refuses the data, with HOP_CLOSING when the process ends before.
   */
  async submit({ envelope, records }: ParsedBatch): Promise<StoreOutcome> {
    if (this.#isClosing) throw closing();
    // An agent's sign of life has nothing to store and must not wait behind what has.
    if (records.length === 0) {
      this.#tellStored(envelope, [], 0);
      return NOTHING_STORED;
    }
    const batch = { envelope, records, lsn: 0 };
    const [outcome] = await this.submitTogether([batch], batchToken(envelope, records));
    return outcome ?? NOTHING_STORED;
  }

  /**
   * The same for batches of the log that go as one insert, each with records: one outcome for each. The same token
   * must always mean the same batches.
   */
  submitTogether(
    batches: readonly LocatedBatch[],
    token: string,
  ): Promise<readonly StoreOutcome[]> {
    if (this.#isClosing) return Promise.reject(closing());
    const pending = this.#inFlight.get(token);
    if (pending !== undefined) return pending;
    const count = batches.reduce((sum, { records }) => sum + records.length, 0);
    if (!this.hasRoomFor(count)) {
      this.#options.metrics.queueFull.inc();
      return Promise.reject(queueFull(this.#options.maxQueuedRecords));
    }
    const outcomes = new Promise<readonly StoreOutcome[]>((resolve, reject) => {
      this.#queue.push({ batches: batches.map(withSource), token, resolve, reject });
    }).finally(() => this.#leave(token, count));
    this.#inFlight.set(token, outcomes);
    this.#setQueued(this.#queuedRecords + count);
    this.#fillWorkers();
    return outcomes;
  }

  /** From now on every batch is refused with HOP_CLOSING; what was accepted goes on. */
  stopAccepting(): void {
    this.#isClosing = true;
    this.#wake();
  }

  /** Resolves true when everything accepted is stored, false when `timeoutMs` passed before. */
  async drain(timeoutMs: number): Promise<boolean> {
    if (this.#inFlight.size === 0) return true;
    const settled = Promise.allSettled(this.#inFlight.values()).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const isDrained = await Promise.race([settled, timeout]);
    clearTimeout(timer);
    return isDrained;
  }

  /** Ends retries; what is still queued is rejected, not acknowledged. */
  close(): void {
    this.stopAccepting();
    this.#abort.abort();
    for (const job of this.#queue.splice(0)) job.reject(closing());
  }

  #fillWorkers(): void {
    while (this.#running < this.#options.concurrency) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#running += 1;
      void this.#run(job).finally(() => {
        this.#running -= 1;
        this.#fillWorkers();
      });
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      job.resolve(await this.#insert(job));
    } catch (error) {
      job.reject(error);
    }
  }

  async #insert({ batches, token }: Job): Promise<StoreOutcome[]> {
    const { store, metrics, sleep, nowMs, onRetry } = this.#options;
    const parts = batches.map((batch) => ({
      ...batch,
      fresh: batch.records.filter((record) => !this.#stored.has(record)),
    }));
    const fresh = parts.flatMap((part) => part.fresh);
    const insertOnce = async () => {
      const startMs = nowMs();
      await store.insertRecords(fresh, token);
      metrics.insertSeconds.observe({ table: 'records' }, (nowMs() - startMs) / 1000);
    };
    const onFailure = (error: unknown, attempt: number) => {
      metrics.insertFailures.inc({ table: 'records' });
      onRetry(error, attempt);
    };
    if (fresh.length > 0) {
      await retryUntilStored(insertOnce, { signal: this.#abort.signal, sleep, onFailure });
    }
    return parts.map((part) => this.#noteStored(part));
  }

  #noteStored({
    envelope,
    records,
    fresh,
    lsn,
  }: SourcedBatch & { readonly fresh: readonly Sourced[] }): StoreOutcome {
    const { metrics } = this.#options;
    for (const record of fresh) {
      this.#stored.add(record);
      metrics.records.inc({ kind: record.kind });
    }
    const duplicates = records.length - fresh.length;
    metrics.duplicates.inc(duplicates);
    // A resent batch repeats its losses: only its first coming counts them.
    if (fresh.length > 0) this.#tellStored(envelope, fresh, lsn);
    return { stored: fresh.length, duplicates };
  }

  /** What is stored stays acknowledged, whatever happens to it afterwards. */
  #tellStored(envelope: Envelope, records: readonly Sourced[], lsn: number): void {
    try {
      this.#options.onStored(envelope, records, lsn);
    } catch (error) {
      this.#options.onDefect(error);
    }
  }

  #leave(token: string, records: number): void {
    this.#inFlight.delete(token);
    this.#setQueued(this.#queuedRecords - records);
    this.#wake();
  }

  #setQueued(records: number): void {
    this.#queuedRecords = records;
    this.#options.metrics.queueRecords.set(records);
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

function withSource({ envelope, records, lsn }: LocatedBatch): SourcedBatch {
  const { cluster, node, bootId } = envelope;
  const sourced = records.map((record) => ({ ...record, cluster, node, bootId }));
  return { envelope, records: sourced, lsn };
}

function queueFull(limit: number): AppError {
  const detail = `${limit} records wait for ClickHouse already; send the batch again later`;
  return new AppError('HOP_QUEUE_FULL', detail, { retryAfterSeconds: 2 });
}

function closing(): AppError {
  return new AppError('HOP_CLOSING', 'the collector is shutting down', { retryAfterSeconds: 5 });
}
