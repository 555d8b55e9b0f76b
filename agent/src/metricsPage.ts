/**
 * What an operator asks an agent on its own node: /metrics for Prometheus, /livez and /readyz for probes. Nothing of
 * the traffic is told here. Off the data path: an address that cannot be had is said, and the agent watches all the same.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { ListenAddress } from './config.ts';
import type { Log } from './log.ts';

export interface PageSources {
  readonly prometheus: () => string;
  /** What is missing, in words; empty: ready. */
  readonly missing: () => readonly string[];
  /** What is not seen although the agent is ready, in words. */
  readonly degraded?: () => readonly string[];
}

/** Prometheus and a probe or two; more is a mistake or an attack. */
const MAX_CONNECTIONS = 16;
const TIMEOUT_MS = 5_000;
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export class MetricsPage {
  readonly #server: Server;
  readonly #log: Log;

  constructor(sources: PageSources, log: Log) {
    this.#log = log;
    const limits = { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS };
    this.#server = createServer(limits, (request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        answer(response, 405, 'ask with GET\n');
      else answerPath(response, new URL(request.url ?? '/', 'http://agent').pathname, sources);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.keepAliveTimeout = TIMEOUT_MS;
  }

  /** Resolves with the port once it listens; with null where it cannot. Never rejects. */
  start({ host, port }: ListenAddress): Promise<number | null> {
    return new Promise((resolve) => {
      this.#server.once('error', (error) => {
        this.#log('warn', 'no metrics page', {
          address: `${host}:${port}`,
          problem: error.message,
          remedy: 'set HOPTRACE_AGENT_METRICS to another address, or to off',
        });
        resolve(null);
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' ? (address?.port ?? null) : null);
      });
    });
  }

  /** Also where it never listened. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function answerPath(response: ServerResponse, path: string, sources: PageSources): void {
  if (path === '/metrics') answer(response, 200, sources.prometheus());
  else if (path === '/livez') answer(response, 200, 'alive\n');
  else if (path === '/readyz') {
    const missing = sources.missing();
    const degraded = sources.degraded?.() ?? [];
    const verdict = degraded.length === 0 ? 'ready' : 'ready, degraded';
    const lines = missing.length === 0 ? [verdict, ...degraded] : [...missing, ...degraded];
    const text = `${lines.join('\n')}\n`;
    answer(response, missing.length === 0 ? 200 : 503, text);
  } else answer(response, 404, 'here are /metrics, /livez and /readyz\n');
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': TEXT, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
