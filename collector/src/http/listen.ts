/** Opens the port, and says what to do where that fails. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** Resolves to the URL under which the collector is reached; port 0 becomes the one that the kernel chose. */
export async function listen(app: FastifyInstance, { host, port }: ListenOptions): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw Reflect.get(Object(error), 'code') === 'EADDRINUSE' ? taken(host, port, error) : error;
  }
  const address = app.server.address();
  if (address === null || typeof address === 'string') return `http://${host}:${port}`;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${shown}:${address.port}`;
}

function taken(host: string, port: number, cause: unknown): AppError {
  return new AppError('HOP_PORT_IN_USE', `port ${port} on ${host} is taken`, {
    problems: [
      {
        field: 'HOPTRACE_COLLECTOR_PORT',
        text: `${port} is taken by another process`,
        remedy: 'stop that process, or set another port or HOPTRACE_PORT_OFFSET',
      },
    ],
    cause,
  });
}
