/**
 * Brings records to the collector over one WebSocket. A batch is freed when the collector has stored it; until
 * then it is sent again on every new connection (the collector drops repetitions by cluster, node, bootId, seq).
 *
 *   push ─► RecordQueue (bounded) ─► BatchWindow (≤ 8 in flight) ─► WebSocket ─► stored | refused
 *
 * A collector that is full stops reading: the window fills, then the queue, and what is dropped is counted.
 */
import type { Envelope, Losses, NodeAddress, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { SCHEMA_VERSION } from '@hoptrace/domain/wire/v1.ts';
import { WebSocket } from 'ws';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Answer, type FieldProblem, parseAnswer } from './answers.ts';
import { BatchWindow } from './batchWindow.ts';
import { RecordQueue } from './recordQueue.ts';

const MAX_BATCHES_IN_FLIGHT = 8;
const MAX_ANSWER_BYTES = 1024 * 1024;
const PUMP_EVERY_MS = 50;

export interface SenderLimits {
  readonly maxQueuedRecords: number;
  readonly maxBatchRecords: number;
  readonly maxBatchAgeMs: number;
  readonly heartbeatEveryMs: number;
  readonly connectTimeoutMs: number;
  /** Without an answer, and without a pong, for this long the connection counts as dead. */
  readonly ackTimeoutMs: number;
  readonly pingEveryMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

export const SENDER_LIMITS: SenderLimits = {
  maxQueuedRecords: 50_000,
  maxBatchRecords: 1_000,
  maxBatchAgeMs: 200,
  heartbeatEveryMs: 5_000,
  connectTimeoutMs: 5_000,
  ackTimeoutMs: 30_000,
  pingEveryMs: 10_000,
  minBackoffMs: 250,
  maxBackoffMs: 10_000,
};

export interface SenderOptions {
  /** `ws://host:port`, without the path. */
  readonly collectorUrl: string;
  readonly token: string | null;
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  readonly limits: SenderLimits;
  readonly addresses: () => readonly NodeAddress[];
  /** Losses since the last call. */
  readonly takeLosses: () => Losses;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #queue: RecordQueue;
  readonly #window = new BatchWindow(MAX_BATCHES_IN_FLIGHT);
  #socket: WebSocket | null = null;
  #pump: NodeJS.Timeout | null = null;
  #reconnect: NodeJS.Timeout | null = null;
  #failures = 0;
  #lastProblem = '';
  #isRefusalLogged = false;
  #isClosing = false;
  #oldestQueuedAtMs = 0;
  #lastSentAtMs = 0;
  #lastPingAtMs = 0;
  #lastHeardAtMs = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#queue = new RecordQueue(options.limits.maxQueuedRecords);
  }

  start(): void {
    this.#connect();
    // After the poll phase: answers that came while this process was busy are read before they are missed.
    this.#pump = setInterval(() => setImmediate(() => this.#tick()), PUMP_EVERY_MS);
  }

  /** Never blocks and never throws; what does not fit is dropped and counted. */
  push(record: WireRecord): void {
    if (this.#queue.size === 0) this.#oldestQueuedAtMs = nowMs();
    this.#options.metrics.unsentRecordsTotal += this.#queue.push(record);
    this.#options.metrics.recordsTotal++;
    if (this.#queue.size >= this.#options.limits.maxBatchRecords) this.#flush(false);
    this.#measure();
  }

  /** Sends what is queued and waits for answers, at most `timeoutMs`. What is left then is counted as unsent. */
  async close(timeoutMs: number): Promise<void> {
    const endMs = nowMs() + timeoutMs;
    while (this.#isConnected() && this.#hasWork() && nowMs() < endMs) {
      this.#flush(true);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#isClosing = true;
    if (this.#pump !== null) clearInterval(this.#pump);
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    const left = this.#window.batches.reduce((sum, batch) => sum + batch.count, this.#queue.size);
    this.#options.metrics.unsentRecordsTotal += left;
    if (left > 0) this.#options.log('warn', 'records unsent at close', { records: left });
    this.#socket?.close(1000);
    const socket = this.#socket;
    if (socket !== null) setTimeout(() => socket.terminate(), 500).unref();
  }

  #hasWork(): boolean {
    return this.#queue.size > 0 || this.#window.batches.length > 0;
  }

  #isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect(): void {
    const { collectorUrl, token, limits } = this.#options;
    this.#reconnect = null;
    const socket = new WebSocket(`${collectorUrl}/v1/stream`, {
      handshakeTimeout: limits.connectTimeoutMs,
      maxPayload: MAX_ANSWER_BYTES,
      perMessageDeflate: false,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    this.#socket = socket;
    let problem = 'connection closed';
    socket.on('open', () => this.#opened());
    socket.on('message', (data, isBinary) => {
      this.#lastHeardAtMs = nowMs();
      if (!isBinary) this.#heard(data.toString());
    });
    socket.on('pong', () => {
      this.#lastHeardAtMs = nowMs();
    });
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', (code, reason) => {
      this.#closed(reason.length > 0 ? `${problem} (${code} ${reason})` : problem);
    });
  }

  #opened(): void {
    const { metrics, log, collectorUrl } = this.#options;
    metrics.connectsTotal++;
    metrics.resentBatchesTotal += this.#window.batches.length;
    this.#lastProblem = '';
    this.#lastHeardAtMs = nowMs();
    this.#lastPingAtMs = nowMs();
    log('info', 'connected to collector', { collectorUrl });
    for (const batch of this.#window.batches) {
      batch.sentAtMs = nowMs();
      this.#socket?.send(batch.bytes);
    }
    this.#measure();
  }

  #closed(problem: string): void {
    const { limits, metrics } = this.#options;
    this.#socket = null;
    this.#measure();
    if (this.#isClosing) return;
    metrics.connectFailuresTotal++;
    this.#logProblem(problem);
    const ceilingMs = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    // Half fixed, half by chance: agents that lost one collector together do not come back together.
    const waitMs = ceilingMs * (0.5 + Math.random() / 2);
    this.#reconnect = setTimeout(() => this.#connect(), waitMs);
  }

  /** The same problem is said once, not on every attempt. */
  #logProblem(problem: string): void {
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    const { collectorUrl, log } = this.#options;
    const remedy = problem.includes('401')
      ? 'set HOPTRACE_AGENT_TOKEN to the token of the collector'
      : 'check HOPTRACE_AGENT_COLLECTOR_URL and that the collector runs; records wait meanwhile';
    log('warn', 'no connection to collector', { collectorUrl, problem, remedy });
  }

  #heard(text: string): void {
    const answer = parseAnswer(text);
    if (answer === null) {
      this.#options.log('warn', 'unknown message from collector', { text: text.slice(0, 200) });
      return;
    }
    this.#failures = 0;
    if (answer.type === 'stored') this.#stored(answer);
    else this.#refused(answer.firstSeq, answer.problems);
    this.#flush(false);
    this.#measure();
  }

  #stored(answer: Extract<Answer, { type: 'stored' }>): void {
    const { metrics } = this.#options;
    const batch = this.#window.takeStored(answer.firstSeq, answer.count);
    if (batch === null) return;
    const refused = Math.min(answer.refused.length, batch.count);
    metrics.storedRecordsTotal += batch.count - refused;
    metrics.refusedRecordsTotal += refused;
    if (refused > 0) this.#logRefusal(batch.firstSeq, answer.refused);
  }

  #refused(firstSeq: number | null, problems: readonly FieldProblem[]): void {
    const batch = this.#window.takeRefused(firstSeq);
    if (batch === null) return;
    this.#options.metrics.refusedRecordsTotal += batch.count;
    this.#logRefusal(batch.firstSeq, problems);
  }

  /** Once: a collector that refuses one batch mostly refuses all. The counter tells the rest. */
  #logRefusal(firstSeq: number, problems: readonly FieldProblem[]): void {
    if (this.#isRefusalLogged) return;
    this.#isRefusalLogged = true;
    const { field = '', text = '', remedy = '' } = problems[0] ?? {};
    this.#options.log('error', 'collector refused records', { firstSeq, field, text, remedy });
  }

  #tick(): void {
    const { limits } = this.#options;
    if (this.#isClosing || !this.#isConnected()) return;
    const now = nowMs();
    const oldest = this.#window.batches[0];
    const isUnanswered = oldest !== undefined && now - oldest.sentAtMs >= limits.ackTimeoutMs;
    if (isUnanswered || now - this.#lastHeardAtMs >= limits.ackTimeoutMs) {
      this.#logProblem(`no answer for ${limits.ackTimeoutMs} ms`);
      this.#socket?.terminate();
      return;
    }
    if (now - this.#lastPingAtMs >= limits.pingEveryMs) {
      this.#lastPingAtMs = now;
      this.#socket?.ping();
    }
    this.#flush(now - this.#oldestQueuedAtMs >= limits.maxBatchAgeMs);
    const isIdle = !this.#hasWork() && now - this.#lastSentAtMs >= limits.heartbeatEveryMs;
    if (isIdle) this.#send([]);
    this.#measure();
  }

  /** Sends full batches, and with `isDue` also a part-filled one, as far as the window allows. */
  #flush(isDue: boolean): void {
    const { maxBatchRecords } = this.#options.limits;
    const need = isDue ? 1 : maxBatchRecords;
    while (this.#isConnected() && !this.#window.isFull && this.#queue.size >= need) {
      this.#send(this.#queue.take(maxBatchRecords));
      this.#oldestQueuedAtMs = nowMs();
    }
  }

  #send(records: readonly WireRecord[]): void {
    const { cluster, node, bootId, addresses, takeLosses } = this.#options;
    const envelope: Omit<Envelope, 'firstSeq' | 'count'> = {
      schemaVersion: SCHEMA_VERSION,
      cluster,
      node,
      bootId,
      sentAtUs: Date.now() * 1000,
      losses: takeLosses(),
      addresses: [...addresses()],
    };
    const batch = this.#window.add(records, envelope, nowMs());
    this.#lastSentAtMs = batch.sentAtMs;
    this.#socket?.send(batch.bytes);
  }

  #measure(): void {
    const { metrics } = this.#options;
    metrics.queuedRecords = this.#queue.size;
    metrics.inFlightBatches = this.#window.batches.length;
    metrics.isConnected = this.#isConnected() ? 1 : 0;
  }
}

function nowMs(): number {
  return performance.now();
}
