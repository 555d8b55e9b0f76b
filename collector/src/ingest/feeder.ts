/**
 * From the log to ClickHouse, in order: batches that wait together go as one insert.
 *
 *   log ─► take (from memory, or from the file) ─► cut (logged, fsynced) ─► pipeline ─► done, or lost
 *
 * What goes together is in the log before it goes, under an id that is its deduplication token: after a crash the same
 * batches go again under the same token, and what ClickHouse had already it keeps once. A batch that no cut names was
 * never sent. While ClickHouse is away batches wait in the log, not in memory.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import { type Cut, encodeCut, FRAME, type LoggedBatch } from '../wal/frames.ts';
import type { LsnTracker } from '../wal/lsnTracker.ts';
import { WalReader } from '../wal/reader.ts';
import type { WriteAheadLog } from '../wal/wal.ts';
import type { ParsedBatch } from './batch.ts';
import { parseLogged } from './parseLogged.ts';
import type { IngestPipeline, StoreOutcome } from './pipeline.ts';
import { batchToken } from './token.ts';

/** Batches that came just now, so that in normal times nothing is read back. */
const MAX_RECENT_BYTES = 8 * 1024 * 1024;
/** Enough for every insert that goes on at once. */
const MAX_FED_RECORDS = 8192;
/** A row costs an engine a third of what it does in inserts of 1,000 (measured); a small engine holds no larger ones. */
const MAX_CUT_RECORDS = 4096;
/** Each insert costs an engine some 10 ms of its CPU whatever it holds: a cut that is not full waits for more. */
const CUT_EVERY_MS = 250;
/** While these go on, the next grows. */
const MAX_CUTS_AT_ONCE = 2;

/** A batch on its way, or what became of it. */
export interface FedBatch {
  readonly logged: LoggedBatch;
  readonly batch: ParsedBatch;
}

export interface FeederOptions {
  readonly log: WriteAheadLog;
  readonly pipeline: IngestPipeline;
  readonly done: LsnTracker;
  /** Of an earlier process, by what comes first. */
  readonly cuts: readonly Cut[];
  /** Batches that may be at another collector too: each goes by itself, under the token that it has there. */
  readonly alone?: Iterable<number>;
  readonly onStored: (fed: FedBatch, outcome: StoreOutcome) => void;
  /** ClickHouse refuses its data, for good. */
  readonly onRefused: (fed: FedBatch, error: unknown) => void;
  /** It was acknowledged and cannot be read. */
  readonly onLost: (lsn: number) => void;
  readonly onDamage: (what: object) => void;
  readonly onDefect: (error: unknown) => void;
}

export class LogFeeder {
  readonly #options: FeederOptions;
  readonly #reader: WalReader;
  readonly #recent = new Map<number, LoggedBatch>();
  readonly #cuts: Cut[];
  readonly #alone: Set<number>;
  #recentBytes = 0;
  #recentRecords = 0;
  #nextLsn: number;
  #wake: () => void = () => {};
  #isClosed = false;
  #lastCutMs = Number.NEGATIVE_INFINITY;
  /** A batch was left to the file: those after it are too, until all is fed. */
  #isBehind = false;
  #feeding: Promise<void> | null = null;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#nextLsn = options.done.upTo + 1;
    this.#alone = new Set(options.alone);
    this.#cuts = [...options.cuts].sort((a, b) => a.firstLsn - b.firstLsn);
    this.#reader = new WalReader({
      log: options.log,
      onDamage: (path, sizeBytes) => options.onDamage({ path, sizeBytes }),
    });
  }

  start(): void {
    this.#feeding = this.#feed();
  }

  /** Ends after what it is at. Call after pipeline.close(). */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#feeding;
  }

  /** Keeps a batch that was just appended in memory, as far as there is room. */
  keep(batch: LoggedBatch): void {
    this.#isBehind ||= this.#recentBytes + batch.bytes.length > MAX_RECENT_BYTES;
    if (this.#isBehind) return;
    this.#remember(batch);
  }

  /** Another collector may have it too. */
  keepAlone(lsn: number): void {
    this.#alone.add(lsn);
  }

  /** The log has more, or the pipeline closes. */
  wake(): void {
    this.#wake();
  }

  async #feed(): Promise<void> {
    const { log, done } = this.#options;
    while (!this.#isClosed) {
      if (this.#nextLsn > log.lastLsn) this.#isBehind = false;
      if (this.#nextLsn > log.committedLsn) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (done.isDone(this.#nextLsn)) this.#forget(this.#nextLsn++);
      else await this.#feedNext();
    }
  }

  async #feedNext(): Promise<void> {
    const { pipeline } = this.#options;
    while (!this.#canFeed() && !this.#isClosed) await pipeline.whenRoom();
    await this.#gather();
    if (this.#isClosed) return;
    const known = this.#knownCut();
    const batches = await this.#takeUpTo(known?.lastLsn ?? null);
    const [first] = batches;
    const last = batches.at(-1);
    if (first === undefined || last === undefined) return;
    const cut = known ?? (await this.#cut(first.logged.lsn, last.logged.lsn));
    // One batch alone may be larger than a cut.
    const records = batches.reduce((sum, { batch }) => sum + batch.records.length, 0);
    while (!pipeline.hasRoomFor(records)) await pipeline.whenRoom();
    this.#lastCutMs = performance.now();
    void this.#store(batches, tokenOf(cut, first));
  }

  /** What waits, waits in the file: records are 900 bytes each in memory, and a quarter of that there. */
  #canFeed(): boolean {
    const { pipeline } = this.#options;
    if (pipeline.isClosing || pipeline.queuedRecords === 0) return true;
    const isRoom = pipeline.queuedRecords + MAX_CUT_RECORDS <= MAX_FED_RECORDS;
    return isRoom && pipeline.inFlight < MAX_CUTS_AT_ONCE && pipeline.hasRoomFor(MAX_CUT_RECORDS);
  }

  /** Waits until a cut is full, or the last one is so long ago. Nobody who comes after a pause waits. */
  async #gather(): Promise<void> {
    const waitMs = this.#lastCutMs + CUT_EVERY_MS - performance.now();
    if (waitMs <= 0 || this.#isFull() || this.#options.pipeline.isClosing) return;
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    const full = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.#isClosed || this.#isFull() || this.#options.pipeline.isClosing) resolve();
      };
    });
    await Promise.race([time, full]);
    clearTimeout(timer);
  }

  /** As far as batches in memory tell; those that were left to the file wait behind an outage, and are many. */
  #isFull(): boolean {
    return this.#isBehind || this.#recentRecords >= MAX_CUT_RECORDS;
  }

  /** The cut of an earlier process that the next batch belongs to. */
  #knownCut(): Cut | null {
    while (this.#cuts[0] !== undefined && this.#cuts[0].lastLsn < this.#nextLsn) this.#cuts.shift();
    const [cut] = this.#cuts;
    return cut !== undefined && cut.firstLsn <= this.#nextLsn ? cut : null;
  }

  /** All that waits, up to the end of a cut, or to what a cut may hold. Reads past what is done, or lost. */
  async #takeUpTo(lastLsn: number | null): Promise<FedBatch[]> {
    const { log, done } = this.#options;
    const endLsn = lastLsn ?? (this.#cuts[0]?.firstLsn ?? Number.POSITIVE_INFINITY) - 1;
    const batches: FedBatch[] = [];
    let records = 0;
    while (this.#nextLsn <= Math.min(endLsn, log.committedLsn)) {
      if (done.isDone(this.#nextLsn)) {
        this.#forget(this.#nextLsn++);
        continue;
      }
      const isAlone = lastLsn === null && this.#alone.has(this.#nextLsn);
      if (isAlone && batches.length > 0) break;
      this.#alone.delete(this.#nextLsn);
      const fed = await this.#take(this.#nextLsn, endLsn);
      if (fed === null) continue;
      const count = fed.batch.records.length;
      batches.push(fed);
      records += count;
      if (isAlone || (lastLsn === null && records + count > MAX_CUT_RECORDS)) break;
    }
    return batches;
  }

  /** Null where it is lost, done, or behind `endLsn`: what comes after it is next then. */
  async #take(lsn: number, endLsn: number): Promise<FedBatch | null> {
    const { log, done, onDefect } = this.#options;
    const logged = await this.#read(lsn).catch((error: unknown) => {
      onDefect(error);
      return null;
    });
    const upTo = logged?.lsn ?? log.committedLsn + 1;
    for (let lost = lsn; lost < upTo; lost++) this.#lose(lost);
    this.#nextLsn = upTo + (logged === null ? 0 : 1);
    if (logged === null || done.isDone(logged.lsn)) return null;
    if (logged.lsn > endLsn) {
      // Its turn is the next: those before it are lost.
      this.#nextLsn = logged.lsn;
      this.#remember(logged);
      return null;
    }
    const batch = parseLogged(logged);
    if (batch === null) this.#lose(logged.lsn);
    return batch === null ? null : { logged, batch };
  }

  async #read(lsn: number): Promise<LoggedBatch | null> {
    const recent = this.#recent.get(lsn);
    if (recent === undefined) return this.#reader.nextAfter(lsn - 1);
    this.#forget(lsn);
    this.#reader.rest();
    return recent;
  }

  #remember(batch: LoggedBatch): void {
    this.#recent.set(batch.lsn, batch);
    this.#recentBytes += batch.bytes.length;
    this.#recentRecords += batch.count;
  }

  #forget(lsn: number): void {
    const recent = this.#recent.get(lsn);
    if (recent === undefined) return;
    this.#recent.delete(lsn);
    this.#recentBytes -= recent.bytes.length;
    this.#recentRecords -= recent.count;
  }

  #lose(lsn: number): void {
    if (!this.#options.done.isDone(lsn)) this.#options.onLost(lsn);
  }

  /**
   * Logs what goes together. With a full disk nobody waits for that: what is stored makes room. A
   * crash then may leave a raw record twice, which its readers count once.
   */
  async #cut(firstLsn: number, lastLsn: number): Promise<Cut> {
    const cut = { firstLsn, lastLsn, id: randomUUID() };
    await this.#options.log.noteDurably(FRAME.cut, encodeCut(cut));
    return cut;
  }

  /** Never rejects. What is refused together is tried one by one: the good neighbours of a bad batch are stored. */
  async #store(batches: readonly FedBatch[], token: string): Promise<void> {
    const { pipeline, onStored, onRefused } = this.#options;
    const jobs = batches.map(({ logged, batch }) => ({ ...batch, lsn: logged.lsn }));
    try {
      const outcomes = await pipeline.submitTogether(jobs, token);
      for (const [index, outcome] of outcomes.entries()) {
        const fed = batches[index];
        if (fed !== undefined) onStored(fed, outcome);
      }
    } catch (error) {
      // Closing: the batches stay in the log, and the next process stores them.
      if (error instanceof AppError && error.code === 'HOP_CLOSING') return;
      const [only] = batches;
      if (only !== undefined && batches.length === 1) onRefused(only, error);
      else for (const fed of batches) await this.#store([fed], `${token}.${fed.logged.lsn}`);
    }
  }
}

/** A batch that goes alone has a token of its own, by which ClickHouse knows it from whichever collector it comes. */
function tokenOf({ firstLsn, lastLsn, id }: Cut, { batch }: FedBatch): string {
  return firstLsn === lastLsn ? batchToken(batch.envelope, batch.records) : `cut-${id}`;
}
