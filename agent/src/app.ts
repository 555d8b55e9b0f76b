/** One agent: source → pipeline → sender, wired by hand. Building is inert; start and close do the I/O. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { type AgentConfig, type ExchangeMode, loaderArgs, type SpoolConfig } from './config.ts';
import { sourceOf } from './degraded.ts';
import { WholeSince } from './exchanges/wholeSince.ts';
import { NodeFactsWatch } from './facts/nodeFacts.ts';
import type { Frame, RawFrame } from './frames/frame.ts';
import type { Hello } from './frames/hello.ts';
import { type HealthSource, HealthWatch } from './health/healthWatch.ts';
import type { Log } from './log.ts';
import { LossLedger, type Metrics, newMetrics } from './metrics.ts';
import { Pace } from './pace.ts';
import { Pipeline } from './pipeline.ts';
import { createRecording, RECORDING_VERSION } from './recording.ts';
import { Fleet, type MemberOptions } from './send/fleet.ts';
import { Sender } from './send/sender.ts';
import { SENDER_LIMITS, type SenderLimits } from './send/senderLimits.ts';
import type { FrameSource } from './source/frameSource.ts';
import { LoaderSource } from './source/loaderSource.ts';
import type { ReplaySource } from './source/replaySource.ts';
import { DiskSpool } from './spool/diskSpool.ts';
import { spoolFolder } from './spool/folder.ts';
import { takeLeftovers } from './spool/leftovers.ts';
import { MemoryOutbox } from './spool/memoryOutbox.ts';
import type { Batch, Outbox } from './spool/outbox.ts';

const CLOSE_TIMEOUT_MS = 2_000;
const TAKEOVER_MS = 15_000;

export interface AgentDeps {
  readonly source: FrameSource;
  readonly log: Log;
  readonly limits?: Partial<SenderLimits>;
  /** What the node is; absent where it is another's (a replay). */
  readonly facts?: FactsSource;
  /** What load balancers hear of this node; absent: nothing is probed. */
  readonly health?: HealthProbes;
  /** Sees every record before it is sent (seq still 0): the lab compares with the truth. */
  readonly onRecord?: (record: WireRecord) => void;
}

export interface FactsSource {
  readonly latest: NodeFacts | null;
  start(): void;
  close(): Promise<void>;
}

export interface HealthProbes extends HealthSource {
  start(): void;
  close(): Promise<void>;
}

export interface Agent {
  start(): void;
  /** Stops the source, then sends what is left for at most 2 s. */
  close(): Promise<void>;
  /** A snapshot. */
  metrics(): Readonly<Metrics>;
  /** What the loader said about itself, null before its first frame. */
  hello(): Hello | null;
}

type AgentIdentity = Pick<
  AgentConfig,
  | 'collectorUrl'
  | 'token'
  | 'node'
  | 'cluster'
  | 'secret'
  | 'isSecretRandom'
  | 'maxOpenLegs'
  | 'maxQueuedRecords'
> &
  Partial<Pick<AgentConfig, 'collectorUrls' | 'collectorKey' | 'takeoverMs'>> & {
    /** Absent: whoever feeds this agent may leave requests out. */
    readonly exchanges?: ExchangeMode;
    /** Absent or null: batches wait in memory. */
    readonly spool?: SpoolConfig | null;
  };

type RecordSink = Pick<Sender, 'start' | 'push' | 'pushWritten' | 'close'>;

export function buildAgent(config: AgentIdentity, deps: AgentDeps): Agent {
  const { source, log } = deps;
  const metrics = newMetrics();
  const losses = new LossLedger(metrics);
  let sender: RecordSink | null = null;
  const pipeline = new Pipeline({
    secret: config.secret,
    maxOpenLegs: config.maxOpenLegs,
    metrics,
    emit: (record) => {
      deps.onRecord?.(record);
      sender?.push(record);
    },
    // Whoever wants to see records gets them as objects.
    ...(deps.onRecord === undefined && {
      emitWritten: (kind, write) => sender?.pushWritten(kind, write),
    }),
  });
  const pace = new Pace({
    tick: () => pipeline.tick(process.hrtime.bigint()),
    isQuiet: () => pipeline.isQuiet,
  });
  const read = (frames: readonly (Frame | RawFrame)[]) => {
    pipeline.read(frames, process.hrtime.bigint());
    pace.wake();
  };
  return {
    start: () => {
      if (config.isSecretRandom) sayRandomSecret(log);
      sender = makeSender(config, deps, { metrics, losses, pipeline });
      sender.start();
      deps.facts?.start();
      deps.health?.start();
      source.start({
        onFrames: read,
        onRawFrames: read,
        onBadFrames: (count) => {
          metrics.badFramesTotal += count;
        },
        onBreak: () => {
          metrics.sourceRestartsTotal++;
          pipeline.noteBreak();
        },
      });
      pace.start();
    },
    close: async () => {
      await source.close();
      pace.stop();
      await deps.facts?.close();
      await deps.health?.close();
      await sender?.close(CLOSE_TIMEOUT_MS);
    },
    metrics: () => ({ ...metrics }),
    hello: () => pipeline.hello,
  };
}

interface Parts {
  readonly metrics: Metrics;
  readonly losses: LossLedger;
  readonly pipeline: Pipeline;
}

/** To one collector, or to several: a sender for each. */
function makeSender(config: AgentIdentity, deps: AgentDeps, parts: Parts): RecordSink {
  const { collectorUrls = [config.collectorUrl], collectorKey = 'cluster' } = config;
  const { metrics, losses, pipeline } = parts;
  const { log } = deps;
  // Of this run, not of the machine: seq and legId start anew with the process.
  const bootId = randomBytes(16).toString('hex');
  const wholeSince = new WholeSince(config.exchanges === 'all', metrics, Date.now());
  const facts = factsWithSource();
  const isSpread = collectorUrls.length > 1 && collectorKey === 'connection';
  const senderOf = (collectorUrl: string, own: Partial<MemberOptions> = {}) => {
    // Each collector hears of all losses: what is missing may have been its own.
    const told = own.seqBase === undefined ? losses : new LossLedger(metrics);
    return new Sender({
      ...{ ...config, collectorUrl, bootId, metrics, log, ...own },
      outbox: openOutbox({ config, collectorUrl, metrics, losses: told, log }),
      limits: { ...SENDER_LIMITS, maxQueuedRecords: config.maxQueuedRecords, ...deps.limits },
      addresses: () => pipeline.addresses,
      facts: () => facts(deps.facts?.latest ?? null, pipeline.hello),
      health: () => deps.health ?? null,
      // To one of several not every request is told, and none may conclude anything from what it does not hear.
      exchangesSinceUs: () => (isSpread ? null : wholeSince.us(Date.now())),
      takeLosses: () => told.take(),
      giveBackLosses: (lost) => told.giveBack(lost),
    });
  };
  if (collectorUrls.length === 1) return senderOf(config.collectorUrl);
  return new Fleet({
    ...{ urls: collectorUrls, key: collectorKey, cluster: config.cluster, metrics, log },
    takeoverMs: config.takeoverMs ?? TAKEOVER_MS,
    makeSender: senderOf,
  });
}

/** The facts with what the loader can see. The same object as long as both say the same. */
function factsWithSource() {
  let last: { from: NodeFacts; hello: Hello | null; source: string; all: NodeFacts } | null = null;
  return (from: NodeFacts | null, hello: Hello | null): NodeFacts | null => {
    if (from === null) return null;
    if (last?.from === from && last.hello === hello) return last.all;
    const source = hello === null ? '' : JSON.stringify(sourceOf(hello));
    const isSame = last?.from === from && last.source === source;
    const fresh = hello === null ? from : { ...from, source: sourceOf(hello) };
    last = { from, hello, source, all: isSame && last !== null ? last.all : fresh };
    return last.all;
  };
}

/** Bytes of batches without a spool: eight on their way, and what is durable at the collector. */
const MEMORY_OUTBOX_BYTES = 8 * 1024 * 1024;

interface OutboxParts {
  readonly config: AgentIdentity;
  readonly collectorUrl: string;
  readonly metrics: Metrics;
  readonly losses: LossLedger;
  readonly log: Log;
}

/** A spool that cannot be had is said, and does not keep the agent from watching. */
function openOutbox({ config, collectorUrl, metrics, losses, log }: OutboxParts): Outbox {
  const { spool = null, cluster, node, collectorUrls = [] } = config;
  if (spool === null) {
    log('info', 'no spool: batches wait in memory', {
      effect: 'records that the collector has not stored end with this process',
      remedy: 'set HOPTRACE_AGENT_SPOOL_DIR',
    });
    return new MemoryOutbox(MEMORY_OUTBOX_BYTES);
  }
  const folder = spoolFolder(spool.directory, cluster, node);
  const isOne = collectorUrls.length <= 1;
  const directory = isOne ? folder : path.join(folder, encodeURIComponent(collectorUrl));
  const share = { maxBytes: isOne ? spool.maxBytes : spool.maxBytes / collectorUrls.length };
  try {
    const onDrop = (batch: Batch) => {
      metrics.unsentRecordsTotal += batch.count;
      losses.giveBack(batch.losses);
    };
    const outbox = new DiskSpool({ ...spool, ...share, directory, metrics, onDrop });
    const inUse = isOne
      ? [folder]
      : collectorUrls.map((url) => path.join(folder, encodeURIComponent(url)));
    // Once, by the first of them.
    if (isOne || collectorUrl === collectorUrls[0])
      takeLeftovers(outbox, { folder, inUse, spool: { ...spool, metrics, onDrop } });
    log('info', 'spool open', { directory, batches: outbox.batches.size });
    return outbox;
  } catch (error) {
    const remedy = 'set HOPTRACE_AGENT_SPOOL_DIR to a directory that this user may write';
    const problem = String(error);
    log('error', 'no spool: batches wait in memory', { directory, problem, remedy });
    return new MemoryOutbox(MEMORY_OUTBOX_BYTES);
  }
}

/** What a live agent needs: the loader, the node itself, and what load balancers hear of it. */
export function liveDeps(
  config: AgentConfig,
  log: Log,
): Pick<AgentDeps, 'source' | 'facts' | 'health'> {
  const { healthPorts: ports } = config;
  return {
    source: loaderSource(config, log),
    facts: new NodeFactsWatch({ ...config, log }),
    ...(ports !== null && {
      health: new HealthWatch({ ...config, ports, log, nowUs: () => Date.now() * 1000 }),
    }),
  };
}

/** The source of a live agent: the loader with the config's options, recorded where the config says so. */
export function loaderSource(
  config: AgentConfig,
  log: Log,
  moreArgs: readonly string[] = [],
): LoaderSource {
  return new LoaderSource({
    loaderPath: config.loaderPath,
    args: [...loaderArgs(config), ...moreArgs],
    openRecording:
      config.recordFile === null
        ? null
        : openRecording(config.recordFile, config.node, config.cluster),
    log,
  });
}

function openRecording(path: string, node: string, cluster: string) {
  return () =>
    createRecording(path, {
      hoptraceRecording: RECORDING_VERSION,
      node,
      cluster,
      recordedAt: new Date().toISOString(),
      how: 'HOPTRACE_AGENT_RECORD_FILE',
    });
}

/** An agent for each recording's node, under the name and cluster that it was recorded with. */
export function buildReplayAgents(
  config: AgentIdentity,
  sources: readonly ReplaySource[],
  deps: Omit<AgentDeps, 'source'>,
): Agent[] {
  return sources.map((source) => {
    const { node, cluster } = source.recording.header;
    return buildAgent({ ...config, isSecretRandom: false, node, cluster }, { ...deps, source });
  });
}

function sayRandomSecret(log: Log): void {
  log('warn', 'no cluster secret: a random one is used', {
    effect: 'connections are joined on this node only, and not across restarts of the agent',
    remedy: 'give all agents the same HOPTRACE_AGENT_CLUSTER_SECRET (openssl rand -hex 32)',
  });
}
