/** The proxies of the suite: real nginx and haproxy, each set up in the ways that change who reads and writes when. */
export interface Variant {
  readonly id: string;
  readonly text: string;
  readonly program: 'nginx' | 'haproxy';
  readonly port: number;
  readonly isTls: boolean;
  /** Shares of the requests. */
  readonly missing: number;
  readonly posts: number;
  readonly nginx: NginxSetup | null;
  readonly haproxy: HaproxySetup | null;
}

export interface NginxSetup {
  readonly workers: number;
  /** Upstream connections that a worker keeps; 0: a new one for each request. */
  readonly keepAlive: number;
  readonly hasAuthRequest: boolean;
  /** Off: parts of a POST are passed on as they come. */
  readonly isBuffering: boolean;
}

export interface HaproxySetup {
  readonly threads: number;
  readonly reuse: 'safe' | 'never';
  readonly mode: 'http' | 'tcp';
  /** Connections to the server; more requests wait in its queue. 0: no limit. */
  readonly maxConnections: number;
}

const FIRST_PORT = 8_101;
const MIX = { missing: 0.3, posts: 0.2 } as const;
const PLAIN = { missing: 0, posts: 0 } as const;

export const VARIANTS: readonly Variant[] = [
  nginx('nginx-keep-alive', 'upstream connections kept', PLAIN, {}),
  nginx('nginx-close', 'an upstream connection for each request', PLAIN, { keepAlive: 0 }),
  nginx('nginx-mix', '30 % answered with 404, 20 % slow POSTs', MIX, {}),
  nginx('nginx-mix-close', 'the same, upstream connections not kept', MIX, { keepAlive: 0 }),
  nginx('nginx-mix-tls', 'the same, TLS inbound, two workers', MIX, { workers: 2 }, true),
  nginx('nginx-stream-posts', 'bodies passed on as they come', MIX, { isBuffering: false }),
  nginx('nginx-auth', 'auth_request before each', MIX, { hasAuthRequest: true }),
  haproxy('haproxy-safe', 'http-reuse safe', PLAIN, {}),
  haproxy('haproxy-never', 'http-reuse never', PLAIN, { reuse: 'never' }),
  haproxy('haproxy-mix', 'http-reuse safe, 404s and slow POSTs', MIX, {}),
  haproxy('haproxy-mix-tls', 'the same, TLS inbound', MIX, {}, true),
  haproxy('haproxy-queue', '8 server connections, the rest queues', MIX, { maxConnections: 8 }),
  haproxy('haproxy-threads', 'two threads', MIX, { threads: 2 }),
  haproxy('haproxy-threads-queue', 'two threads, 8 server connections', MIX, {
    ...{ threads: 2, maxConnections: 8 },
  }),
  haproxy('haproxy-tcp', 'TCP mode, 20 % slow POSTs', { missing: 0, posts: 0.2 }, { mode: 'tcp' }),
].map((variant, index) => ({ ...variant, port: FIRST_PORT + index }));

type Shares = Pick<Variant, 'missing' | 'posts'>;
type Unplaced = Omit<Variant, 'port'>;

function nginx(
  ...[id, text, shares, setup, isTls = false]: [
    string,
    string,
    Shares,
    Partial<NginxSetup>,
    boolean?,
  ]
): Unplaced {
  const common = { workers: 1, keepAlive: 64, hasAuthRequest: false, isBuffering: true };
  return {
    ...{ id, text, program: 'nginx', isTls, ...shares },
    ...{ nginx: { ...common, ...setup }, haproxy: null },
  };
}

function haproxy(
  ...[id, text, shares, setup, isTls = false]: [
    string,
    string,
    Shares,
    Partial<HaproxySetup>,
    boolean?,
  ]
): Unplaced {
  const common = { threads: 1, reuse: 'safe', mode: 'http', maxConnections: 0 } as const;
  return {
    ...{ id, text, program: 'haproxy', isTls, ...shares },
    ...{ nginx: null, haproxy: { ...common, ...setup } },
  };
}
