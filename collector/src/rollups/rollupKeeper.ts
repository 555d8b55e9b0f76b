/**
 * Keeps the roll-ups equal to the paths. Which minutes have news is remembered here, and nowhere else: what a process
 * that died knew is found again at the next start by comparing paths with roll-ups, from the mark on:
 *
 *   before(write) ──► mark is at or below the oldest path written ──► write ──► minute has news ──► counted ──► mark rises
 */
import type { FastifyBaseLogger } from 'fastify';
import type { PathChanges, RollupStore } from '../collectorStore.ts';
import type { Metrics } from '../metrics.ts';
import { DirtyMinutes } from './dirtyMinutes.ts';

const MINUTE_S = 60;
const HOUR_S = 3600;
/** A day that clocks may be off (see HOPTRACE_COLLECTOR_MAX_CLOCK_SKEW_MS), and an hour. */
const MARK_BEHIND_US = 25 * HOUR_S * 1e6;
const MARK_EVERY_MS = 60_000;
/** Two days of minutes are 2,880; beyond this the comparison is made anew instead. */
const MAX_DIRTY = 50_000;
/** Late paths of an hour come in a row. */
const HOUR_QUIET_MS = 60_000;
/** Nobody reads a replaced run for longer: reads end after 20 s. */
const FORGET_AFTER_MS = 600_000;

export interface RollupKeeperOptions {
  readonly store: RollupStore;
  /** Whose mark it is: of all collectors that write to one store, each has a name of its own, and keeps it. */
  readonly collector: string;
  /** Between two counts of one minute. */
  readonly intervalMs: number;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly log: Pick<FastifyBaseLogger, 'info'>;
  readonly onFailure: (error: unknown) => void;
}

export class RollupKeeper {
  readonly #options: RollupKeeperOptions;
  readonly #dirty: DirtyMinutes;
  /** Hours whose minutes were counted, by the time of the last of these counts. */
  readonly #hours = new Map<number, number>();
  /** Hours with replaced runs, by the time from which on those may go. */
  readonly #leftovers = new Map<number, number>();
  /** Path times of the writes that are under way. */
  readonly #writing = new Map<PathChanges, number>();
  #isCompared = false;
  #markUs: number | null = null;
  #lastMarkedMs = 0;
  #lastMarkId = 0;
  #marking: Promise<void> = Promise.resolve();
  #turning: Promise<void> | null = null;

  constructor(options: RollupKeeperOptions) {
    this.#options = options;
    this.#dirty = new DirtyMinutes(options.intervalMs);
  }

  get dirtyMinutes(): number {
    return this.#dirty.size;
  }

  /** How long the oldest news waits to be counted. */
  get lagSeconds(): number {
    const sinceMs = this.#dirty.waitingSinceMs;
    return sinceMs === null ? 0 : Math.max(0, this.#options.nowMs() - sinceMs) / 1000;
  }

  /** Before each try to write: resolves once a crash at any moment from here on is found out about. */
  async before(changes: PathChanges): Promise<void> {
    const times = timesOf(changes);
    const oldestUs = times.reduce(
      (oldest, time) => Math.min(oldest, time),
      Number.POSITIVE_INFINITY,
    );
    this.#writing.set(changes, oldestUs);
    await this.#mark((markUs) => (oldestUs < markUs ? oldestUs : null));
  }

  /** After the last try, whatever came of it. */
  after(changes: PathChanges): void {
    this.#writing.delete(changes);
    const nowMs = this.#options.nowMs();
    for (const timeUs of timesOf(changes)) this.#note(minuteOf(timeUs), nowMs);
  }

  /** Counts what is due, unless a turn is going on. Never rejects. */
  turn(): Promise<void> {
    this.#turning ??= this.#run().finally(() => {
      this.#turning = null;
    });
    return this.#turning;
  }

  /** Counts everything that waits, one try: the orderly end. What fails is found at the next start. */
  async flush(): Promise<void> {
    await this.#turning;
    await this.#guarded(() => this.#countMinutes(true));
  }

  #run(): Promise<void> {
    return this.#guarded(async () => {
      if (!this.#isCompared) await this.#compare();
      await this.#countMinutes(false);
      await this.#countHours();
      await this.#forget();
      await this.#raiseMark();
    });
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.metrics.insertFailures.inc({ table: 'rollups' });
      this.#options.onFailure(error);
    }
  }

  /** Finds what an earlier process left uncounted, and paths from before there were roll-ups. */
  async #compare(): Promise<void> {
    const { store, log, nowMs } = this.#options;
    const hours = await store.hoursWithPaths(await this.#knownMark());
    let found = 0;
    for (const fromS of hours) {
      const stale = await store.staleMinutes({ fromS, toS: fromS + HOUR_S });
      for (const startS of stale) this.#note(startS, nowMs());
      found += stale.length;
      if (this.#dirty.size > MAX_DIRTY / 2) await this.#countMinutes(true);
    }
    // Minutes that are counted may not have reached their hour.
    for (const startS of hours) this.#hours.set(startS, nowMs());
    this.#isCompared = true;
    log.info({ hours: hours.length, minutes: found }, 'roll-ups compared with paths');
  }

  #note(startS: number, nowMs: number): void {
    if (this.#dirty.size >= MAX_DIRTY) this.#isCompared = false;
    else this.#dirty.add(startS, nowMs);
  }

  async #countMinutes(isFinal: boolean): Promise<void> {
    const { store, metrics, nowMs } = this.#options;
    for (;;) {
      const range = this.#dirty.take(nowMs(), isFinal);
      if (range === null) return;
      const startMs = nowMs();
      try {
        metrics.rollupMinutes.inc(await store.rollUpMinutes(range));
      } catch (error) {
        for (let startS = range.fromS; startS < range.toS; startS += MINUTE_S)
          this.#note(startS, startMs);
        throw error;
      }
      const tookMs = nowMs() - startMs;
      metrics.rollupSeconds.observe({ span: 'minute' }, tookMs / 1000);
      this.#dirty.counted(range, { nowMs: nowMs(), tookMs });
      for (let startS = range.fromS; startS < range.toS; startS += MINUTE_S)
        this.#hours.set(hourOf(startS), nowMs());
    }
  }

  /** Hours that are over, once nothing more came for a while. */
  async #countHours(): Promise<void> {
    const { store, metrics, nowMs } = this.#options;
    for (const [startS, changedMs] of [...this.#hours]) {
      const endMs = (startS + HOUR_S) * 1000;
      if (nowMs() < Math.max(endMs, changedMs) + HOUR_QUIET_MS) continue;
      if (this.#dirty.has(startS, startS + HOUR_S)) continue;
      const startMs = nowMs();
      await store.rollUpHour(startS);
      this.#hours.delete(startS);
      metrics.rollupSeconds.observe({ span: 'hour' }, (nowMs() - startMs) / 1000);
      this.#leftovers.set(startS, nowMs() + FORGET_AFTER_MS);
    }
  }

  async #forget(): Promise<void> {
    for (const [fromS, dueMs] of this.#leftovers) {
      if (this.#options.nowMs() < dueMs) continue;
      this.#leftovers.delete(fromS);
      await this.#options.store.forgetReplacedRuns({ fromS, toS: fromS + HOUR_S });
    }
  }

  async #raiseMark(): Promise<void> {
    const { nowMs } = this.#options;
    if (!this.#isCompared || nowMs() - this.#lastMarkedMs < MARK_EVERY_MS) return;
    this.#lastMarkedMs = nowMs();
    await this.#mark((markUs) => {
      const behindUs = nowMs() * 1000 - MARK_BEHIND_US;
      const waitingUs = [this.#dirty.oldestS ?? [], ...this.#hours.keys()]
        .flat()
        .map((startS) => startS * 1e6);
      const fromUs = Math.min(behindUs, ...waitingUs, ...this.#writing.values());
      return fromUs > markUs ? fromUs : null;
    });
  }

  /** One after the other: what is written is what `choose` saw, and the newest mark the one that is known here. */
  #mark(choose: (markUs: number) => number | null): Promise<void> {
    const made = this.#marking.then(async () => {
      const { store, collector, nowMs } = this.#options;
      const markUs = await this.#knownMark();
      const fromUs = choose(markUs);
      if (fromUs === null) return;
      // Grows even where the clock steps back within this process.
      this.#lastMarkId = Math.max(this.#lastMarkId + 1, Math.round(nowMs() * 1000));
      // A failed insert may have come to pass: until one succeeds, the higher of the two is what counts.
      this.#markUs = Math.max(fromUs, markUs);
      await store.writeMark({ collector, fromUs, markedUs: this.#lastMarkId });
      this.#markUs = fromUs;
    });
    this.#marking = made.catch(() => {});
    return made;
  }

  async #knownMark(): Promise<number> {
    this.#markUs ??= await this.#options.store.readMark(this.#options.collector);
    return this.#markUs;
  }
}

function timesOf({ paths, withdrawals }: PathChanges): number[] {
  return [
    ...paths.map((path) => path.startedAtUs),
    ...withdrawals.map(({ pathId }) => Number.parseInt(pathId.slice(0, pathId.indexOf('-')), 36)),
  ];
}

const minuteOf = (timeUs: number): number => Math.floor(timeUs / 6e7) * MINUTE_S;
const hourOf = (startS: number): number => startS - (startS % HOUR_S);
