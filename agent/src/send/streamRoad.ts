/** The WebSocket to the collector: kept open, or tried again with growing, jittered pauses. Knows nothing of batches. */
import { WebSocket } from 'ws';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;

export interface StreamLimits {
  readonly connectTimeoutMs: number;
  /** Without a message and without a pong for this long the connection counts as dead. */
  readonly ackTimeoutMs: number;
  readonly pingEveryMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

export interface StreamRoadOptions {
  /** `ws://host:port`, without the path. */
  readonly collectorUrl: string;
  readonly token: string | null;
  /** What this sender numbered itself has seqs above it, within SEQS_PER_SENDER; told to the collector. */
  readonly seqBase?: number;
  readonly limits: StreamLimits;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly onOpen: () => void;
  readonly onClose: () => void;
  readonly onText: (text: string) => void;
}

export class StreamRoad {
  readonly #options: StreamRoadOptions;
  #socket: WebSocket | null = null;
  #reconnect: NodeJS.Timeout | null = null;
  #failures = 0;
  #lastProblem = '';
  #isClosing = false;
  #lastPingAtMs = 0;
  #lastHeardAtMs = 0;

  constructor(options: StreamRoadOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Attempts that failed since the collector last said something. */
  get failures(): number {
    return this.#failures;
  }

  connect(): void {
    const { collectorUrl, token, limits, seqBase } = this.#options;
    this.#reconnect = null;
    const own = seqBase === undefined ? '' : `&seqsAbove=${seqBase}`;
    const socket = new WebSocket(`${collectorUrl}/v1/stream?acks=durable${own}`, {
      handshakeTimeout: limits.connectTimeoutMs,
      maxPayload: MAX_ANSWER_BYTES,
      perMessageDeflate: false,
      generateMask: leaveUnmasked,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    this.#socket = socket;
    let problem = 'connection closed';
    socket.on('open', () => this.#opened());
    socket.on('message', (data, isBinary) => {
      this.#lastHeardAtMs = performance.now();
      if (isBinary) return;
      this.#failures = 0;
      this.#options.onText(data.toString());
    });
    socket.on('pong', () => {
      this.#lastHeardAtMs = performance.now();
    });
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', (code, reason) => {
      this.#closed(reason.length > 0 ? `${problem} (${code} ${reason})` : problem);
    });
  }

  send(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  /** Call every 50 ms or so: pings, and gives up a connection that is silent or, by `isUnanswered`, of no use. */
  tick(isUnanswered: boolean): void {
    const { limits } = this.#options;
    const nowMs = performance.now();
    if (!this.isOpen) return;
    if (isUnanswered || nowMs - this.#lastHeardAtMs >= limits.ackTimeoutMs) {
      this.#logProblem(`no answer for ${limits.ackTimeoutMs} ms`);
      this.#socket?.terminate();
      return;
    }
    if (nowMs - this.#lastPingAtMs < limits.pingEveryMs) return;
    this.#lastPingAtMs = nowMs;
    this.#socket?.ping();
  }

  close(): void {
    this.#isClosing = true;
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    const socket = this.#socket;
    socket?.close(1000);
    if (socket !== null) setTimeout(() => socket.terminate(), 500).unref();
  }

  #opened(): void {
    const { metrics, log, collectorUrl, onOpen } = this.#options;
    metrics.connectsTotal++;
    this.#lastProblem = '';
    this.#lastHeardAtMs = performance.now();
    this.#lastPingAtMs = performance.now();
    log('info', 'connected to collector', { collectorUrl });
    onOpen();
  }

  #closed(problem: string): void {
    const { limits, metrics, onClose } = this.#options;
    this.#socket = null;
    onClose();
    if (this.#isClosing) return;
    metrics.connectFailuresTotal++;
    this.#logProblem(problem);
    const ceilingMs = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    // Half fixed, half by chance: agents that lost one collector together do not come back together.
    const waitMs = ceilingMs * (0.5 + Math.random() / 2);
    this.#reconnect = setTimeout(() => this.connect(), waitMs);
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
}

/**
 * Masks guard old proxies against bytes that a web page chose (RFC 6455, 10.3). No page chooses these, and unmasking
 * was a third of what the collector spent on a batch (measured): zeros leave the bytes as they are.
 */
function leaveUnmasked(mask: Buffer): void {
  mask.fill(0);
}
