/** WS /api/v1/live: paths as they are found. */
import websocket, { type WebSocket } from '@fastify/websocket';
import { liveFilterSchema, liveMessageSchema } from '@hoptrace/domain/rest/live.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { askedClusters } from '../access.ts';
import { AppError } from '../errors.ts';
import { readLiveCursor } from '../live/liveCursor.ts';
import { LiveSession } from '../live/liveSession.ts';
import { type FeedEvent, PathFeed } from '../live/pathFeed.ts';
import { type ApiApp, ok, PROBLEMS, type RouteDeps } from './routes.ts';

/** Listeners send nothing. */
const MAX_PAYLOAD_BYTES = 1024;
/** The newest 500 of it are sent; further back, a list is the better answer. */
const MAX_RESUME_US = 3600 * 1_000_000;
/** Paths are found a few seconds after they began. */
const OVERLAP_US = 5_000_000;
/** WebSocket status codes, RFC 6455 7.4.1. */
const GOING_AWAY = 1001;
const CLOSE_GRACE_MS = 1000;

type LiveQuery = z.output<typeof liveFilterSchema>;

export async function registerWebSocket(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false },
    preClose(done) {
      closeClients(app);
      done();
    },
    errorHandler(error, socket) {
      app.log.debug({ err: error }, 'live connection failed');
      socket.terminate();
    },
  });
}

export function registerLive(app: ApiApp, deps: RouteDeps & { readonly maxLive: number }): void {
  const feed = new PathFeed({ store: deps.store, nowUs: deps.nowUs, log: app.log });
  let open = 0;
  app.addHook('onClose', async () => feed.close());
  app.route({
    method: 'GET',
    url: '/api/v1/live',
    schema: {
      operationId: 'watchPaths',
      tags: ['paths'],
      summary: 'Paths as they are found (WebSocket)',
      description: `Opens a WebSocket; every message is one JSON document with a type. A path is sent about three seconds after it began, and again when more is known of it. What the store gets later than a minute after it began comes within 15 s more; what it gets later than a quarter of an hour after it began (or beyond the newest 50,000 of that time) is not in the stream, but in the lists. Whoever reads too slowly is told how many paths were dropped. Give the cursor of the last message to go on after a break.

    hoptrace live --service shop/web`,
      querystring: liveFilterSchema,
      response: { 101: ok('the messages', liveMessageSchema), ...PROBLEMS },
    },
    preValidation: async (request) => requireOwnOrigin(request),
    preHandler: async (request) => {
      const { cluster, cursor } = request.query as LiveQuery;
      askedClusters(cluster, request);
      if (cursor !== undefined) readLiveCursor(cursor);
      if (open < deps.maxLive) return;
      throw new AppError('HOP_BUSY', `${open} listeners are connected`, { retryAfterSeconds: 10 });
    },
    handler: async (_request, reply) => {
      reply.header('upgrade', 'websocket');
      throw new AppError('HOP_UPGRADE_REQUIRED', 'Open a WebSocket here, or use hoptrace live.');
    },
    wsHandler: (socket: WebSocket, request: FastifyRequest) => {
      open += 1;
      deps.metrics.liveListeners.set(open);
      socket.on('close', () => {
        open -= 1;
        deps.metrics.liveListeners.set(open);
      });
      accept(socket, request, { ...deps, feed });
    },
  });
}

/**
 * Browsers let any page connect to any host; only pages of this host may. Programs send no Origin, or a token, which no
 * page can: a proxy such as Grafana's adds it and may leave the browser's Origin as it is.
 */
function requireOwnOrigin({ headers }: FastifyRequest): void {
  const { origin, host, authorization } = headers;
  if (origin === undefined || authorization !== undefined) return;
  const own = URL.canParse(origin) ? new URL(origin).host : null;
  if (own !== null && own === host) return;
  throw new AppError('HOP_ORIGIN_REFUSED', `Pages of ${origin.slice(0, 80)} may not connect here.`);
}

interface LiveDeps extends RouteDeps {
  readonly feed: PathFeed;
}

function accept(socket: WebSocket, request: FastifyRequest, deps: LiveDeps): void {
  const { feed, nowUs, metrics } = deps;
  const { cursor, ...filter } = request.query as LiveQuery;
  const { clusters } = request;
  const onDropped = (count: number) => metrics.liveDropped.inc(count);
  const session = new LiveSession({ socket, feed, filter, clusters, nowUs, onDropped });
  // Read before taking part: both together are without a hole and without a repetition.
  const kept = keptAfter(cursor, feed);
  const end = new AbortController();
  const leave = feed.listen((event) => session.take(event));
  socket.on('close', () => {
    end.abort();
    leave();
    session.stop();
  });
  if (cursor === undefined) session.open('live', []);
  else if (kept !== null) session.open('exact', kept);
  else {
    const call = { signal: end.signal, clusters };
    const fromUs = Math.max(0, readLiveCursor(cursor).atUs - OVERLAP_US);
    resumeByTime(fromUs, call, deps)
      .catch((error: unknown) => {
        request.log.warn({ err: error }, 'live stream could not resume');
        return null;
      })
      .then((before) => {
        if (before === null) session.open('gap', [], { fromUs, toUs: nowUs() });
        else session.open('fromTime', before);
      });
  }
}

function keptAfter(cursor: string | undefined, feed: PathFeed): readonly FeedEvent[] | null {
  if (cursor === undefined) return null;
  const place = readLiveCursor(cursor);
  return place.epoch === feed.epoch ? feed.after(place.seq) : null;
}

/** null: it is too long ago. */
async function resumeByTime(
  fromUs: number,
  call: { readonly signal: AbortSignal; readonly clusters: readonly string[] },
  { feed, nowUs }: LiveDeps,
): Promise<readonly FeedEvent[] | null> {
  return nowUs() - fromUs > MAX_RESUME_US ? null : feed.since(fromUs, call);
}

/** Says goodbye, then hangs up on those that do not answer: ws would wait 30 s for them. */
function closeClients(app: FastifyInstance): void {
  const clients = [...app.websocketServer.clients];
  for (const client of clients) client.close(GOING_AWAY, 'the API is shutting down');
  const timer = setTimeout(() => {
    for (const client of clients) client.terminate();
  }, CLOSE_GRACE_MS);
  app.websocketServer.close(() => clearTimeout(timer));
}
