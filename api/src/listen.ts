/** Opens the port; whoever composes the services uses this too. */
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from './config.ts';
import { AppError } from './errors.ts';

/** Answers the URL with the port that was really taken. Throws HOP_PORT_IN_USE with the remedy. */
export async function listen(app: FastifyInstance, config: ApiConfig): Promise<string> {
  try {
    return await app.listen({ host: config.host, port: config.port });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new AppError('HOP_PORT_IN_USE', `the API cannot listen on port ${config.port}`, {
      cause,
      errors: [
        {
          field: 'HOPTRACE_API_PORT',
          text: `${config.host}:${config.port} is taken by another process.`,
          remedy: 'Stop it, set HOPTRACE_API_PORT, or shift all ports with HOPTRACE_PORT_OFFSET.',
        },
      ],
    });
  }
}

const isTaken = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

/** Where the API will answer; with port 0 the port is not known before it listens. */
export function urlOf({ host, port }: Pick<ApiConfig, 'host' | 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
