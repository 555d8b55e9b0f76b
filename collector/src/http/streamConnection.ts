/** One WebSocket of one agent: takes its batches one after the other, and tells what became of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from '@fastify/websocket';
import type { FastifyBaseLogger } from 'fastify';
import { AppError, ERRORS } from '../errors.ts';
import type { ParsedBatch } from '../ingest/batch.ts';
import type { DurableIntake } from '../ingest/durableIntake.ts';
import { parseBinary, peekFirstSeq } from '../ingest/parseBinary.ts';
import type { DoneBatch, NodeName } from '../ingest/receipt.ts';
import { scanBatch } from '../ingest/scanBatch.ts';
import {
  type CreditMessage,
  type DurableMessage,
  type RefusedMessage,
  refusedMessage,
  type StoredMessage,
  shownProblems,
  storedMessage,
} from './answers.ts';
import { forbidden } from './auth.ts';
import {
  acceptParsed,
  countRefused,
  countTooLarge,
  type Intake,
  type LogRequest,
  logBatch,
  storeBatch,
} from './intake.ts';
import { tooLarge } from './readBody.ts';
import { asBytes, type Message, textMessage } from './streamMessage.ts';
import type { Identity } from './tokens.ts';

export interface StreamOptions {
  readonly intake: Intake;
  readonly maxBatchBytes: number;
  readonly maxConnections: number;
}

/** Answers that one connection may wait for. Beyond, it is not read. */
const MAX_AWAITED = 1000;
const KNOWN_PARTS = ['facts', 'source', 'exchangesSinceUs', 'healthChecks', 'ringRefusals'];
/** A dead peer is noticed after two of these. */
const PING_INTERVAL_MS = 30_000;
/** WebSocket status codes, RFC 6455 7.4.1. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
/** So that a pause is never as long as a dead connection. */
const MAX_PAUSE_MS = 1000;
/** As agents number them (agent/src/send/fleet.ts). */
const SEQS_PER_COLLECTOR = 2 ** 40;
const UNREF = { ref: false } as const;

interface ConnectionOptions extends StreamOptions {
  /** Null for senders that did not ask for `durable`: they hear `stored` alone. */
  readonly creditBytes: number | null;
  readonly identity: Identity;
  /** Of an agent with several collectors; see #isMoved. */
  readonly seqsAbove: number | undefined;
}

export class StreamConnection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #log: FastifyBaseLogger;
  readonly #pinger: NodeJS.Timeout;
  /** Batches are taken one after the other, so that a full queue holds back all that follow. */
  #turn: Promise<void> = Promise.resolve();
  #speaksFor: { readonly cluster: string; readonly node: string } | null = null;
  readonly #storing = new Set<Promise<void>>();
  #isPaused = false;
  #isAlive = true;

  #stopListening: () => void = () => {};

  constructor(socket: WebSocket, options: ConnectionOptions, log: FastifyBaseLogger) {
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
      const receivedAtUs = Date.now() * 1000;
      this.#turn = this.#turn.then(() => this.#receive({ bytes, isBinary, receivedAtUs }));
    });
    this.#sendCredit(options.creditBytes ?? 0);
  }

  stop(): void {
    clearInterval(this.#pinger);
    this.#stopListening();
    this.#setPaused(false);
  }

  /** Never rejects: whatever goes wrong with one batch is answered, and the next one has its turn. */
  async #receive({ bytes, isBinary, receivedAtUs }: Message): Promise<void> {
    let firstSeq: number | null = null;
    if (!this.#isTokenGood()) return;
    try {
      if (await this.#receiveScanned({ bytes, isBinary, receivedAtUs })) return;
      const batch = this.#accept(bytes, isBinary, (seq) => {
        firstSeq = seq;
      });
      const { pipeline, durable, metrics } = this.#options.intake;
      await this.#waitForTurn(batch, bytes.length);
      const log = durable();
      if (log !== null) {
        await this.#waitForLog(log, bytes.length);
        const request = { batch, raw: bytes, road: 'ws', isMoved: this.#isMoved(batch) } as const;
        this.#track(this.#keep(log, request, receivedAtUs));
        return;
      }
      while (!pipeline.hasRoomFor(batch.records.length)) {
        metrics.queueFull.inc();
        await this.#waitForRoom(() => pipeline.whenRoom());
      }
      // In the same turn as the look for room, or another connection might take it. Not awaited: the next
      // batch may be read while ClickHouse works on this one.
      this.#track(this.#store(batch));
    } catch (error) {
      // Without a firstSeq the sender takes its oldest batch for the refused one: that has to be right.
      if (firstSeq === null) await this.#answerEarlier();
      this.#refuse(error, firstSeq);
    }
  }

  /** The short way of a batch that is all good. False where it has to go the long one. */
  async #receiveScanned({ bytes, isBinary, receivedAtUs }: Message): Promise<boolean> {
    const { intake, maxBatchBytes } = this.#options;
    const log = intake.durable();
    if (log === null || !isBinary || bytes.length > maxBatchBytes) return false;
    const batch = scanBatch(bytes, intake.checkContext());
    // Another node's: the long way has the words for it.
    if (batch === null || !this.#canSpeakFor(batch.envelope)) return false;
    if (forbidden(this.#options.identity, batch.envelope) !== null) return false;
    this.#bind(batch);
    await this.#waitForTurn(batch, bytes.length);
    await this.#waitForLog(log, bytes.length);
    const request = { batch, raw: bytes, road: 'ws', isMoved: this.#isMoved(batch) } as const;
    this.#track(this.#keep(log, request, receivedAtUs));
    return true;
  }

  /** Whoever sends more than his limit is not read for a while, and has no credit meanwhile. */
  async #waitForTurn({ envelope }: Pick<ParsedBatch, 'envelope'>, bytes: number): Promise<void> {
    const { intake, identity } = this.#options;
    for (;;) {
      const waitMs = intake.gate.waitMs(identity, envelope);
      if (waitMs === 0) break;
      intake.metrics.limitedSeconds.inc(Math.min(waitMs, MAX_PAUSE_MS) / 1000);
      await this.#waitForRoom(() => delay(Math.min(waitMs, MAX_PAUSE_MS), undefined, UNREF));
    }
    intake.gate.take(identity, envelope, { records: envelope.count, bytes });
  }

  /** A token that was revoked or has expired ends the connection: nothing more is taken. */
  #isTokenGood(): boolean {
    const { intake, identity } = this.#options;
    if (intake.gate.book.isGood(identity)) return true;
    if (this.#socket.readyState === this.#socket.OPEN) intake.metrics.unauthorized.inc();
    this.#socket.close(POLICY_VIOLATION, 'the token is no longer good');
    return false;
  }

  async #waitForLog(log: DurableIntake, bytes: number): Promise<void> {
    while (!log.hasRoomFor(bytes) || this.#storing.size > MAX_AWAITED) {
      this.#options.intake.metrics.logFull.inc();
      await this.#waitForRoom(() => log.whenRoom());
    }
  }

  /** Numbered for another collector, which was away when it had to be sent, and may have it all the same. */
  #isMoved({ envelope }: Pick<ParsedBatch, 'envelope'>): boolean {
    const { seqsAbove } = this.#options;
    if (seqsAbove === undefined) return false;
    return envelope.firstSeq <= seqsAbove || envelope.firstSeq > seqsAbove + SEQS_PER_COLLECTOR;
  }

  #canSpeakFor({ cluster, node }: NodeName): boolean {
    const own = this.#speaksFor;
    return own === null || (own.cluster === cluster && own.node === node);
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
  #bind({ envelope }: Pick<ParsedBatch, 'envelope'>): void {
    const { cluster, node } = envelope;
    if (this.#speaksFor === null) this.#options.intake.gate.admit(this.#options.identity, envelope);
    this.#speaksFor ??= this.#listenFor({ cluster, node });
    const own = this.#speaksFor;
    if (this.#canSpeakFor(envelope)) return;
    const field = own.cluster === cluster ? 'node' : 'cluster';
    const problem = {
      field,
      text: `${cluster}/${node} on a connection that speaks for ${own.cluster}/${own.node}`,
      remedy: 'open one connection per node',
    };
    countRefused(this.#options.intake.metrics, [{ ...problem, reason: 'node' }]);
    throw new AppError('HOP_NODE_CHANGED', problem.text, { problems: [problem] });
  }

  /** A batch may have come by an earlier connection: the agent is told of it on this one. */
  #listenFor(node: { readonly cluster: string; readonly node: string }) {
    const { intake, creditBytes } = this.#options;
    const log = intake.durable();
    if (log !== null && creditBytes !== null)
      this.#stopListening = log.onDone(node, (batch) => this.#tellDone(batch));
    return node;
  }

  async #waitForRoom(whenRoom: () => Promise<void>): Promise<void> {
    this.#setPaused(true);
    this.#sendCredit(0);
    await whenRoom();
    this.#setPaused(false);
    this.#sendCredit(this.#options.creditBytes ?? 0);
  }

  #sendCredit(bytes: number): void {
    if (this.#options.creditBytes !== null)
      this.#send({ type: 'credit', bytes, knows: KNOWN_PARTS });
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
  async #keep(log: DurableIntake, request: LogRequest, receivedAtUs: number): Promise<void> {
    const { envelope } = request.batch;
    const problems = 'problems' in request.batch ? request.batch.problems : [];
    const { bootId, firstSeq, count } = envelope;
    try {
      const receipt = await logBatch(this.#options.intake, log, request);
      const { duplicates, waitsForLsn, isLogged } = receipt;
      const asksDurable = this.#options.creditBytes !== null;
      if (asksDurable) {
        const refused = shownProblems(problems);
        const times = { receivedAtUs, answeredAtUs: Date.now() * 1000 };
        this.#send({ type: 'durable', bootId, firstSeq, count, duplicates, refused, ...times });
      }
      // Told by name when its time comes (#listenFor), so that nothing here waits with it.
      if (asksDurable && isLogged) return;
      const done = isLogged ? await log.whenDone(waitsForLsn) : await log.whenAllDone(waitsForLsn);
      if (done?.error !== null && done?.error !== undefined) throw done.error;
      const outcome = { stored: receipt.fresh, duplicates };
      const stored = storedMessage(envelope, outcome, problems);
      this.#send(asksDurable ? { ...stored, bootId } : stored);
    } catch (error) {
      this.#refuse(error, firstSeq);
    }
  }

  #tellDone({ bootId, firstSeq, count, outcome, error }: DoneBatch): void {
    if (error !== null) this.#refuse(error, firstSeq);
    else this.#send({ ...storedMessage({ firstSeq, count }, outcome, []), bootId });
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
    if (error instanceof AppError && error.code === 'HOP_QUOTA_EXCEEDED')
      this.#socket.close(TRY_AGAIN_LATER, error.message.slice(0, 120));
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

  #send(message: StoredMessage | RefusedMessage | DurableMessage | CreditMessage): void {
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
    if (!this.#isTokenGood() || this.#isPaused) return;
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }
}
