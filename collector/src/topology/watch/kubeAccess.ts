/**
 * Requests to the Kubernetes API. The client library brings what is laborious to get right, credentials: service
 * accounts, kubeconfig with tokens, certificates and exec plug-ins, proxies. Its informer and Watch are not used: they
 * ask for no bookmarks, end for good on any error but 410, drop lines that they cannot read, and have no time-out.
 */
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

/** Until the first byte of an answer. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Finds peers that vanished without a word. */
const KEEP_ALIVE_MS = 15_000;

export type KubeSettings =
  | { readonly kind: 'in-cluster' }
  /** `path` null: as kubectl finds it (KUBECONFIG, ~/.kube/config). `context` null: the current one. */
  | { readonly kind: 'kubeconfig'; readonly path: string | null; readonly context: string | null }
  | {
      readonly kind: 'server';
      readonly url: string;
      readonly tokenFile: string | null;
      readonly caFile: string | null;
    };

/** An answer that is not 200. */
export class KubeStatusError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(status: number, text: string, retryAfterMs: number | null = null) {
    super(`${status}${text === '' ? '' : `: ${text}`}`);
    this.name = 'KubeStatusError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export class KubeAccess {
  readonly #settings: KubeSettings;
  #config: KubeConfig | null = null;
  #agent: unknown = null;

  constructor(settings: KubeSettings) {
    this.#settings = settings;
  }

  /** Credentials are read anew with the next request: they may have been replaced. */
  reset(): void {
    this.#config = null;
    this.#agent = null;
  }

  /**
   * The body of a 200, not yet read. Rejects with KubeStatusError on any other answer, and with what the library or
   * the socket says where there is none.
   */
  async get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    this.#config ??= await loadConfig(this.#settings);
    const config = this.#config;
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the configuration names no current cluster');
    const url = new URL(server.replace(/\/$/, '') + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const options: https.RequestOptions = { headers: { accept: 'application/json' } };
    await config.applyToHTTPSOptions(options);
    // Each call makes an agent of its own, and with it a connection; the first one is kept.
    this.#agent ??= options.agent;
    const response = await send(url, { ...options, agent: this.#agent as http.Agent, signal });
    if (response.statusCode === 200) return response;
    throw await statusError(response);
  }
}

async function loadConfig(settings: KubeSettings): Promise<KubeConfig> {
  // 85 MB of generated classes, for those who watch only.
  const library = await import('@kubernetes/client-node');
  const config = new library.KubeConfig();
  if (settings.kind === 'in-cluster') config.loadFromCluster();
  else if (settings.kind === 'server') loadServer(config, settings);
  else {
    if (settings.path === null) config.loadFromDefault();
    else config.loadFromFile(settings.path);
    if (settings.context !== null) config.setCurrentContext(settings.context);
  }
  return config;
}

function loadServer(
  config: KubeConfig,
  { url, tokenFile, caFile }: Extract<KubeSettings, { kind: 'server' }>,
): void {
  // Without TLS there is nothing to verify; config.ts lets that pass on loopback only (kubectl proxy).
  const skipTLSVerify = url.startsWith('http:');
  const user =
    tokenFile === null
      ? { name: 'hoptrace' }
      : { name: 'hoptrace', authProvider: { name: 'tokenFile', config: { tokenFile } } };
  config.loadFromClusterAndUser(
    { name: 'cluster', server: url, skipTLSVerify, ...(caFile === null ? {} : { caFile }) },
    user,
  );
}

function send(url: URL, options: https.RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'http:' ? http : https).get(url, options, (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`));
    }, ANSWER_TIMEOUT_MS);
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    // Also after the answer began: then the body's own error says it, and this one has no other listener.
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

async function statusError(response: IncomingMessage): Promise<KubeStatusError> {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 64 * 1024) break;
    chunks.push(chunk);
  }
  const text = messageOf(Buffer.concat(chunks).toString('utf8'));
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  return new KubeStatusError(response.statusCode ?? 0, text, retryAfterMs);
}

/** A Status object says in `message` what is wrong. */
function messageOf(body: string): string {
  try {
    const message: unknown = Reflect.get(Object(JSON.parse(body)), 'message');
    if (typeof message === 'string') return message.slice(0, 300);
  } catch {
    // A proxy in between answers in a form of its own.
  }
  return body.slice(0, 300).replaceAll(/\s+/g, ' ').trim();
}
