/**
 * GET /v1/stream: the main road. Binary messages are batches, text messages go back.
 *
 *   agent  ──batch──► parse ──► (queue full? stop reading) ──► pipeline ──► {"type":"stored",…}
 *                       └─ bad ──► {"type":"refused",…}            the connection stays open
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, ERRORS } from '../errors.ts';
import type { ParsedBatch } from '../ingest/batch.ts';
import { parseBinary, peekFirstSeq } from '../ingest/parseBinary.ts';
import {
  type RefusedMessage,
  refusedMessage,
  type StoredMessage,
  storedMessage,
} from './answers.ts';
import { acceptParsed, countRefused, countTooLarge, type Intake, storeBatch } from './intake.ts';
import { tooLarge } from './readBody.ts';

export interface StreamOptions {
  readonly intake: Intake;
  readonly maxBatchBytes: number;
  readonly maxConnections: number;
}

/** A dead peer is noticed after two of these. */
const PING_INTERVAL_MS = 30_000;
/** WebSocket status codes, RFC 6455 7.4.1. */
const TRY_AGAIN_LATER = 1013;

export function registerStream(app: FastifyInstance, options: StreamOptions): void {
  let open = 0;
  const accept = (socket: WebSocket, request: FastifyRequest) => {
    if (open >= options.maxConnections) {
      socket.close(TRY_AGAIN_LATER, `more than ${options.maxConnections} connections`);
      return;
    }
    open += 1;
    options.intake.metrics.connections.set(open);
    const connection = new StreamConnection(socket, options, request.log);
    socket.on('close', () => {
      open -= 1;
      options.intake.metrics.connections.set(open);
      connection.stop();
    });
  };
  app.route({
    method: 'GET',
    url: '/v1/stream',
    wsHandler: accept,
    handler: async () => {
      const detail = 'open a WebSocket here, or POST to /v1/batches or /v1/records';
      throw new AppError('HOP_UPGRADE_REQUIRED', detail);
    },
  });
}

class StreamConnection {
  readonly #socket: WebSocket;
  readonly #options: StreamOptions;
  readonly #log: FastifyBaseLogger;
  readonly #pinger: NodeJS.Timeout;
  /** Batches are taken one after the other, so that a full queue holds back all that follow. */
  #turn: Promise<void> = Promise.resolve();
  #speaksFor: { readonly cluster: string; readonly node: string } | null = null;
  readonly #storing = new Set<Promise<void>>();
  #isPaused = false;
  #isAlive = true;

  constructor(socket: WebSocket, options: StreamOptions, log: FastifyBaseLogger) {
    this.#socket = socket;
    this.#options = options;
    this.#log = log;
    this.#pinger = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    this.#pinger.unref();
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('message', (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => {
      this.#isAlive = true;
      const bytes = asBytes(data);
      this.#turn = this.#turn.then(() => this.#receive(bytes, isBinary));
    });
  }

  stop(): void {
    clearInterval(this.#pinger);
    this.#setPaused(false);
  }

  /** Never rejects: whatever goes wrong with one batch is answered, and the next one has its turn. */
  async #receive(bytes: Uint8Array, isBinary: boolean): Promise<void> {
    let firstSeq: number | null = null;
    try {
      const batch = this.#accept(bytes, isBinary, (seq) => {
        firstSeq = seq;
      });
      const { pipeline } = this.#options.intake;
      while (!pipeline.hasRoomFor(batch.records.length)) await this.#waitForRoom();
      // In the same turn as the look for room, or another connection might take it. Not awaited: the next
      // batch may be read while ClickHouse works on this one.
      this.#track(this.#store(batch));
    } catch (error) {
      // Without a firstSeq the sender takes its oldest batch for the refused one: that has to be right.
      if (firstSeq === null) await this.#answerEarlier();
      this.#refuse(error, firstSeq);
    }
  }

  #accept(
    bytes: Uint8Array,
    isBinary: boolean,
    onFirstSeq: (seq: number | null) => void,
  ): ParsedBatch {
    const { intake, maxBatchBytes } = this.#options;
    if (!isBinary) throw textMessage();
    if (bytes.length > maxBatchBytes) {
      onFirstSeq(peekFirstSeq(bytes));
      const error = tooLarge(`${bytes.length} bytes, allowed are ${maxBatchBytes}`);
      throw countTooLarge(intake, 'ws', error);
    }
    const result = parseBinary(bytes, intake.checkContext());
    onFirstSeq('refused' in result ? result.refused.firstSeq : result.batch.envelope.firstSeq);
    const batch = acceptParsed(intake, result, 'ws');
    this.#bind(batch);
    return batch;
  }

  /** The first envelope says for whom this connection speaks; another name later is refused. */
  #bind({ envelope }: ParsedBatch): void {
    const { cluster, node } = envelope;
    this.#speaksFor ??= { cluster, node };
    const own = this.#speaksFor;
    if (own.cluster === cluster && own.node === node) return;
    const field = own.cluster === cluster ? 'node' : 'cluster';
    const problem = {
      field,
      text: `${cluster}/${node} on a connection that speaks for ${own.cluster}/${own.node}`,
      remedy: 'open one connection per node',
    };
    countRefused(this.#options.intake.metrics, [{ ...problem, reason: 'node' }]);
    throw new AppError('HOP_NODE_CHANGED', problem.text, { problems: [problem] });
  }

  async #waitForRoom(): Promise<void> {
    const { pipeline, metrics } = this.#options.intake;
    metrics.queueFull.inc();
    this.#setPaused(true);
    await pipeline.whenRoom();
    this.#setPaused(false);
  }

  async #answerEarlier(): Promise<void> {
    this.#setPaused(true);
    await Promise.all(this.#storing);
    this.#setPaused(false);
  }

  #track(storing: Promise<void>): void {
    this.#storing.add(storing);
    void storing.finally(() => this.#storing.delete(storing));
  }

  /** Never rejects. */
  async #store(batch: ParsedBatch): Promise<void> {
    try {
      const outcome = await storeBatch(this.#options.intake, batch, 'ws');
      this.#send(storedMessage(batch.envelope, outcome, batch.problems));
    } catch (error) {
      this.#refuse(error, batch.envelope.firstSeq);
    }
  }

  /** `refused` tells an agent to drop the batch; where sending it again helps, it gets no answer and resends. */
  #refuse(error: unknown, firstSeq: number | null): void {
    if (error instanceof AppError && error.retryAfterSeconds !== null) return;
    if (!(error instanceof AppError) || ERRORS[error.code].status >= 500) {
      this.#log.error({ err: error, firstSeq }, 'batch failed');
    }
    const answered =
      error instanceof AppError
        ? error
        : new AppError('HOP_INTERNAL', 'the collector failed on this batch');
    this.#send(refusedMessage(answered, firstSeq));
  }

  #send(message: StoredMessage | RefusedMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify(message));
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#options.intake.metrics.pausedConnections.inc(isPaused ? 1 : -1);
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** While the socket is not read, pongs are not seen: silence proves nothing then. */
  #ping(): void {
    if (this.#isPaused) return;
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }
}

function textMessage(): AppError {
  const problem = {
    field: 'message',
    text: 'is a text message',
    remedy: 'send batches as binary messages; NDJSON goes to POST /v1/records',
  };
  return new AppError('HOP_REQUEST_INVALID', 'text messages are not read', { problems: [problem] });
}

function asBytes(data: Buffer | ArrayBuffer | Buffer[]): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
