/**
 * Keeps the audit log. Entries wait here until the store has them: a change that was made is answered when its entry is
 * kept, refusals are written together once a second, so that a flood of them makes no flood of inserts.
 */
import type { AuditEntry } from '@hoptrace/domain/rest/audit.ts';
import type { AuditMetrics } from './auditMetrics.ts';

const FLUSH_EVERY_MS = 1000;
const WRITE_TIMEOUT_MS = 10_000;
/** How long an answer waits for its entry. The change is made by then: it is told, and the entry is tried again. */
const KEPT_WITHIN_MS = 5_000;
/** About 1 kB each. Beyond them the newest are in the log of the process only, and counted. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 1_000;

export interface AuditTrailDeps {
  readonly write: (entries: readonly AuditEntry[], signal: AbortSignal) => Promise<void>;
  readonly metrics: AuditMetrics;
  readonly log: (level: 'info' | 'warn', event: string, fields: object) => void;
}

export class AuditTrail {
  readonly #deps: AuditTrailDeps;
  #waiting: AuditEntry[] = [];
  /** A batch that failed is tried again as it was: its token makes the store take it once. */
  #batch: readonly AuditEntry[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #isWell = true;
  #isClosed = false;

  constructor(deps: AuditTrailDeps) {
    this.#deps = deps;
  }

  /** To be kept soon. Never throws. */
  note(entry: AuditEntry): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#deps.metrics.lost.inc();
      return;
    }
    this.#waiting.push(entry);
    this.#tellSize();
    this.#flushLater();
  }

  /** Resolves when the store has it, or after five seconds; never throws. */
  async keep(entry: AuditEntry): Promise<void> {
    this.note(entry);
    const isKept = () => !this.#batch.includes(entry) && !this.#waiting.includes(entry);
    const write = async () => {
      // One batch may be under way without this entry; the next one has it.
      for (let turn = 0; turn < 2 && !isKept(); turn++) await this.#flush();
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, KEPT_WITHIN_MS);
    });
    await Promise.race([write(), late]);
    clearTimeout(timer);
  }

  /** Tries once more to write what waits; what is left is counted as lost, and is in the log of the process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const most = Math.ceil(MAX_WAITING / MAX_BATCH) + 1;
    for (let turn = 0; turn < most && this.#left() > 0; turn++) {
      const before = this.#left();
      await this.#flush();
      if (this.#left() >= before) break;
    }
    if (this.#left() === 0) return;
    this.#deps.metrics.lost.inc(this.#left());
    this.#deps.log('warn', 'audit entries are lost', { entries: this.#left() });
  }

  #left(): number {
    return this.#waiting.length + this.#batch.length;
  }

  #flushLater(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, FLUSH_EVERY_MS);
    this.#timer.unref();
  }

  /** One batch; a call while one is being written waits for that one. */
  #flush(): Promise<void> {
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = null;
      if (this.#left() > 0) this.#flushLater();
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    if (this.#batch.length === 0) this.#batch = this.#waiting.splice(0, MAX_BATCH);
    if (this.#batch.length === 0) return;
    try {
      await this.#deps.write(this.#batch, AbortSignal.timeout(WRITE_TIMEOUT_MS));
      this.#batch = [];
      if (!this.#isWell) this.#deps.log('info', 'audit entries are kept again', {});
      this.#isWell = true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#isWell) this.#deps.log('warn', 'audit entries wait: not stored', { reason });
      this.#isWell = false;
    }
    this.#tellSize();
  }

  #tellSize(): void {
    this.#deps.metrics.waiting.set(this.#left());
  }
}
