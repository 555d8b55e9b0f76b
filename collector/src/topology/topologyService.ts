/** The topology of the collector: from where it comes, where it is kept, whom it tells. Inert until start(). */
import { setTimeout as delay } from 'node:timers/promises';
import { HEALTH_CHECK_KIND } from '@hoptrace/domain/health/observed.ts';
import type { Topology } from '@hoptrace/domain/topology/topology.ts';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { CollectorConfig } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Stitcher } from '../stitch/stitcher.ts';
import { AgentFacts } from './agentFacts.ts';
import { HealthBook } from './healthBook.ts';
import { LateFacts } from './lateFacts.ts';
import { loadTopology } from './loadTopology.ts';
import type { NodeFactsBook } from './nodeFactsBook.ts';
import { TopologyBook } from './topologyBook.ts';
import { TopologyFile } from './topologyFile.ts';
import type { StoredTopology, TopologyStore } from './topologyStore.ts';
import { TopologyWriter } from './topologyWriter.ts';
import { ClusterWatch, type Unreadable } from './watch/clusterWatch.ts';
import { KubeAccess } from './watch/kubeAccess.ts';

const FILE_POLL_MS = 2000;
const WRITE_MS = 1000;
/** What is not stored by then is found again by the next list. */
const LAST_WRITE_MS = 3000;
/** A Pod that is told late gets its name so soon after. */
const LATE_FACTS_MS = 250;
/** Two minutes of a thousand changes a second, for a store that is away; some 60 MB. */
const MAX_WAITING = 120_000;
const MAX_ROWS = 20_000;
/** Names of broken objects in the log: one in so long. */
const UNREADABLE_LOG_MS = 10_000;
/** A kind that was not heard of for so long is told to whoever asks whether the collector is ready. */
const SILENT_MS = 180_000;
export const WATCH_TIMES = {
  pageSize: 500,
  watchSeconds: 300,
  idleMs: 150_000,
  minBackoffMs: 250,
  maxBackoffMs: 30_000,
  absentMs: 300_000,
} as const;

export interface TopologyServiceDeps {
  readonly config: CollectorConfig;
  /** null: what is told is forgotten when the collector ends. */
  readonly store: TopologyStore | null;
  readonly modes: NodeFactsBook;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  readonly nowMs: () => number;
}

export class TopologyService {
  readonly book: TopologyBook;
  readonly writer: TopologyWriter | null;
  readonly agents = new AgentFacts((version, row) => this.writer?.add(version, row));
  readonly health = new HealthBook((version, row) => this.writer?.add(version, row));
  readonly #deps: TopologyServiceDeps;
  readonly #file: TopologyFile;
  readonly #watch: ClusterWatch | null;
  readonly #late = new LateFacts();
  readonly #timers: NodeJS.Timeout[] = [];
  #unreadableLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: TopologyServiceDeps) {
    const { config, store, metrics } = deps;
    this.#deps = deps;
    this.book = new TopologyBook({
      keepUs: config.topology.keepMs * 1000,
      maxEnded: config.topology.maxEnded,
    });
    this.#file = new TopologyFile(config.topologyFile, this.book);
    this.#watch = config.topology.watch === null ? null : this.#watchOf(config.topology.watch);
    this.writer =
      store === null
        ? null
        : new TopologyWriter({
            ...{ store, maxWaiting: MAX_WAITING, maxRows: MAX_ROWS },
            revisionOf: (cluster, key) => this.book.indexOf(cluster)?.revisionOf(key) ?? '',
            onFailure: () => metrics.insertFailures.inc({ table: 'topology' }),
            onDropped: (count) => metrics.topologyDropped.inc(count),
          });
    this.book.listen((cluster, events) => {
      const index = this.book.indexOf(cluster);
      if (index !== null) this.#late.note(cluster, events, index);
      this.writer?.note(cluster, events);
      metrics.topologyChanges.inc(events.length);
    });
  }

  /** What an agent says of its node. */
  hear(envelope: Envelope, atUs: number): void {
    this.agents.note(envelope, atUs);
    this.health.note(envelope, atUs);
  }

  topologyAt(cluster: string, atUs: number): Topology {
    return this.book.topologyAt(cluster, atUs);
  }

  /** Whether a cluster's topology comes from a watch or a file, so that nobody else may tell it. */
  get isTold(): boolean {
    return this.#watch !== null || this.#deps.config.topologyFile !== null;
  }

  /** Reads what was stored and the file. Rejects with HOP_TOPOLOGY_INVALID where the file is broken. */
  async load(): Promise<void> {
    await this.#loadStored();
    await this.#file.load();
    this.#reportFile();
  }

  start(stitcher: Pick<Stitcher, 'reconsider'>): void {
    this.#watch?.start();
    const every = (ms: number, work: () => unknown) => {
      this.#timers.push(setInterval(work, ms).unref());
    };
    every(LATE_FACTS_MS, () => this.tellLate(stitcher));
    every(FILE_POLL_MS, async () => {
      if (await this.#file.poll()) this.#reportFile();
    });
    every(WRITE_MS, async () => {
      this.book.forget(this.#deps.nowMs() * 1000);
      await this.writer?.turn();
    });
  }

  /** Has the groups looked at again that concern what was told since the last call. */
  tellLate(stitcher: Pick<Stitcher, 'reconsider'>): void {
    const isConcerned = this.#late.take();
    if (isConcerned !== null) stitcher.reconsider(isConcerned);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#watch?.close();
    const written = this.writer?.turn() ?? Promise.resolve();
    await Promise.race([written, delay(LAST_WRITE_MS, null, { ref: false })]);
  }

  /** What does not go as it should, in words; empty: all is well. */
  warnings(): string[] {
    const { error } = this.#file.state;
    const nowMs = this.#deps.nowMs();
    const kinds = this.#watch?.states ?? [];
    return [
      ...(error === null ? [] : [error.message]),
      ...kinds.flatMap(({ name, isListed, isAbsent, error: reason, lastHeardUs }) => {
        if (isAbsent) return [];
        const silentMs = lastHeardUs === null ? 0 : nowMs - lastHeardUs / 1000;
        if (reason !== null) return [`the watch of ${name} objects fails: ${reason}`];
        if (!isListed) return [`${name} objects are not listed yet`];
        return silentMs > SILENT_MS
          ? [`nothing was heard of ${name} objects for ${Math.round(silentMs / 1000)} s`]
          : [];
      }),
    ];
  }

  /** Sets the gauges that nobody sets on change. */
  refreshMetrics(): void {
    const { metrics, nowMs } = this.#deps;
    metrics.topologyObjects.set(this.book.objectCount);
    metrics.topologyEnded.set(this.book.endedCount);
    metrics.topologyWaiting.set(this.writer?.waitingCount ?? 0);
    for (const state of this.#watch?.states ?? []) {
      const { name: kind, lastHeardUs, error, isListed, isAbsent } = state;
      // A kind that the cluster does not have is neither up nor down.
      if (isAbsent) {
        metrics.watchUp.remove({ kind });
        metrics.watchLag.remove({ kind });
        continue;
      }
      const lagS = lastHeardUs === null ? Number.NaN : nowMs() / 1000 - lastHeardUs / 1e6;
      metrics.watchUp.set({ kind }, isListed && error === null ? 1 : 0);
      metrics.watchLag.set({ kind }, lagS);
      for (const what of ['lists', 'gone', 'reconnects', 'changes', 'unreadable'] as const)
        metrics.watchEvents.set({ kind, what }, state[what]);
    }
  }

  #watchOf({
    cluster,
    configMaps,
    ...settings
  }: NonNullable<CollectorConfig['topology']['watch']>) {
    return new ClusterWatch({
      ...WATCH_TIMES,
      ...{ book: this.book, cluster, configMaps, nowMs: this.#deps.nowMs },
      access: new KubeAccess(settings),
      onUnreadable: (each) => this.#logUnreadable(each),
    });
  }

  #logUnreadable({ kind, key, problem }: Unreadable): void {
    const nowMs = this.#deps.nowMs();
    if (nowMs - this.#unreadableLoggedMs < UNREADABLE_LOG_MS) return;
    this.#unreadableLoggedMs = nowMs;
    const text = 'an object of the topology cannot be read; what was known of it stays in use';
    this.#deps.log.warn({ kind, object: key, problem }, text);
  }

  /** Before anything is told: the past goes before the present. One try, a store that is away must not hold up the start. */
  async #loadStored(): Promise<void> {
    const { store, config, nowMs, log, metrics } = this.#deps;
    if (store === null) return;
    try {
      const sinceUs = (nowMs() - config.topology.keepMs) * 1000;
      const { loaded, unreadable } = await loadTopology(this.book, store, {
        sinceUs: Math.max(0, sinceUs),
        onAgentRow: (row) => this.#restoreAgent(row),
      });
      if (loaded + unreadable > 0) log.info({ loaded, unreadable }, 'topology as it was stored');
    } catch (error) {
      metrics.insertFailures.inc({ table: 'topology' });
      log.warn({ err: error }, 'the topology that was stored cannot be read; it starts afresh');
    }
  }

  #restoreAgent(row: StoredTopology): boolean {
    if (row.kind === HEALTH_CHECK_KIND) return this.health.restore(row);
    const state = this.agents.restore(row);
    if (state === null) return false;
    const mode = state.kubeProxy?.mode ?? null;
    if (state.kubeProxy !== null)
      this.#deps.modes.noteMode(row.cluster, row.name, mode, row.fromUs);
    return true;
  }

  #reportFile(): void {
    const { metrics, log } = this.#deps;
    const { error, objectCount } = this.#file.state;
    metrics.topologyUp.set(error === null ? 1 : 0);
    if (error !== null)
      log.error({ reason: describeError(error) }, 'topology file broke, the old one stays in use');
    else if (objectCount > 0) log.info({ objects: objectCount }, 'topology in use');
  }
}
