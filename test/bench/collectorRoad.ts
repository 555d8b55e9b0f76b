/**
 * What a leg costs on the road that the collector takes, with its own parts in their own order:
 *
 *   batch ─► records ─► Stitcher.add (join) ─► takeDue (reconstruct, what changed) ─► document ─► forgotten
 *
 * CPU time by process.cpuUsage; making the batches is not counted. Nor is ClickHouse's part, nor the log's.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WINDOW_LIMITS } from '@hoptrace/collector/stitch/placeWindows.ts';
import { Stitcher } from '@hoptrace/collector/stitch/stitcher.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import {
  type BatchContent,
  benchContext,
  LEGS_PER_REQUEST,
  makeBatches,
  type SourceBatch,
} from './batches.ts';
import { cpuS } from './roadRun.ts';

const REQUESTS_PER_BATCH = 500;
/** Requests begin 50 µs apart (batches.ts). */
const BATCH_MS = (REQUESTS_PER_BATCH * 50) / 1000;
/** As the collector's, but for how long groups are kept: so that they are forgotten within the measurement. */
const LIMITS = {
  quietMs: 300,
  maxDelayMs: 2000,
  keepMs: 1000,
  keepOpenMs: 600_000,
  maxRecords: 1_000_000,
  maxGroupRecords: 5000,
  maxLeftChanges: 10_000,
};

/** Nanoseconds of CPU a leg. */
export interface CollectorCost {
  readonly decodeNs: number;
  readonly joinNs: number;
  readonly reconstructNs: number;
  readonly documentNs: number;
  readonly forgetNs: number;
  readonly totalNs: number;
  readonly paths: number;
  readonly completePaths: number;
  /** Of the heap, everything that a leg's group holds included. */
  readonly bytesPerLeg: number;
}

export function measureCollectorRoad(content: BatchContent, legs: number): CollectorCost {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const run = new CollectorRun(content);
  // So long until as many groups are forgotten as come.
  for (let warm = 0; warm < (2 * LIMITS.keepMs) / BATCH_MS; warm++) run.step();
  run.reset();
  const turns = Math.ceil(legs / (REQUESTS_PER_BATCH * LEGS_PER_REQUEST));
  for (let turn = 0; turn < turns; turn++) run.step();
  const measured = turns * REQUESTS_PER_BATCH * LEGS_PER_REQUEST;
  collect();
  const fullBytes = process.memoryUsage().heapUsed;
  const openLegs = run.openLegs;
  const cost = run.costOf(measured);
  run.end();
  collect();
  const bytesPerLeg = (fullBytes - process.memoryUsage().heapUsed) / openLegs;
  return { ...cost, bytesPerLeg };
}

class CollectorRun {
  readonly #content: BatchContent;
  #stitcher = newStitcher();
  #requests = 0;
  #nowMs = 1_790_000_000_000;
  #decodeS = 0;
  #joinS = 0;
  #reconstructS = 0;
  #documentS = 0;
  #forgetS = 0;
  #paths = 0;
  #complete = 0;
  #documentChars = 0;

  constructor(content: BatchContent) {
    this.#content = content;
  }

  get openLegs(): number {
    return this.#stitcher.groupCount * LEGS_PER_REQUEST;
  }

  reset(): void {
    this.#decodeS = this.#joinS = this.#reconstructS = this.#documentS = this.#forgetS = 0;
    this.#paths = this.#complete = this.#documentChars = 0;
  }

  /** Forgets everything at once. */
  end(): void {
    this.#stitcher = newStitcher();
  }

  step(): void {
    const batches = makeBatches(this.#requests, REQUESTS_PER_BATCH, this.#content);
    this.#requests += REQUESTS_PER_BATCH;
    this.#nowMs += BATCH_MS;
    const stitcher = this.#stitcher;
    let records: Sourced[] = [];
    this.#decodeS += cpuS(() => {
      records = batches.flatMap(recordsOf);
    });
    this.#joinS += cpuS(() => {
      for (const record of records) stitcher.add(record, this.#nowMs);
    });
    let paths: readonly Path[] = [];
    this.#reconstructS += cpuS(() => {
      paths = stitcher.takeDue(this.#nowMs, Number.POSITIVE_INFINITY).paths;
    });
    this.#documentS += cpuS(() => {
      for (const path of paths) this.#documentChars += JSON.stringify(path).length;
    });
    this.#forgetS += cpuS(() => stitcher.expire(this.#nowMs));
    this.#paths += paths.length;
    this.#complete += paths.filter(({ completeness }) => completeness === 1).length;
  }

  costOf(legs: number): Omit<CollectorCost, 'bytesPerLeg'> {
    const perLeg = (seconds: number) => (seconds / legs) * 1e9;
    const parts = {
      decodeNs: perLeg(this.#decodeS),
      joinNs: perLeg(this.#joinS),
      reconstructNs: perLeg(this.#reconstructS),
      documentNs: perLeg(this.#documentS),
      forgetNs: perLeg(this.#forgetS),
    };
    const totalNs = Object.values(parts).reduce((sum, ns) => sum + ns, 0);
    return { ...parts, totalNs, paths: this.#paths, completePaths: this.#complete };
  }
}

function newStitcher(): Stitcher {
  return new Stitcher({
    ...LIMITS,
    reconstruct,
    contextOf: () => benchContext,
    onError: (error) => {
      throw error;
    },
    windows: { ...WINDOW_LIMITS, coverageOf: () => null },
  });
}

function recordsOf({ bytes, node }: SourceBatch): Sourced[] {
  const sender = { cluster: 'test', node, bootId: 'boot-1' };
  return decodeBatch(bytes).records.map((record) => Object.assign(record, sender));
}
