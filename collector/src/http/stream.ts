/**
 * GET /v1/stream: the main road. Binary messages are batches, text messages go back.
 *
 *   agent  ──batch──► parse ──► (no room? stop reading) ──► log ──► {"type":"durable",…}    with ?acks=durable
 *                       │                                    └──► ClickHouse ──► {"type":"stored",…}
 *                       └─ bad ──► {"type":"refused",…}            the connection stays open
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { StreamConnection, type StreamOptions } from './streamConnection.ts';

/** What all connections together may have on their way, and the share of one. */
const CREDIT_BYTES = 64 * 1024 * 1024;
const MIN_CREDIT_BYTES = 256 * 1024;
const MAX_CREDIT_BYTES = 4 * 1024 * 1024;
/** RFC 6455 7.4.1. */
const TRY_AGAIN_LATER = 1013;

/** Never fails: what is not understood counts as not said. */
const querySchema = z.object({
  acks: z.string().optional().catch(undefined),
  /** Of an agent with several collectors: batches that are its own here have seqs above it. */
  seqsAbove: z.coerce.number().int().min(0).optional().catch(undefined),
});

export function registerStream(app: FastifyInstance, options: StreamOptions): void {
  let open = 0;
  const accept = (socket: WebSocket, request: FastifyRequest) => {
    if (open >= options.maxConnections) {
      socket.close(TRY_AGAIN_LATER, `more than ${options.maxConnections} connections`);
      return;
    }
    open += 1;
    options.intake.metrics.connections.set(open);
    const { acks, seqsAbove } = querySchema.parse(request.query);
    const acksDurable = acks === 'durable';
    const creditBytes = acksDurable
      ? Math.min(MAX_CREDIT_BYTES, Math.max(MIN_CREDIT_BYTES, Math.floor(CREDIT_BYTES / open)))
      : null;
    const { identity, log } = request;
    const connection = new StreamConnection(
      socket,
      { ...options, creditBytes, identity, seqsAbove },
      log,
    );
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
