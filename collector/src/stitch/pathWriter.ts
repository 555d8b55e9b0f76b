/** Moves paths from the stitcher to the store, one insert at a time: while one is out, groups wait where they are. */
import type { CollectorStore, PathChanges } from '../collectorStore.ts';
import { AppError } from '../errors.ts';
import { type RetryOptions, retryUntilStored } from '../ingest/retry.ts';
import { pathsToken } from '../ingest/token.ts';
import type { Metrics } from '../metrics.ts';
import type { RollupKeeper } from '../rollups/rollupKeeper.ts';
import type { Due, Stitcher } from './stitcher.ts';

/** Groups per turn: keeps one turn of the event loop near 50 ms. */
const GROUPS_PER_TURN = 500;

export interface PathWriterOptions {
  readonly stitcher: Stitcher;
  readonly store: Pick<CollectorStore, 'insertPaths'>;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly retry: RetryOptions;
  readonly onDropped: (error: unknown, changes: number) => void;
  /** Where the stitcher's memory outlives the process; null without a log. */
  readonly journal: () => PathJournal | null;
  /** Hears of every write; null where nothing is rolled up. */
  readonly rollups: Pick<RollupKeeper, 'before' | 'after'> | null;
}

export interface PathJournal {
  /** Resolves when what is about to be written is on disk. */
  before(due: Due): Promise<void>;
  /** All that was taken from the stitcher is written. */
  after(): void;
}

export class PathWriter {
  readonly #options: PathWriterOptions;
  #writing: Promise<void> | null = null;
  #writes = 0;

  constructor(options: PathWriterOptions) {
    this.#options = options;
  }

  /** Inserts that have ended since the start. */
  get writes(): number {
    return this.#writes;
  }

  /** Writes what is due, unless a write is going on. Never rejects. */
  turn(): Promise<void> {
    this.#writing ??= this.#writeDue(false).finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  /** Writes every path with news, due or not: the orderly end. */
  async flush(): Promise<void> {
    await this.#writing;
    await this.#writeDue(true);
  }

  async #writeDue(isFinal: boolean): Promise<void> {
    const { stitcher, nowMs } = this.#options;
    for (let hasMore = true; hasMore; ) {
      const due = stitcher.takeDue(nowMs(), GROUPS_PER_TURN, isFinal);
      hasMore = due.hasMore;
      if (due.emissions.length > 0) await this.#options.journal()?.before(due);
      if (due.paths.length + due.withdrawals.length > 0) await this.#write(due);
      // Given up at the end of the process: the next one has to write them.
      if (!this.#options.retry.signal.aborted) this.#options.journal()?.after();
      // Lets sockets and acknowledgements have their turn between two reconstructions.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #write(changes: PathChanges): Promise<void> {
    const { store, metrics, nowMs, retry, onDropped, rollups } = this.#options;
    const token = pathsToken(changes);
    const insert = async () => {
      await rollups?.before(changes);
      const startMs = nowMs();
      await store.insertPaths(changes, token);
      metrics.insertSeconds.observe({ table: 'paths' }, (nowMs() - startMs) / 1000);
    };
    try {
      await retryUntilStored(insert, retry);
    } catch (error) {
      const count = changes.paths.length + changes.withdrawals.length;
      metrics.pathsDropped.inc(count);
      onDropped(error instanceof AppError ? (error.cause ?? error) : error, count);
      return;
    } finally {
      this.#writes += 1;
      rollups?.after(changes);
    }
    metrics.pathsWithdrawn.inc(changes.withdrawals.length);
    for (const { outcome } of changes.paths) metrics.paths.inc({ outcome });
  }
}
