/**
 * The real log over a file system that keeps what it must and loses what it may (modelFs.ts). The power fails before
 * and after every call, and whenever a batch is acknowledged; of the disks that may be left then some are drawn, and
 * the real recovery reads them. Some of them live on, and lose power again.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { batchPrefix, FRAME, readBatchPayload } from '@hoptrace/collector/wal/frames.ts';
import { type Recovered, recoverLog } from '@hoptrace/collector/wal/recover.ts';
import { WriteAheadLog } from '@hoptrace/collector/wal/wal.ts';
import type { ResultRow } from '../lab/commands/output.ts';
import { type DiskImage, ModelFs } from './modelFs.ts';
import { randomOf } from './random.ts';

const IMAGES_PER_STEP = 6;
const BATCHES_PER_LIFE = 12;
const SEGMENT_BYTES = 3000;
const MAX_BATCH_BYTES = 1500;
const LIVES = 3;

interface Counts {
  disks: number;
  calls: number;
  failedCalls: number;
  lost: number;
  wrong: number;
  repeated: number;
  /** Disks on which a write was found unfinished. */
  torn: number;
}

/** A disk after a power failure, and what must be on it. */
interface Crash {
  readonly image: DiskImage;
  readonly acknowledged: Acknowledged;
}

/** What was acknowledged and is still needed, by lsn. */
type Acknowledged = ReadonlyMap<number, string>;
type Random = (below: number) => number;

export async function losePower(
  atLeast: number,
  seed: number,
): Promise<{ rows: ResultRow[]; details: object }> {
  const random = randomOf(seed);
  const counts: Counts = {
    ...{ disks: 0, calls: 0, failedCalls: 0, lost: 0, wrong: 0, repeated: 0, torn: 0 },
  };
  let runs = 0;
  for (; counts.disks < atLeast; runs++) await oneRun(random, runs % 3 === 2 ? 40 : 0, counts);
  const none = (name: string, value: number): ResultRow => {
    return { name, value, goal: 0, unit: 'batches', met: value === 0 };
  };
  const { disks, calls, failedCalls, torn } = counts;
  return {
    rows: [
      {
        name: 'power lost in a model of the file system',
        value: disks,
        goal: atLeast,
        unit: 'disks read back',
        met: disks >= atLeast,
      },
      none('power loss: acknowledged batches lost', counts.lost),
      none('power loss: damaged batches taken for good', counts.wrong),
      none('power loss: batches read twice', counts.repeated),
    ],
    details: { powerLoss: { runs, calls, stalls: failedCalls, disksWithTornWrites: torn } },
  };
}

/** A log from its first byte on, that loses power LIVES times. `failures`: of 1,000 calls of the file system. */
async function oneRun(random: Random, failures: number, counts: Counts): Promise<void> {
  /** What every batch said, by lsn: all that was ever written under one. */
  const written = new Map<number, Set<string>>();
  let image: DiskImage = new Map();
  let acknowledged: Acknowledged = new Map();
  for (let life = 0; life < LIVES; life++) {
    const crashes = await live({ image, acknowledged, written, random, failures, counts });
    for (const crash of crashes) await check(crash, written, counts);
    const last = crashes[random(crashes.length)];
    if (last === undefined) return;
    ({ image, acknowledged } = last);
  }
}

interface Life {
  readonly image: DiskImage;
  readonly acknowledged: Acknowledged;
  readonly written: Map<number, Set<string>>;
  readonly random: Random;
  readonly failures: number;
  readonly counts: Counts;
}

/** Opens the log that is on the disk, appends to it, lets old files go; answers the disks that may be left. */
async function live({
  image,
  written,
  random,
  failures,
  counts,
  ...before
}: Life): Promise<Crash[]> {
  const acknowledged = new Map(before.acknowledged);
  const crashes: Crash[] = [];
  const powerFails = () => {
    const now = new Map(acknowledged);
    for (let index = 0; index < IMAGES_PER_STEP; index++)
      crashes.push({ image: fs.afterPowerLoss(random), acknowledged: now });
  };
  const fs = new ModelFs({ random, failures, onStep: powerFails }, image);
  const recovered = await recoverLog('log', () => {}, fs).catch(() => null);
  // An error while it is read: the process ends, and nothing is lost by that.
  if (recovered === null) return crashes;
  const log = openLog(fs, recovered, counts);
  const done: Promise<void>[] = [];
  for (let index = 0; index < BATCHES_PER_LIFE; index++) {
    const bytes = contentOf(random);
    const { lsn, durable } = log.append([batchPrefix(1, 0), bytes]);
    const text = textOf(bytes);
    written.set(lsn, (written.get(lsn) ?? new Set()).add(text));
    done.push(
      durable.then(() => {
        acknowledged.set(lsn, text);
        powerFails();
      }),
    );
    if (random(3) === 0) log.note(FRAME.stored, new Uint8Array(8));
    if (random(2) === 0) await turn();
    if (random(6) === 0) await letGo(log, acknowledged);
  }
  await Promise.all(done);
  await log.close();
  counts.calls += fs.steps;
  return crashes;
}

function openLog(fs: ModelFs, recovered: Recovered, counts: Counts): WriteAheadLog {
  return new WriteAheadLog(
    {
      ...{ directory: 'log', maxBytes: 1e9, segmentBytes: SEGMENT_BYTES, fs, retryMs: 0 },
      nowMs: () => 0,
      onStall: () => {
        counts.failedCalls += 1;
      },
      onResume: () => {},
    },
    recovered,
  );
}

/** The oldest file is not needed any more; whether it comes back is the disk's affair. */
async function letGo(log: WriteAheadLog, acknowledged: Map<number, string>): Promise<void> {
  let hasOne = false;
  await log.release(({ lastLsn }) => {
    const isNext = !hasOne;
    hasOne = true;
    if (isNext) for (const lsn of acknowledged.keys()) if (lsn <= lastLsn) acknowledged.delete(lsn);
    return isNext;
  });
}

async function check(
  { image, acknowledged }: Crash,
  written: ReadonlyMap<number, ReadonlySet<string>>,
  counts: Counts,
): Promise<void> {
  const fs = new ModelFs({ random: () => 999, failures: 0, onStep: () => {} }, image);
  const read = new Map<number, string>();
  const { tornBytes } = await recoverLog(
    'log',
    ({ type, id, payload }) => {
      if (type !== FRAME.batch) return;
      if (read.has(id)) counts.repeated += 1;
      read.set(id, textOf(readBatchPayload(id, payload).bytes));
    },
    fs,
  );
  counts.disks += 1;
  if (tornBytes > 0) counts.torn += 1;
  for (const [lsn, text] of read) if (written.get(lsn)?.has(text) !== true) counts.wrong += 1;
  for (const [lsn, text] of acknowledged) if (read.get(lsn) !== text) counts.lost += 1;
}

function contentOf(random: Random): Uint8Array {
  const bytes = new Uint8Array(1 + random(MAX_BATCH_BYTES));
  for (let at = 0; at < bytes.length; at += 4) bytes[at] = random(256);
  return bytes;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
