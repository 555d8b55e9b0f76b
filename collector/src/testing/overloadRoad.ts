/**
 * The stitcher, the writer and the overload's watch of a collector, before a store that takes so many paths a second. Time
 * is virtual: what happens does not depend on the machine.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { PathChanges } from '../collectorStore.ts';
import { readConfig } from '../config.ts';
import { createMetrics } from '../metrics.ts';
import { Overload } from '../overload/overload.ts';
import type { Emission } from '../stitch/journal.ts';
import { PathWriter } from '../stitch/pathWriter.ts';
import { WINDOW_LIMITS } from '../stitch/placeWindows.ts';
import { Stitcher } from '../stitch/stitcher.ts';
import { NOW_MS } from './builders.ts';
import { loadContext, requestRecords } from './overloadLoad.ts';

const TICK_MS = 100;
const noFile = (): string => '';

export interface RoadOptions {
  readonly storePathsPerSecond: number;
  /** Keep what came in `records` and what was noted in `emissions`. */
  readonly isKept?: boolean;
  /** What else is done with what is written; the writer waits for it. */
  readonly insert: (changes: PathChanges, token: string) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
}

export class OverloadRoad {
  readonly overload: Overload;
  readonly stitcher: Stitcher;
  readonly metrics = createMetrics();
  /** What the collector logged. */
  readonly said: string[] = [];
  readonly emissions: Emission[] = [];
  readonly records: Sourced[] = [];
  /** Requests by the minute in which they began, seconds since the epoch. */
  readonly byMinute = new Map<number, number>();
  readonly #isKept: boolean;
  readonly #writer: PathWriter;
  #nowMs = NOW_MS;
  #requests = 0;
  #owedRequests = 0;
  #isIdle = true;
  #sleeper: { readonly untilMs: number; readonly wake: () => void } | null = null;

  constructor({ storePathsPerSecond, insert, env = {}, isKept = false }: RoadOptions) {
    this.#isKept = isKept;
    const config = readConfig(env, noFile);
    const say = (_: object, text: string) => this.said.push(text);
    this.overload = new Overload({
      ...{ marks: config.shed, nowMs: () => this.#nowMs, metrics: this.metrics },
      log: { info: say, warn: say } as never,
      stitcher: () => this.stitcher,
      logShare: () => 0,
      writes: () => this.#writer.writes,
    });
    this.stitcher = new Stitcher({
      ...{ quietMs: config.stitchQuietMs, maxDelayMs: config.stitchMaxDelayMs },
      ...{ keepMs: config.stitchKeepMs, keepOpenMs: config.stitchKeepOpenMs },
      ...{ maxRecords: config.maxStitchRecords, maxGroupRecords: config.maxGroupRecords },
      ...{ maxLeftChanges: 10_000, reconstruct, shedder: this.overload.shedder },
      onError: (error) => {
        throw error;
      },
      contextOf: () => loadContext,
      windows: { ...WINDOW_LIMITS, coverageOf: () => null },
    });
    const insertPaths = async (changes: PathChanges, token: string) => {
      await insert(changes, token);
      const count = changes.paths.length + changes.withdrawals.length;
      await this.#sleep((count / storePathsPerSecond) * 1000);
    };
    this.#writer = new PathWriter({
      ...{ stitcher: this.stitcher, store: { insertPaths }, metrics: this.metrics, rollups: null },
      nowMs: () => this.#nowMs,
      retry: { signal: new AbortController().signal, sleep: async () => {}, onFailure: () => {} },
      onDropped: (error) => {
        throw error;
      },
      journal: () => ({
        before: async (due) => {
          if (isKept) this.emissions.push(...due.emissions);
        },
        after: () => {},
      }),
    });
  }

  /** Requests that came so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Lets requests come at that rate; `onTick` after each 100 ms. */
  async run(perSecond: number, seconds: number, onTick: () => void = () => {}): Promise<void> {
    for (let ms = 0; ms < seconds * 1000; ms += TICK_MS) {
      this.#owedRequests += (perSecond * TICK_MS) / 1000;
      for (; this.#owedRequests >= 1; this.#owedRequests -= 1) {
        const startUs = this.#nowMs * 1000 + (this.#requests % 97);
        const records = requestRecords(this.#requests, startUs);
        for (const record of records) this.stitcher.add(record, this.#nowMs);
        if (this.#isKept) this.records.push(...records);
        this.#requests += 1;
        const minute = Math.floor(startUs / 6e7) * 60;
        this.byMinute.set(minute, (this.byMinute.get(minute) ?? 0) + 1);
      }
      await this.#tick();
      onTick();
    }
  }

  /** Until all that came is written. */
  async end(): Promise<void> {
    const isDone = () => this.#isIdle && this.stitcher.waiting === 0;
    while (!isDone()) await this.#tick();
  }

  async #tick(): Promise<void> {
    this.#nowMs += TICK_MS;
    if (this.#sleeper !== null && this.#sleeper.untilMs <= this.#nowMs) {
      this.#sleeper.wake();
      this.#sleeper = null;
    }
    this.overload.look();
    this.stitcher.expire(this.#nowMs);
    if (this.#isIdle) {
      this.#isIdle = false;
      void this.#writer.turn().then(() => {
        this.#isIdle = true;
      });
    }
    while (!this.#isIdle && this.#sleeper === null) await nextTurn();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleeper = { untilMs: this.#nowMs + ms, wake };
    });
  }
}
