/** Settings of the agent: environment in, frozen object out. Each default says why. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import type { PortRange } from './health/listeners.ts';

const COLLECTOR_PORT = 7041;
const METRICS_PORT = 7043;
const MIN_SECRET_BYTES = 16;
const MIN_TOKEN_CHARACTERS = 16;

const integer = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'must be an integer').transform(Number).pipe(z.int().min(min).max(max));
const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');

const collectorUrl = z.string().regex(/^wss?:\/\/[^/?#\s@]+\/?$/, {
  message: 'must look like ws://host:port or wss://host:port, without path or credentials',
});
const collectorUrls = z
  .string()
  .transform((text) =>
    text.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim().replace(/\/$/, '')])),
  )
  .pipe(z.array(collectorUrl).min(1))
  .refine((urls) => new Set(urls).size === urls.length, 'names a collector twice');
const secret = z.string().transform((text, context) => {
  const bytes = /^([0-9a-fA-F]{2})+$/.test(text)
    ? Buffer.from(text, 'hex')
    : Buffer.from(text, 'base64');
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  if (isBase64 && bytes.length >= MIN_SECRET_BYTES) return new Uint8Array(bytes);
  const message = `must be hex or base64 of at least ${MIN_SECRET_BYTES} bytes, such as from: openssl rand -hex 32`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
const metricsAddress = z.string().transform((text, context): ListenAddress | null => {
  if (text === 'off') return null;
  const [, host, digits] = /^(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host: host.replaceAll(/[[\]]/g, ''), port };
  const message = `must be host:port or off, not "${text}"`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
const portRange = z.string().transform((text, context): PortRange | null => {
  if (text === 'off') return null;
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (first >= 1 && last >= first && last <= 65_535) return { first, last };
  const message = `must be like 30000-32767, or off, not "${text}"`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
const namespaces = z
  .string()
  .transform((text) => text.split(',').filter((part) => part.trim() !== ''))
  .pipe(
    z.array(
      z
        .string()
        .trim()
        .regex(/^([^=/,]+=)?\/.+$/, 'must be NAME=/path or /path'),
    ),
  );

const EXCHANGE_MODES = ['off', 'connections', 'all'] as const;
const LOADER_EXCHANGE_MODES = { connections: 'first', all: 'all' } as const;

const environmentSchema = z.object({
  /** The collector of the same machine; HOPTRACE_PORT_OFFSET is added to this default only. */
  HOPTRACE_AGENT_COLLECTOR_URL: collectorUrl.optional(),
  /** Several, separated by commas, the same for all agents of a cluster; instead of HOPTRACE_AGENT_COLLECTOR_URL. */
  HOPTRACE_AGENT_COLLECTOR_URLS: collectorUrls.optional(),
  /**
   * What is kept together at one collector. `cluster`: everything, the others stand by; paths through proxies are
   * whole. `connection`: each connection, spread over all (docs/adr/0012); a proxy's two sides may part.
   */
  HOPTRACE_AGENT_COLLECTOR_KEY: z.enum(['cluster', 'connection']).default('cluster'),
  /** So long a collector is away before another gets what was its own: longer than it takes to start again. */
  HOPTRACE_AGENT_COLLECTOR_TAKEOVER_MS: integer(100, 3_600_000).prefault('15000'),
  HOPTRACE_PORT_OFFSET: integer(0, 50_000).prefault('0'),
  /** No default: a default is no secret. A collector on loopback asks for none. */
  HOPTRACE_AGENT_TOKEN: z.string().min(MIN_TOKEN_CHARACTERS).optional(),
  /** Kubernetes names a node as its host name unless told otherwise. */
  HOPTRACE_AGENT_NODE: z.string().min(1).max(253).optional(),
  HOPTRACE_AGENT_CLUSTER: z.string().min(1).max(63).prefault('local'),
  /** All agents of a cluster need the same one; without it a random one is made at each start. */
  HOPTRACE_AGENT_CLUSTER_SECRET: secret.optional(),
  /** `NAME=PATH,…`; empty: all namespaces of this kernel, which is right on a node. */
  HOPTRACE_AGENT_NETNS: namespaces.prefault(''),
  /** The loader's default is that of process 1. */
  HOPTRACE_AGENT_HOST_NETNS: z.string().startsWith('/').optional(),
  /** Its metrics and probes: on loopback, since they have no login. HOPTRACE_PORT_OFFSET is added to this default only. */
  HOPTRACE_AGENT_METRICS: metricsAddress.optional(),
  /** Where the node's processes are seen; another place in a container without hostPID. */
  HOPTRACE_AGENT_PROC: z.string().startsWith('/').prefault('/proc'),
  /** Where health check node ports are looked for: the API server's --service-node-port-range. off: not probed. */
  HOPTRACE_AGENT_HEALTH_PORTS: portRange.prefault('30000-32767'),
  /**
   * `auto`: eBPF, and where the kernel refuses it conntrack alone, which is said. `conntrack`: that without trying.
   * `ebpf`: without eBPF the agent fails, and tries again.
   */
  HOPTRACE_AGENT_SOURCE: z.enum(['auto', 'ebpf', 'conntrack']).default('auto'),
  /** Where `npm run agent:build` puts it. */
  HOPTRACE_AGENT_LOADER_PATH: z.string().min(1).optional(),
  /** On: only addresses leave the node, and nothing else tells the client behind a load balancer. */
  HOPTRACE_AGENT_PROXY_HEADER: onOff.prefault('on'),
  /** On: nothing else says which client request caused which upstream one. Costs two hooks per socket call. */
  HOPTRACE_AGENT_PROXY_LINKS: onOff.prefault('on'),
  /** 4 MiB: half a second of 5,000 new connections. Its pages count twice in the memory of the loader. */
  HOPTRACE_AGENT_RING_BYTES: integer(64 * 1024, 256 * 1024 * 1024)
    .refine((bytes) => Number.isInteger(Math.log2(bytes)), 'must be a power of two')
    .prefault(String(4 * 1024 * 1024)),
  /** `all`: every request, up to a limit (docs/adr/0010). `connections`: of each connection the first request. */
  HOPTRACE_AGENT_EXCHANGES: z.enum(EXCHANGE_MODES).default('connections'),
  /**
   * `heads`: method, status and keyed hashes of X-Request-ID and traceparent of plain HTTP. Off: reading payload is
   * to be asked for. Nothing else of a head is kept, and no record holds text of it but the method.
   */
  HOPTRACE_AGENT_CAPTURE: z.enum(['off', 'heads']).default('off'),
  /** Writes what the loader says to this file. It will hold addresses and raw sequence numbers. */
  HOPTRACE_AGENT_RECORD_FILE: z.string().min(1).optional(),
  /** About 0.7 KB each: 45 MB. */
  HOPTRACE_AGENT_MAX_OPEN_LEGS: integer(16, 4_000_000).prefault('65536'),
  /** Where batches wait on disk until they are stored; unset: in memory, and they end with the process. */
  HOPTRACE_AGENT_SPOOL_DIR: z.string().min(1).optional(),
  /** An hour of 600 legs/s. Beyond it the oldest go, and are counted as lost. */
  HOPTRACE_AGENT_SPOOL_MAX_BYTES: integer(16 * 1024 * 1024, 1024 ** 4).prefault(
    String(512 * 1024 * 1024),
  ),
  /** Collectors refuse records that are a day old. */
  HOPTRACE_AGENT_SPOOL_MAX_AGE_HOURS: integer(1, 23).prefault('20'),
  /** `interval`: once a second. `always` costs a disk's round trip for each batch; a killed agent needs neither. */
  HOPTRACE_AGENT_SPOOL_FSYNC: z.enum(['always', 'interval', 'never']).default('interval'),
  /** About 0.8 KB each: 40 MB; a minute of a collector's absence at 800 records/s. */
  HOPTRACE_AGENT_MAX_QUEUED_RECORDS: integer(1_000, 4_000_000).prefault('50000'),
});

export type CollectorKey = 'cluster' | 'connection';
export type ExchangeMode = (typeof EXCHANGE_MODES)[number];

export interface AgentConfig {
  /** The first of collectorUrls. */
  readonly collectorUrl: string;
  readonly collectorUrls: readonly string[];
  readonly collectorKey: CollectorKey;
  readonly takeoverMs: number;
  readonly token: string | null;
  readonly node: string;
  readonly cluster: string;
  readonly secret: Uint8Array;
  /** A secret made here: hashes of other nodes will not match. */
  readonly isSecretRandom: boolean;
  readonly netns: readonly string[];
  readonly hostNetns: string | null;
  readonly procFolder: string;
  /** Null: no metrics page. */
  readonly metrics: ListenAddress | null;
  /** Null: health check node ports are not probed. */
  readonly healthPorts: PortRange | null;
  readonly source: 'auto' | 'ebpf' | 'conntrack';
  readonly loaderPath: string;
  readonly isProxyHeaderOn: boolean;
  readonly isProxyLinksOn: boolean;
  readonly ringBytes: number;
  readonly exchanges: ExchangeMode;
  readonly isHeadCaptureOn: boolean;
  readonly recordFile: string | null;
  readonly maxOpenLegs: number;
  readonly maxQueuedRecords: number;
  readonly spool: SpoolConfig | null;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface SpoolConfig {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly fsync: 'always' | 'interval' | 'never';
}

const DEFAULT_LOADER_PATH = fileURLToPath(new URL('../build/hoptrace-loader', import.meta.url));

/**
 * Reads HOPTRACE_AGENT_… from `env`; empty variables count as unset. `hostname` is the default node name.
 * Throws AgentError HOP_AGENT_CONFIG naming each bad or unknown variable.
 */
export function readAgentConfig(
  env: Readonly<Record<string, string | undefined>>,
  hostname: string,
): AgentConfig {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  const problems = unknownNames(given.map(([name]) => name));
  if (env.HOPTRACE_AGENT_CAPTURE === 'heads' && env.HOPTRACE_AGENT_EXCHANGES === 'off')
    problems.push(
      'HOPTRACE_AGENT_CAPTURE: heads belong to exchanges, which HOPTRACE_AGENT_EXCHANGES turns off',
    );
  if (env.HOPTRACE_AGENT_COLLECTOR_URL && env.HOPTRACE_AGENT_COLLECTOR_URLS)
    problems.push(
      'HOPTRACE_AGENT_COLLECTOR_URLS: stands instead of …_COLLECTOR_URL; set one of both',
    );
  const result = environmentSchema.safeParse(Object.fromEntries(given));
  for (const issue of result.error?.issues ?? []) {
    problems.push(`${issue.path.join('.')}: ${issue.message}`);
  }
  if (!result.success || problems.length > 0) {
    throw new AgentError(
      'HOP_AGENT_CONFIG',
      problems.join('; '),
      'correct these environment variables; agent/src/config.ts describes them',
    );
  }
  return toConfig(result.data, hostname);
}

function unknownNames(names: readonly string[]): string[] {
  const known = Object.keys(environmentSchema.shape);
  return names
    .filter((name) => name.startsWith('HOPTRACE_AGENT_') && !known.includes(name))
    .map((name) => `${name}: unknown variable; known are ${known.join(', ')}`);
}

function toConfig(env: z.infer<typeof environmentSchema>, hostname: string): AgentConfig {
  const defaultUrl = `ws://127.0.0.1:${COLLECTOR_PORT + env.HOPTRACE_PORT_OFFSET}`;
  const one = (env.HOPTRACE_AGENT_COLLECTOR_URL ?? defaultUrl).replace(/\/$/, '');
  const collectorUrls = env.HOPTRACE_AGENT_COLLECTOR_URLS ?? [one];
  return Object.freeze({
    collectorUrl: collectorUrls[0] ?? defaultUrl,
    collectorUrls,
    collectorKey: env.HOPTRACE_AGENT_COLLECTOR_KEY,
    takeoverMs: env.HOPTRACE_AGENT_COLLECTOR_TAKEOVER_MS,
    token: env.HOPTRACE_AGENT_TOKEN ?? null,
    node: env.HOPTRACE_AGENT_NODE ?? hostname,
    cluster: env.HOPTRACE_AGENT_CLUSTER,
    secret: env.HOPTRACE_AGENT_CLUSTER_SECRET ?? new Uint8Array(randomBytes(32)),
    isSecretRandom: env.HOPTRACE_AGENT_CLUSTER_SECRET === undefined,
    netns: env.HOPTRACE_AGENT_NETNS,
    hostNetns: env.HOPTRACE_AGENT_HOST_NETNS ?? null,
    procFolder: env.HOPTRACE_AGENT_PROC,
    metrics: metricsOf(env),
    healthPorts: env.HOPTRACE_AGENT_HEALTH_PORTS,
    source: env.HOPTRACE_AGENT_SOURCE,
    loaderPath: env.HOPTRACE_AGENT_LOADER_PATH ?? DEFAULT_LOADER_PATH,
    isProxyHeaderOn: env.HOPTRACE_AGENT_PROXY_HEADER,
    isProxyLinksOn: env.HOPTRACE_AGENT_PROXY_LINKS,
    ringBytes: env.HOPTRACE_AGENT_RING_BYTES,
    exchanges: env.HOPTRACE_AGENT_EXCHANGES,
    isHeadCaptureOn: env.HOPTRACE_AGENT_CAPTURE === 'heads',
    recordFile: env.HOPTRACE_AGENT_RECORD_FILE ?? null,
    maxOpenLegs: env.HOPTRACE_AGENT_MAX_OPEN_LEGS,
    maxQueuedRecords: env.HOPTRACE_AGENT_MAX_QUEUED_RECORDS,
    spool: spoolOf(env),
  });
}

function metricsOf(env: z.infer<typeof environmentSchema>): ListenAddress | null {
  const given = env.HOPTRACE_AGENT_METRICS;
  if (given !== undefined) return given;
  return { host: '127.0.0.1', port: METRICS_PORT + env.HOPTRACE_PORT_OFFSET };
}

function spoolOf(env: z.infer<typeof environmentSchema>): SpoolConfig | null {
  const directory = env.HOPTRACE_AGENT_SPOOL_DIR;
  if (directory === undefined) return null;
  return {
    directory,
    maxBytes: env.HOPTRACE_AGENT_SPOOL_MAX_BYTES,
    maxAgeMs: env.HOPTRACE_AGENT_SPOOL_MAX_AGE_HOURS * 3_600_000,
    fsync: env.HOPTRACE_AGENT_SPOOL_FSYNC,
  };
}

/** Options for the loader, as `hoptrace-loader --help` names them. */
export function loaderArgs(config: AgentConfig): string[] {
  return [
    ...config.netns.flatMap((netns) => ['--netns', netns]),
    ...(config.hostNetns === null ? [] : ['--host-netns', config.hostNetns]),
    ...['--source', config.source],
    ...['--ring-bytes', String(config.ringBytes)],
    ...(config.isProxyHeaderOn ? ['--proxy-header'] : []),
    ...(config.isProxyLinksOn ? ['--proxy-links'] : []),
    ...(config.exchanges === 'off' ? [] : ['--exchanges', LOADER_EXCHANGE_MODES[config.exchanges]]),
    ...(config.isHeadCaptureOn ? ['--heads'] : []),
  ];
}
