/** So many requests a minute for each caller: by token, or by address where no token is asked for. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { isProtected } from './access.ts';
import type { ApiConfig } from './config.ts';
import { AppError } from './errors.ts';

const WINDOW_MS = 60_000;
/** Callers remembered at once; the least recent is forgotten. */
const MAX_CALLERS = 5000;

/** Must come after the hook that finds out who calls. The page's files and the probes are not counted. */
export async function limitRate(
  app: FastifyInstance,
  { requestsPerMinute }: Pick<ApiConfig, 'requestsPerMinute'>,
): Promise<void> {
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: WINDOW_MS,
    cache: MAX_CALLERS,
    keyGenerator: (request) => request.caller ?? request.ip,
    allowList: (request) => !isProtected(request),
    errorResponseBuilder: (_request, { ttl, max }) =>
      new AppError(
        'HOP_RATE_LIMITED',
        `${max} requests a minute are allowed. Wait, or ask less often.`,
        {
          retryAfterSeconds: Math.max(1, Math.ceil(ttl / 1000)),
        },
      ),
  });
}
