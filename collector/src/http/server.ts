/** The fastify instance: limits, authentication and the one shape of errors. Routes are added by their files. */
import websocket from '@fastify/websocket';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { CollectorConfig } from '../config.ts';
import { AppError, ERRORS, type ErrorCode, problemDocument } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { createAuthenticate } from './auth.ts';
import type { TokenBook } from './tokenBook.ts';
import type { Identity } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it carries. */
    identity: Identity;
  }
}

/** Open to everybody: they say nothing about the cluster. */
const PUBLIC_URLS = new Set(['/healthz', '/readyz']);
/** A message up to this many times the limit is refused by name; beyond, ws closes the connection (1009). */
const PAYLOAD_FACTOR = 4;
const REQUEST_TIMEOUT_MS = 60_000;
const CLOSE_GRACE_MS = 1000;
/** RFC 6455: service restart. */
const SERVICE_RESTART = 1012;

export interface ServerOptions {
  readonly config: CollectorConfig;
  readonly metrics: Metrics;
  readonly book: TokenBook;
  readonly logger: FastifyServerOptions['logger'];
}

export function createServer({ config, metrics, book, logger }: ServerOptions): FastifyInstance {
  const app = fastify({
    logger: logger ?? false,
    // One line per batch would drown everything else; metrics count them.
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    bodyLimit: config.maxBatchBytes,
    forceCloseConnections: 'idle',
  });
  const authenticate = createAuthenticate(book);
  app.decorateRequest('identity');
  app.addHook('onReady', async () => {
    await book.poll();
  });
  app.register(websocket, {
    options: { maxPayload: PAYLOAD_FACTOR * config.maxBatchBytes, perMessageDeflate: false },
    preClose(done) {
      closeClients(app);
      done();
    },
    errorHandler(error, socket) {
      app.log.debug({ err: error }, 'websocket connection failed');
      socket.terminate();
    },
  });
  app.addHook('onRequest', async (request) => {
    if (PUBLIC_URLS.has(request.routeOptions.url ?? '')) return;
    try {
      request.identity = authenticate(request.headers);
    } catch (error) {
      metrics.unauthorized.inc();
      throw error;
    }
  });
  app.setErrorHandler((error, request, reply) => {
    const appError = asAppError(error);
    if (ERRORS[appError.code].status >= 500) request.log.error({ err: error }, 'request failed');
    return sendProblem(reply, appError);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url.slice(0, 200)} is not known here; agents use /v1/stream`;
    return sendProblem(reply, new AppError('HOP_NOT_FOUND', detail));
  });
  return app;
}

function sendProblem(reply: FastifyReply, error: AppError): FastifyReply {
  const document = problemDocument(error);
  if (error.retryAfterSeconds !== null) reply.header('retry-after', error.retryAfterSeconds);
  if (error.code === 'HOP_UNAUTHORIZED') reply.header('www-authenticate', 'Bearer');
  if (error.code === 'HOP_UPGRADE_REQUIRED') reply.header('upgrade', 'websocket');
  if (error.code === 'HOP_ENCODING_UNSUPPORTED') reply.header('accept-encoding', 'gzip, identity');
  return reply
    .code(document.status)
    .type('application/problem+json')
    .send(JSON.stringify(document));
}

/** Errors of fastify itself keep their status class; anything unknown hides its details. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const status: unknown = Reflect.get(Object(error), 'statusCode');
  const message = error instanceof Error ? error.message : String(error);
  const codeByStatus: Readonly<Record<number, ErrorCode>> = {
    413: 'HOP_BATCH_TOO_LARGE',
    415: 'HOP_MEDIA_TYPE_UNSUPPORTED',
  };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError(codeByStatus[status] ?? 'HOP_REQUEST_INVALID', message, { cause: error });
  }
  return new AppError('HOP_INTERNAL', 'the collector failed; its log says why', { cause: error });
}

/** Says goodbye to agents, then hangs up on those that do not answer: ws would wait 30 s for them. */
function closeClients(app: FastifyInstance): void {
  const clients = [...app.websocketServer.clients];
  for (const client of clients) client.close(SERVICE_RESTART, 'the collector is shutting down');
  const timer = setTimeout(() => {
    for (const client of clients) client.terminate();
  }, CLOSE_GRACE_MS);
  app.websocketServer.close(() => clearTimeout(timer));
}
