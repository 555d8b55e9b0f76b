/**
 * GET /v1/stream: the main road. Binary messages are batches, text messages go back.
 *
 *   agent  ──batch──► parse ──► (no room? stop reading) ──► log ──► {"type":"durable",…}    with ?acks=durable
 *                       │                                    └──► ClickHouse ──► {"type":"stored",…}
 *                       └─ bad ──► {"type":"refused",…}            the connection stays open
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { StreamConnection, type StreamOptions } from './streamConnection.ts';

/** What all connections together may have on their way, and the share of one. */
const CREDIT_BYTES = 64 * 1024 * 1024;
const MIN_CREDIT_BYTES = 256 * 1024;
const MAX_CREDIT_BYTES = 4 * 1024 * 1024;
/** RFC 6455 7.4.1. */
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
    const acksDurable = Reflect.get(Object(request.query), 'acks') === 'durable';
    const creditBytes = acksDurable
      ? Math.min(MAX_CREDIT_BYTES, Math.max(MIN_CREDIT_BYTES, Math.floor(CREDIT_BYTES / open)))
      : null;
    const { identity, log } = request;
    const connection = new StreamConnection(socket, { ...options, creditBytes, identity }, log);
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
