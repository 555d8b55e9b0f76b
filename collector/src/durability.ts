/** The log as a part of the collector: opened at start, with everything that an earlier process left in it. */
import { mkdir } from 'node:fs/promises';
import type { Frame } from '@hoptrace/domain/wire/frame.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { CollectorConfig } from './config.ts';
import { AppError } from './errors.ts';
import { DurableIntake } from './ingest/durableIntake.ts';
import { parseLogged } from './ingest/parseLogged.ts';
import type { IngestPipeline } from './ingest/pipeline.ts';
import { seqRanges } from './ingest/seqRanges.ts';
import { StoredSeqs } from './ingest/storedSeqs.ts';
import type { Metrics } from './metrics.ts';
import { decodeEmissions, type Emission, encodeEmissions } from './stitch/journal.ts';
import type { PathJournal } from './stitch/pathWriter.ts';
import type { Stitcher } from './stitch/stitcher.ts';
import { type Cut, decodeCut, decodeLsns, encodeLsns, FRAME } from './wal/frames.ts';
import { lockDirectory } from './wal/lock.ts';
import { LsnTracker } from './wal/lsnTracker.ts';
import { WalReader } from './wal/reader.ts';
import { recoverLog } from './wal/recover.ts';
import type { Segment } from './wal/segment.ts';
import { WriteAheadLog } from './wal/wal.ts';

/** An answer leaves in the turn in which the log has the batch. */
const UNHEARD_MS = 1000;

export interface DurabilityOptions {
  readonly directory: string;
  readonly config: CollectorConfig;
  readonly log: FastifyBaseLogger;
  readonly metrics: Metrics;
  readonly pipeline: IngestPipeline;
  readonly stitcher: Stitcher;
  /** The pipeline's own. */
  readonly stored: StoredSeqs;
  readonly nowMs: () => number;
  /** A batch that an agent takes for safe is lost: all agents send again what is not stored. */
  readonly resendAll: () => void;
}

export interface Durability {
  readonly intake: DurableIntake;
  readonly journal: PathJournal;
  /** Used of the size that the log may have, 0 to 1. */
  readonly usedShare: number;
  /** Deletes what nobody needs any more, and sets the gauges. Call about once a second. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** Everything that frames tell besides the batches. */
interface Memory {
  readonly batches: { readonly lsn: number; readonly records: number; readonly timeMs: number }[];
  readonly marks: number[];
  readonly emissions: Emission[];
  readonly cuts: Cut[];
  seqs: string | null;
  stitchedLsn: number;
}

/** Throws AppError HOP_LOG_LOCKED or HOP_LOG_UNUSABLE. */
export async function openDurability(options: DurabilityOptions): Promise<Durability> {
  const { directory, config, log, metrics, nowMs } = options;
  const lock = await openDirectory(directory);
  const memory: Memory = {
    ...{ batches: [], marks: [], emissions: [], cuts: [] },
    ...{ seqs: null, stitchedLsn: 0 },
  };
  const recovered = await recoverLog(directory, (frame) => remember(memory, frame));
  const wal = new WriteAheadLog(
    {
      directory,
      maxBytes: config.logMaxBytes,
      segmentBytes: config.logSegmentBytes,
      nowMs,
      onStall: (error) => {
        metrics.logStalled.set(1);
        log.error({ err: error }, 'the log cannot be written; nothing is acknowledged meanwhile');
      },
      onResume: () => {
        metrics.logStalled.set(0);
        log.info('the log is written again');
      },
    },
    recovered,
  );
  const firstLsn = memory.batches[0]?.lsn ?? recovered.nextLsn;
  const done = new LsnTracker(firstLsn - 1);
  for (const lsn of memory.marks) done.add(lsn);
  const pending = new StoredSeqs();
  reportRecovery(options, recovered, memory.batches.length);
  const restored = await restore(options, { wal, memory, done, pending });
  log.info(
    {
      directory,
      batches: memory.batches.length,
      toStore: recovered.nextLsn - 1 - done.upTo,
      ...restored,
    },
    'log open',
  );
  const intake = new DurableIntake({
    ...{ log: wal, pipeline: options.pipeline, metrics, stored: options.stored, pending, done },
    cuts: memory.cuts,
    alone: maybeElsewhere(memory),
    onDamage: (what) => {
      log.error(what, 'the log is damaged; agents send what is lost again');
      options.resendAll();
    },
    onDefect: (error) => log.error({ err: error }, 'the log could not be read'),
  });
  const parts = { ...options, wal, done, intake, stitched: { lsn: memory.stitchedLsn } };
  let tidying: Promise<void> | null = null;
  let isClosing = false;
  return {
    intake,
    journal: journalOf(parts),
    get usedShare() {
      return wal.sizeBytes / config.logMaxBytes;
    },
    async tidy() {
      if (isClosing) return;
      tidying ??= tidy(parts, () => isClosing).finally(() => {
        tidying = null;
      });
      await tidying;
    },
    async close() {
      // No file may go once the lock is another process's.
      isClosing = true;
      await tidying?.catch((error) => log.error({ err: error }, 'the log could not be tidied'));
      await intake.close();
      await wal.close();
      await lock.release();
    },
  };
}

async function openDirectory(directory: string) {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await lockDirectory(directory);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new AppError('HOP_LOG_UNUSABLE', 'the collector cannot keep its log', {
      problems: [
        {
          field: 'HOPTRACE_COLLECTOR_DATA_DIR',
          text: `${directory}: ${text}`,
          remedy: 'name a directory that this user may write, or off for none',
        },
      ],
      cause: error,
    });
  }
}

function remember(memory: Memory, { type, id, timeMs, payload }: Frame): void {
  const { batches, marks, emissions, cuts } = memory;
  if (type === FRAME.batch) {
    batches.push({
      ...{ lsn: id, timeMs },
      records: new DataView(payload.buffer, payload.byteOffset).getUint32(0, true),
    });
  } else if (type === FRAME.stored) for (const lsn of decodeLsns(payload)) marks.push(lsn);
  else if (type === FRAME.emitted)
    for (const each of decodeEmissions(payload)) emissions.push(each);
  else if (type === FRAME.stitched) memory.stitchedLsn = decodeLsns(payload)[0] ?? 0;
  else if (type === FRAME.seqs) memory.seqs = new TextDecoder().decode(payload);
  else if (type === FRAME.cut) cuts.push(...[decodeCut(payload) ?? []].flat());
}

/** What the log took last: its senders may not have heard so, and may have gone to another collector with it. */
function maybeElsewhere({ batches }: Memory): number[] {
  const lastMs = batches.at(-1)?.timeMs ?? 0;
  return batches.filter(({ timeMs }) => timeMs >= lastMs - UNHEARD_MS).map(({ lsn }) => lsn);
}

function reportRecovery(
  { log, metrics }: DurabilityOptions,
  { damages, tornBytes }: Awaited<ReturnType<typeof recoverLog>>,
  batches: number,
): void {
  metrics.logTornBytes.inc(tornBytes);
  if (tornBytes > 0) log.warn({ bytes: tornBytes }, 'an unfinished write was cut off');
  for (const { path, offset, sizeBytes, id } of damages) {
    if (id === null) metrics.logDamaged.inc();
    const text = 'the log is damaged; agents send what is lost again';
    log.error({ path, offset, sizeBytes, lsn: id, batches }, text);
  }
}

interface RestoreParts {
  readonly wal: WriteAheadLog;
  readonly memory: Memory;
  readonly done: LsnTracker;
  readonly pending: StoredSeqs;
}

/**
 * Reads the batches a second time: which seqs are stored and which wait, and what the stitcher knew. Batches that
 * are not in ClickHouse reach the stitcher when they are, as ever.
 */
async function restore(options: DurabilityOptions, { wal, memory, done, pending }: RestoreParts) {
  const { stitcher, stored, config, nowMs } = options;
  if (memory.seqs !== null) stored.restore(memory.seqs);
  const fromLsn = firstToStitch(memory, config.maxStitchRecords);
  const reader = new WalReader({ log: wal, onDamage: () => {} });
  let stitchedAgain = 0;
  for (let lsn = 0; ; ) {
    const logged = await reader.nextAfter(lsn);
    if (logged === null) break;
    lsn = logged.lsn;
    const batch = parseLogged(logged);
    if (batch === null) continue;
    const { envelope, records } = batch;
    const isStored = done.isDone(lsn);
    for (const [first, last] of seqRanges(records))
      (isStored ? stored : pending).addAll(envelope, first, last);
    if (!isStored || lsn < fromLsn) continue;
    const { cluster, node, bootId } = envelope;
    const isNews = lsn >= memory.stitchedLsn;
    const now = nowMs();
    for (const record of records)
      stitcher.add({ ...record, cluster, node, bootId }, now, { lsn, isNews });
    stitchedAgain += records.length;
  }
  stitcher.restore(memory.emissions, fromLsn);
  return { stitchedAgain };
}

/**
 * The stitcher holds so many records: older ones would only push out the newer. Those whose paths are not written go
 * through it all the same, and leave their paths behind.
 */
function firstToStitch({ batches, stitchedLsn }: Memory, maxRecords: number): number {
  let records = 0;
  let fromLsn = batches[0]?.lsn ?? 0;
  for (const batch of batches.toReversed()) {
    records += batch.records;
    if (records > maxRecords && batch.lsn < stitchedLsn) return fromLsn;
    fromLsn = batch.lsn;
  }
  return fromLsn;
}

interface Parts extends DurabilityOptions {
  readonly wal: WriteAheadLog;
  readonly done: LsnTracker;
  readonly intake: DurableIntake;
  readonly stitched: { lsn: number };
}

function journalOf({ wal, done, stitcher, stitched }: Parts): PathJournal {
  return {
    async before({ emissions }) {
      wal.note(FRAME.emitted, encodeEmissions(emissions));
      // With a full disk paths are still written; a crash then may leave an older version of one beside it.
      if (!wal.isStalled) await wal.flushed();
    },
    after() {
      const lsn = Math.min(stitcher.firstUntakenLsn, done.upTo + 1);
      if (lsn <= stitched.lsn) return;
      stitched.lsn = lsn;
      wal.note(FRAME.stitched, encodeLsns([lsn]));
    },
  };
}

/** Segments stay until their batches are stored, their paths written and their stitching time is over. */
async function tidy(parts: Parts, isClosing: () => boolean): Promise<void> {
  const { wal, done, stored, stitched, metrics, config, nowMs, intake } = parts;
  metrics.logBytes.set(wal.sizeBytes);
  metrics.logBacklog.set(intake.backlog);
  const isPressed = wal.isStalled || wal.sizeBytes > config.logMaxBytes / 2;
  const oldMs = nowMs() - config.stitchKeepMs;
  const canGo = (segment: Segment) =>
    segment.lastLsn <= done.upTo &&
    (isPressed || (segment.lastTimeMs < oldMs && segment.lastLsn < stitched.lsn));
  const [oldest] = wal.segments;
  if (oldest === undefined || wal.isActive(oldest) || !canGo(oldest)) return;
  // What the files know about seqs must not go with them. A full disk has no room for it: then ClickHouse's own
  // deduplication is what is left after a crash.
  if (!wal.isStalled) {
    wal.note(FRAME.seqs, new TextEncoder().encode(stored.snapshot()));
    await wal.flushed();
  }
  await wal.release((segment) => !isClosing() && canGo(segment));
}
