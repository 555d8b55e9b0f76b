/** The collector, wired by hand. Building opens nothing; start() and close() do the I/O. */
import { once } from 'node:events';
import { hostname } from 'node:os';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { CollectorStore } from './collectorStore.ts';
import type { CollectorConfig } from './config.ts';
import { type Durability, openDurability } from './durability.ts';
import { LimitWatch, stitchMetrics, writeHeartbeats } from './housekeeping.ts';
import { Gate } from './http/gate.ts';
import { registerHealth } from './http/health.ts';
import { listen } from './http/listen.ts';
import { registerPostRoutes } from './http/postRoutes.ts';
import { createServer } from './http/server.ts';
import { registerStream } from './http/stream.ts';
import { TokenBook } from './http/tokenBook.ts';
import { AgentMetrics } from './ingest/agentMetrics.ts';
import { HeartbeatBook } from './ingest/heartbeats.ts';
import { IngestPipeline } from './ingest/pipeline.ts';
import { RateLimits } from './ingest/rateLimits.ts';
import { realSleep, type Sleep } from './ingest/retry.ts';
import { StoredSeqs } from './ingest/storedSeqs.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Overload } from './overload/overload.ts';
import type { PathShedder } from './overload/pathShedder.ts';
import { RollupKeeper, type RollupKeeperOptions } from './rollups/rollupKeeper.ts';
import { PathWriter } from './stitch/pathWriter.ts';
import { WINDOW_LIMITS } from './stitch/placeWindows.ts';
import { Stitcher } from './stitch/stitcher.ts';
import { StoreWatch } from './storeWatch.ts';
import { NodeFactsBook } from './topology/nodeFactsBook.ts';
import { registerPostTopology } from './topology/postTopology.ts';
import { TopologyService } from './topology/topologyService.ts';

/** RFC 6455 registry: service restart. */
const TRY_AGAIN = 1012;
const STITCH_TURN_MS = 100;
const HOUSEKEEPING_MS = 1000;
const TOKENS_POLL_MS = 2000;
const OVERLOAD_LOOK_MS = 250;
const LIMIT_REPORT_MS = 60_000;
/** Path versions that evicted groups may leave behind between two turns. */
const MAX_LEFT_CHANGES = 10_000;

export interface CollectorDeps {
  readonly config: CollectorConfig;
  readonly store: CollectorStore;
  /** pino options or instance; silent when absent. */
  readonly logger?: FastifyServerOptions['logger'];
  readonly nowMs?: () => number;
  readonly sleep?: Sleep;
}

export interface Collector {
  readonly app: FastifyInstance;
  readonly metrics: Metrics;
  /** Reads the topology, opens the log, stitches again what it holds, then listens. Rejects with an AppError that says what to change. */
  start(): Promise<{ url: string }>;
  /** Stores what was accepted (within closeTimeoutMs), writes the last paths, then hangs up. */
  close(): Promise<void>;
}

export function buildCollector(deps: CollectorDeps): Collector {
  const parts = createParts(deps);
  const { app, config, metrics, topology, heartbeats, stitcher, pathWriter, nowMs } = parts;
  let closing: Promise<void> | null = null;
  addRoutes(parts, () => closing !== null);
  const timers: NodeJS.Timeout[] = [];
  const every = (intervalMs: number, work: () => unknown) => {
    timers.push(setInterval(work, intervalMs).unref());
  };
  return {
    app,
    metrics,
    async start() {
      await topology.load();
      const durability = await openLog(parts);
      const url = await listen(app, config);
      durability?.intake.start();
      if (durability !== null) every(HOUSEKEEPING_MS, () => tidy(parts, durability));
      every(STITCH_TURN_MS, () => pathWriter.turn());
      every(OVERLOAD_LOOK_MS, () => parts.overload.look());
      every(HOUSEKEEPING_MS, () => parts.rollups?.turn());
      every(HOUSEKEEPING_MS, () => stitcher.expire(nowMs()));
      every(HOUSEKEEPING_MS, () => writeHeartbeats(heartbeats, parts));
      topology.start(stitcher);
      every(TOKENS_POLL_MS, async () => {
        for (const news of await parts.book.poll()) app.log.info({ news }, 'tokens read again');
      });
      every(LIMIT_REPORT_MS, () => parts.limitWatch.report());
      return { url };
    },
    close() {
      for (const timer of timers.splice(0)) clearInterval(timer);
      closing ??= finish(parts).then(() => app.close());
      return closing;
    },
  };
}

type Parts = ReturnType<typeof createParts>;

function createParts(deps: CollectorDeps) {
  const { config, store, logger, nowMs = Date.now, sleep = realSleep } = deps;
  const metrics = createMetrics();
  const book = new TokenBook(config, nowMs);
  const limits = new RateLimits(config.rates, metrics);
  const gate = new Gate(book, limits, nowMs);
  const app = createServer({ config, metrics, book, logger });
  const limitWatch = new LimitWatch(limits, app.log);
  const watch = new StoreWatch(app.log);
  const abort = new AbortController();
  const nodeFacts = new NodeFactsBook();
  const told = { config, modes: nodeFacts, metrics, log: app.log, nowMs };
  const topology = new TopologyService({ ...told, store: store.topology ?? null });
  const heartbeats = new HeartbeatBook(config.heartbeatMs);
  const durable: { log: Durability | null } = { log: null };
  const overload = new Overload({
    ...{ marks: config.shed, nowMs, log: app.log, metrics },
    stitcher: () => stitcher,
    logShare: () => durable.log?.usedShare ?? 0,
    writes: () => pathWriter.writes,
  });
  const stitcher = createStitcher(config, {
    ...{ topology, heartbeats, nodeFacts, shedder: overload.shedder },
    onError: (error) => app.log.error({ err: error }, 'reconstruction failed on a group'),
  });
  const stored = new StoredSeqs();
  const agentMetrics = new AgentMetrics(metrics);
  const pipeline = new IngestPipeline({
    store,
    stored,
    metrics,
    sleep,
    nowMs,
    maxQueuedRecords: config.maxQueuedRecords,
    concurrency: config.insertConcurrency,
    onStored: (envelope, records, lsn) => {
      const now = nowMs();
      heartbeats.note(envelope, now);
      nodeFacts.note(envelope, now * 1000);
      topology.hear(envelope, now * 1000);
      agentMetrics.note(envelope);
      for (const record of records) stitcher.add(record, now, { lsn, isNews: true });
      if (records.length > 0) watch.succeeded();
    },
    onRetry: (error) => watch.failed(error),
    onDefect: (error) => app.log.error({ err: error }, 'stored records could not be stitched'),
  });
  const onFailure = (error: unknown) => {
    metrics.insertFailures.inc({ table: 'paths' });
    watch.failed(error);
    overload.watch.storeFailed();
  };
  const rollups = createRollups(deps, { metrics, nowMs, log: app.log, watch });
  const pathWriter = new PathWriter({
    rollups,
    journal: () => durable.log?.journal ?? null,
    stitcher,
    store,
    metrics,
    nowMs,
    retry: { signal: abort.signal, sleep, onFailure },
    onDropped: (error, changes) => app.log.error({ err: error, changes }, 'paths lost'),
  });
  return {
    ...{ config, store, metrics, app, watch, abort, nowMs },
    ...{ book, gate, limitWatch },
    ...{ topology, heartbeats, stitcher, pipeline, pathWriter, rollups, stored, durable, overload },
  };
}

interface RollupParts extends Pick<RollupKeeperOptions, 'metrics' | 'nowMs' | 'log'> {
  readonly watch: StoreWatch;
}

function createRollups({ config, store }: CollectorDeps, parts: RollupParts): RollupKeeper | null {
  if (store.rollups === undefined) return null;
  return new RollupKeeper({
    ...parts,
    store: store.rollups,
    collector: hostname(),
    intervalMs: config.rollupIntervalMs,
    onFailure: (error) => parts.watch.failed(error),
  });
}

async function openLog(parts: Parts): Promise<Durability | null> {
  const { config, app } = parts;
  if (config.logDir === null) return null;
  // Agents send all that is not stored again on a new connection.
  const resendAll = () => {
    for (const client of app.websocketServer.clients) client.close(TRY_AGAIN, 'send again');
  };
  const options = { ...parts, directory: config.logDir, log: app.log, resendAll };
  const log = await openDurability(options);
  parts.durable.log = log;
  return log;
}

async function tidy({ app }: Parts, durability: Durability): Promise<void> {
  await durability.tidy().catch((error: unknown) => {
    app.log.error({ err: error }, 'old files of the log could not be deleted');
  });
}

interface StitcherParts {
  readonly topology: TopologyService;
  readonly heartbeats: HeartbeatBook;
  readonly nodeFacts: NodeFactsBook;
  readonly shedder: PathShedder;
  readonly onError: (error: unknown) => void;
}

function createStitcher(
  config: CollectorConfig,
  { topology, heartbeats, nodeFacts, shedder, onError }: StitcherParts,
): Stitcher {
  return new Stitcher({
    quietMs: config.stitchQuietMs,
    maxDelayMs: config.stitchMaxDelayMs,
    keepMs: config.stitchKeepMs,
    keepOpenMs: config.stitchKeepOpenMs,
    maxRecords: config.maxStitchRecords,
    maxGroupRecords: config.maxGroupRecords,
    maxLeftChanges: MAX_LEFT_CHANGES,
    ...{ reconstruct, onError, shedder },
    contextOf: (cluster, atUs) => {
      const then = topology.topologyAt(cluster, atUs);
      return {
        cluster,
        topology: nodeFacts.applied(cluster, then, atUs),
        images: nodeFacts.images(cluster, then),
        addressesByNode: topology.agents.addressesByNode(cluster, atUs),
        losses: heartbeats.lossWindows(cluster),
      };
    },
    windows: {
      ...WINDOW_LIMITS,
      coverageOf: (cluster, node) => heartbeats.coverageOf(cluster, node),
    },
  });
}

function addRoutes(parts: Parts, isClosing: () => boolean): void {
  const { app, config, store, metrics, heartbeats, pipeline, topology, nowMs } = parts;
  const checkContext = () => ({
    nowUs: nowMs() * 1000,
    maxClockSkewUs: config.maxClockSkewMs * 1000,
  });
  const durable = () => parts.durable.log?.intake ?? null;
  const onRefused = (envelope: Envelope, count: number) => heartbeats.noteRefused(envelope, count);
  const { gate, book, limitWatch } = parts;
  const intake = { pipeline, metrics, gate, checkContext, onRefused, durable };
  // In a plugin of its own: the WebSocket plugin must be there first to see the routes being added.
  app.register(async (scope) => {
    registerStream(scope, { intake, ...config });
    registerPostRoutes(scope, { intake, limits: config, storeWaitMs: config.storeWaitMs });
    registerPostTopology(scope, {
      ...{ book: topology.book, limits: config, nowMs },
      isTold: () => topology.isTold,
    });
    registerHealth(scope, {
      metrics,
      isClosing,
      refreshMetrics: refresher(parts),
      pingStore: () => store.ping(),
      warnings: () => [
        ...topology.warnings(),
        ...book.errors,
        ...limitWatch.warnings,
        ...parts.overload.watch.warnings,
      ],
    });
  });
}

function refresher({ metrics, stitcher, rollups, topology, overload }: Parts): () => void {
  const refreshStitch = stitchMetrics(metrics, stitcher);
  return () => {
    refreshStitch();
    topology.refreshMetrics();
    overload.refreshMetrics();
    metrics.rollupLag.set(rollups?.lagSeconds ?? 0);
    metrics.rollupDirty.set(rollups?.dirtyMinutes ?? 0);
  };
}

/** Stores what was accepted and what it means, as far as ClickHouse allows within closeTimeoutMs. */
async function finish(parts: Parts): Promise<void> {
  const { app, config, abort, pipeline, pathWriter, heartbeats, topology } = parts;
  const { log } = parts.durable;
  const deadline = setTimeout(() => abort.abort(), config.closeTimeoutMs);
  if (log === null) pipeline.stopAccepting();
  else log.intake.stopAccepting();
  const isDrained = await (log?.intake ?? pipeline).drain(config.closeTimeoutMs);
  const rest = log === null ? 'agents send them again' : 'they are in the log';
  if (!isDrained) app.log.warn(`closing with batches that are not stored; ${rest}`);
  pipeline.close();
  await topology.close();
  await pathWriter.flush();
  // What is left uncounted is found at the next start.
  if (!abort.signal.aborted)
    await Promise.race([parts.rollups?.flush(), once(abort.signal, 'abort')]);
  clearTimeout(deadline);
  if (isDrained) await writeHeartbeats(heartbeats, parts);
  await log?.close();
}
