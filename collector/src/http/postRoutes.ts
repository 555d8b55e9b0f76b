/** POST /v1/batches (binary) and POST /v1/records (NDJSON): the side road, for exporters and people with curl. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@hoptrace/domain/wire/v1.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { ParsedBatch, ParseResult } from '../ingest/batch.ts';
import type { DurableIntake } from '../ingest/durableIntake.ts';
import { parseBinary } from '../ingest/parseBinary.ts';
import { parseNdjson } from '../ingest/parseNdjson.ts';
import type { StoreOutcome } from '../ingest/pipeline.ts';
import { rateLimited } from '../ingest/rateLimits.ts';
import { scanBatch } from '../ingest/scanBatch.ts';
import { shownProblems } from './answers.ts';
import {
  acceptParsed,
  countTooLarge,
  type Intake,
  type LogRequest,
  logBatch,
  storeBatch,
} from './intake.ts';
import { type BodyLimits, readBody } from './readBody.ts';
import type { Identity } from './tokens.ts';

export const BATCH_TYPE = 'application/vnd.hoptrace.batch';
export const RECORDS_TYPE = 'application/x-ndjson';

/** Each may hold maxInflatedBytes. Beyond, senders are told to come again. */
const MAX_BODIES_AT_ONCE = 16;
/** Above every kind of binary.ts: what an NDJSON body becomes in the log at most. */
const MAX_RECORD_BYTES = 512;

export interface PostOptions {
  readonly intake: Intake;
  readonly limits: BodyLimits;
  readonly storeWaitMs: number;
}

/** Registers both routes in a scope of their own: each accepts its one content type and no other. */
export function registerPostRoutes(app: FastifyInstance, options: PostOptions): void {
  const readBounded = boundedReader(options);
  addRoute(app, options, { url: '/v1/batches', type: BATCH_TYPE, parse: parseBinary, readBounded });
  const parseText: typeof parseBinary = (bytes, context) => {
    const text = decodeUtf8(bytes);
    return parseNdjson(text, context);
  };
  addRoute(app, options, { url: '/v1/records', type: RECORDS_TYPE, parse: parseText, readBounded });
}

type BodyReader = (request: FastifyRequest, payload: IncomingMessage) => Promise<Buffer>;

/** readBody for a bounded number of requests at once; counts what is refused for its size. */
function boundedReader({ intake, limits }: PostOptions): BodyReader {
  let reading = 0;
  return async (request, payload) => {
    if (reading >= MAX_BODIES_AT_ONCE) {
      intake.metrics.queueFull.inc();
      const detail = `${reading} request bodies are being read already; send the batch again later`;
      throw new AppError('HOP_QUEUE_FULL', detail, { retryAfterSeconds: 1 });
    }
    reading += 1;
    try {
      return await readBody(payload, request.headers['content-encoding'], limits);
    } catch (error) {
      const isTooLarge = error instanceof AppError && error.code === 'HOP_BATCH_TOO_LARGE';
      throw isTooLarge ? countTooLarge(intake, 'http', error) : error;
    } finally {
      reading -= 1;
    }
  };
}

interface Route {
  readonly readBounded: BodyReader;
  readonly url: string;
  readonly type: string;
  readonly parse: (bytes: Uint8Array, context: ReturnType<Intake['checkContext']>) => ParseResult;
}

function addRoute(app: FastifyInstance, { intake, storeWaitMs }: PostOptions, route: Route) {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(route.type, route.readBounded);
    scope.addContentTypeParser('*', async () => {
      const remedy = `send content-type ${route.type}`;
      throw new AppError('HOP_MEDIA_TYPE_UNSUPPORTED', `${route.url} reads ${route.type}`, {
        problems: [{ field: 'content-type', text: 'is not supported here', remedy }],
      });
    });
    scope.post(route.url, async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      // RFC 7240: the sender does not want to wait for ClickHouse.
      const isAsync = /\brespond-async\b/i.test(String(request.headers.prefer ?? ''));
      const waitMs = isAsync ? 0 : storeWaitMs;
      const durable = intake.durable();
      const isBinary = route.parse === parseBinary;
      const { identity } = request;
      const scanned = durable !== null && isBinary ? scanBatch(body, intake.checkContext()) : null;
      if (durable !== null && scanned !== null) {
        passGate(intake, identity, scanned.envelope, body.length);
        const log = { batch: scanned, raw: body, road: 'http' } as const;
        const outcome = await logWithinTime({ intake, durable, log, storeWaitMs, waitMs });
        return answerLogged(reply, [], outcome);
      }
      const batch = acceptParsed(intake, route.parse(body, intake.checkContext()), 'http');
      passGate(intake, identity, batch.envelope, body.length);
      if (durable === null) {
        const outcome = await withinTime(storeBatch(intake, batch, 'http'), storeWaitMs);
        return answer(reply, batch, outcome);
      }
      const log = { batch, raw: isBinary ? body : null, road: 'http' } as const;
      const outcome = await logWithinTime({ intake, durable, log, storeWaitMs, waitMs });
      return answerLogged(reply, batch.problems, outcome);
    });
  });
}

/** Throws HOP_FORBIDDEN, HOP_QUOTA_EXCEEDED or HOP_RATE_LIMITED. */
function passGate({ gate }: Intake, identity: Identity, envelope: Envelope, bytes: number): void {
  gate.admit(identity, envelope);
  const waitMs = gate.waitMs(identity, envelope);
  if (waitMs > 0) throw rateLimited(waitMs);
  gate.take(identity, envelope, { records: envelope.count, bytes });
}

function answer(reply: FastifyReply, { problems }: ParsedBatch, outcome: StoreOutcome) {
  return reply.code(200).send({ ...outcome, problems: shownProblems(problems) });
}

interface LoggedOutcome {
  readonly fresh: number;
  readonly duplicates: number;
  readonly isStored: boolean;
}

/** 200 as without a log where ClickHouse has the batch; 202 where the log alone has it, for good. */
function answerLogged(
  reply: FastifyReply,
  refused: ParsedBatch['problems'],
  outcome: LoggedOutcome,
) {
  const { fresh, duplicates, isStored } = outcome;
  const problems = shownProblems(refused);
  if (isStored) return reply.code(200).send({ stored: fresh, duplicates, problems });
  return reply.code(202).send({ durable: fresh, duplicates, problems });
}

interface TimedRequest {
  readonly intake: Intake;
  readonly durable: DurableIntake;
  readonly log: LogRequest;
  /** For the log; a disk that is full for so long is an error. */
  readonly storeWaitMs: number;
  /** For ClickHouse, once the log has the batch. */
  readonly waitMs: number;
}

/** Rejects with HOP_LOG_FULL, where nothing is promised, and with HOP_STORE_REFUSED. */
async function logWithinTime(request: TimedRequest): Promise<LoggedOutcome> {
  const { intake, durable, log, storeWaitMs, waitMs } = request;
  const count = log.batch.envelope.count;
  if (!durable.hasRoomFor(log.raw?.length ?? count * MAX_RECORD_BYTES)) {
    intake.metrics.logFull.inc();
    throw logFull();
  }
  const logging = logBatch(intake, durable, log);
  const receipt = await Promise.race([logging, after(storeWaitMs, null)]);
  if (receipt === null) throw logFull();
  const { fresh, duplicates, waitsForLsn, isLogged } = receipt;
  if (waitsForLsn === 0) return { fresh, duplicates, isStored: true };
  const done = isLogged
    ? durable.whenDone(waitsForLsn)
    : durable.whenAllDone(waitsForLsn).then(() => null);
  const ended = await Promise.race([done, after(waitMs, 'late' as const)]);
  if (ended !== 'late' && ended !== null && ended.error !== null) throw ended.error;
  return { fresh, duplicates, isStored: ended !== 'late' };
}

function after<T>(ms: number, value: T): Promise<T> {
  return delay(ms, value, { ref: false });
}

function logFull(): AppError {
  const detail =
    'the log of the collector has no room; nothing of the batch was kept, send it again';
  return new AppError('HOP_LOG_FULL', detail, { retryAfterSeconds: 5 });
}

/**
 * Rejects with HOP_STORE_UNAVAILABLE after `waitMs`. The batch stays in the queue and may be stored later;
 * since it is idempotent, the sender may and should send it again.
 */
async function withinTime(stored: Promise<StoreOutcome>, waitMs: number): Promise<StoreOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const detail = `ClickHouse has not confirmed the batch within ${waitMs} ms; send it again, it will not be stored twice`;
      reject(new AppError('HOP_STORE_UNAVAILABLE', detail, { retryAfterSeconds: 5 }));
    }, waitMs);
  });
  try {
    return await Promise.race([stored, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('HOP_REQUEST_INVALID', 'the body is not UTF-8', {
      problems: [{ field: 'body', text: 'is not UTF-8', remedy: 'encode the lines as UTF-8' }],
      cause,
    });
  }
}
