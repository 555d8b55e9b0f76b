/** What happens by the clock and not on a message: heartbeats, gauges. */
import type { FastifyBaseLogger } from 'fastify';
import { type CollectorStore, isDataError } from './collectorStore.ts';
import type { HeartbeatBook } from './ingest/heartbeats.ts';
import type { LimitReport, RateLimits } from './ingest/rateLimits.ts';
import { heartbeatsToken } from './ingest/token.ts';
import type { Metrics } from './metrics.ts';
import type { Stitcher } from './stitch/stitcher.ts';
import type { StoreWatch } from './storeWatch.ts';

export interface HeartbeatDeps {
  readonly store: Pick<CollectorStore, 'insertHeartbeats'>;
  readonly metrics: Metrics;
  readonly watch: StoreWatch;
  readonly nowMs: () => number;
}

/** One insert for all nodes that are due. One try: what fails is given back and goes with the next. Never rejects. */
export async function writeHeartbeats(book: HeartbeatBook, deps: HeartbeatDeps): Promise<void> {
  const due = book.takeDue(deps.nowMs());
  if (due.length === 0) return;
  try {
    await deps.store.insertHeartbeats(due, heartbeatsToken(due));
    deps.watch.succeeded();
  } catch (error) {
    deps.metrics.insertFailures.inc({ table: 'heartbeats' });
    deps.watch.failed(error);
    if (isDataError(error)) return;
    for (const heartbeat of due) book.giveBack(heartbeat);
  }
}

/** Answers a function that sets the gauges and moves the counters by what happened since its last call. */
export function stitchMetrics(metrics: Metrics, stitcher: Stitcher): () => void {
  let last = { ...stitcher.counts };
  return () => {
    const now = { ...stitcher.counts };
    metrics.stitchRecords.set(stitcher.recordCount);
    metrics.stitchGroups.set(stitcher.groupCount);
    metrics.stitchEvicted.inc(now.evictedRecords - last.evictedRecords);
    metrics.stitchClosedGroups.inc(now.closedGroups - last.closedGroups);
    metrics.stitchOrphans.inc(now.orphanRevisions - last.orphanRevisions);
    metrics.stitchWindowsJudged.inc(now.judgedWindows - last.judgedWindows);
    metrics.stitchWindowsUnjudged.inc(now.unjudgedWindows - last.unjudgedWindows);
    metrics.stitchLinksDropped.inc(now.droppedLinks - last.droppedLinks);
    metrics.stitchFailures.inc(now.failedGroups - last.failedGroups);
    metrics.pathsDropped.inc(now.droppedChanges - last.droppedChanges);
    last = now;
  };
}

/** Says once a period who was over a limit, and keeps it in sight until the next. */
export class LimitWatch {
  readonly #limits: RateLimits;
  readonly #log: FastifyBaseLogger;
  #last: LimitReport | null = null;

  constructor(limits: RateLimits, log: FastifyBaseLogger) {
    this.#limits = limits;
    this.#log = log;
  }

  report(): void {
    this.#last = this.#limits.takeReport();
    if (this.#last === null) return;
    const effect =
      'their agents keep what they have; nothing is lost while there is room in spools';
    this.#log.warn({ ...this.#last, effect }, 'senders were held at their limits');
  }

  /** For everybody to read: without names, which are in the log and in metrics. */
  get warnings(): readonly string[] {
    if (this.#last === null) return [];
    const { nodes, moreNodes, tenants } = this.#last;
    const who = `${nodes.length + moreNodes} nodes and ${tenants.length} tenants`;
    return [`${who} were held at their limits in the last minute; the log names them`];
  }
}
