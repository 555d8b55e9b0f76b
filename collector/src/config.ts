/** Settings of the collector: environment in, frozen object out. Each default says why. */
import path from 'node:path';
import { z } from 'zod';
import { AppError, type FieldProblem } from './errors.ts';
import { MIN_TOKEN_LENGTH, parseRevoked, parseTokens } from './http/tokens.ts';
import { TOPOLOGY_VARIABLES, topologyConfigOf } from './topology/topologyConfig.ts';

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'must be an integer')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
const bytes = (min: number) => integer(min, 1024 * 1024 * 1024);
const milliseconds = integer(1, 24 * 3_600_000);

const tokens = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((token) => token.trim())
      .filter((token) => token !== ''),
  )
  .refine(
    (list) => list.every((token) => token.length >= MIN_TOKEN_LENGTH),
    `each token needs at least ${MIN_TOKEN_LENGTH} characters`,
  );

const environmentSchema = z.object({
  /** Loopback: nothing listens to the network unless it is told to. */
  HOPTRACE_COLLECTOR_HOST: z.string().min(1).default('127.0.0.1'),
  HOPTRACE_COLLECTOR_PORT: integer(0, 65_535).prefault('7041'),
  /** Shifts all ports of the product, so that two copies can run on one machine. */
  HOPTRACE_PORT_OFFSET: integer(0, 50_000).prefault('0'),
  /** Bearer tokens, separated by commas (two while one is being rotated). No default: a default is no secret. */
  HOPTRACE_COLLECTOR_TOKEN: tokens.prefault(''),
  /** One a line, and what each may speak for (http/tokens.ts). Read again when it changes. */
  HOPTRACE_COLLECTOR_TOKEN_FILE: z.string().optional(),
  /** Tokens, or sha256:HEX of them, one a line, that open nothing any more. Read again when it changes. */
  HOPTRACE_COLLECTOR_REVOKED_FILE: z.string().optional(),
  /** 5,000 new connections/s of ten records each. Ten seconds' worth may come at once. 0: no limit. */
  HOPTRACE_COLLECTOR_NODE_RECORDS_PER_SECOND: integer(0, 1_000_000_000).prefault('50000'),
  HOPTRACE_COLLECTOR_NODE_BYTES_PER_SECOND: bytes(0).prefault(String(16 * 1024 * 1024)),
  /** Of all nodes of a tenant together (tenants are named in the token file). 0: no limit. */
  HOPTRACE_COLLECTOR_TENANT_RECORDS_PER_SECOND: integer(0, 1_000_000_000).prefault('500000'),
  HOPTRACE_COLLECTOR_TENANT_BYTES_PER_SECOND: bytes(0).prefault(String(160 * 1024 * 1024)),
  /** Nodes a tenant may have at once (heard of within an hour). 0: any number. */
  HOPTRACE_COLLECTOR_TENANT_NODES: integer(0, 1_000_000).prefault('10000'),
  /** `kubectl get nodes,pods,services,endpointslices -A -o json`; unset: nothing is named. */
  HOPTRACE_TOPOLOGY_FILE: z.string().min(1).optional(),
  ...TOPOLOGY_VARIABLES,
  /** Where `hoptrace up` keeps its data; the log goes below it. */
  HOPTRACE_DATA_DIR: z.string().min(1).default('.data'),
  /**
   * Of the write-ahead log; `off`: none, then a batch is answered when ClickHouse has it, and waits in memory.
   * Unset: `collector` in HOPTRACE_DATA_DIR.
   */
  HOPTRACE_COLLECTOR_DATA_DIR: z.string().min(1).optional(),
  /** 4.6 million legs: an hour of 1,280 legs/s without ClickHouse. Beyond it agents keep what they have. */
  HOPTRACE_COLLECTOR_LOG_MAX_BYTES: integer(64 * 1024 * 1024, 1024 ** 4).prefault(
    String(1024 * 1024 * 1024),
  ),
  /** One is in memory while it is read back. */
  HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: integer(64 * 1024, 1024 * 1024 * 1024).prefault(
    String(8 * 1024 * 1024),
  ),
  /** 16,000 legs; an agent sends at most 1,000 per batch. */
  HOPTRACE_COLLECTOR_MAX_BATCH_BYTES: bytes(1024).prefault(String(4 * 1024 * 1024)),
  HOPTRACE_COLLECTOR_MAX_INFLATED_BYTES: bytes(1024).prefault(String(32 * 1024 * 1024)),
  /** gzip of real batches reaches 10; its worst bomb 1,029. */
  HOPTRACE_COLLECTOR_MAX_INFLATE_RATIO: integer(2, 1029).prefault('64'),
  /** One batch of the largest legal size; some 60 MB when full. */
  HOPTRACE_COLLECTOR_MAX_QUEUED_RECORDS: integer(1, 10_000_000).prefault('65536'),
  HOPTRACE_COLLECTOR_MAX_CONNECTIONS: integer(1, 100_000).prefault('1024'),
  /** Two hide the latency of one insert; more only make smaller parts for ClickHouse to merge. */
  HOPTRACE_COLLECTOR_INSERT_CONCURRENCY: integer(1, 64).prefault('2'),
  /** Below the 30 s after which an agent gives up on an answer. */
  HOPTRACE_COLLECTOR_STORE_WAIT_MS: milliseconds.prefault('25000'),
  HOPTRACE_COLLECTOR_MAX_CLOCK_SKEW_MS: integer(1, 366 * 24 * 3_600_000).prefault(
    String(24 * 3_600_000),
  ),
  /** One agent batch (200 ms) and some: what belongs together has arrived. */
  HOPTRACE_COLLECTOR_STITCH_QUIET_MS: milliseconds.prefault('300'),
  HOPTRACE_COLLECTOR_STITCH_MAX_DELAY_MS: milliseconds.prefault('2000'),
  HOPTRACE_COLLECTOR_STITCH_KEEP_MS: milliseconds.prefault('60000'),
  /** Connections that are still open report their end later; an agent forgets an idle one after 5 min. */
  HOPTRACE_COLLECTOR_STITCH_KEEP_OPEN_MS: milliseconds.prefault('600000'),
  /** 2.5 KB each with their keys (measured): 77 MB. */
  HOPTRACE_COLLECTOR_MAX_STITCH_RECORDS: integer(100, 10_000_000).prefault('30000'),
  /** A pooled upstream connection ties many requests together; beyond this the group is closed. */
  HOPTRACE_COLLECTOR_MAX_GROUP_RECORDS: integer(10, 1_000_000).prefault('5000'),
  /** `auto`: in an overload one of several plain served paths is stored, with a weight; `off`: none is left out by choice. */
  HOPTRACE_COLLECTOR_SHED: z.enum(['auto', 'off']).default('auto'),
  /** Overload: so long does a path wait to be written. Healthy: 5 s at most, which a busy minute may triple. */
  HOPTRACE_COLLECTOR_SHED_LAG_MS: milliseconds.prefault('15000'),
  /** Overload: so much of the log is used. Beyond half of it nothing is kept that ClickHouse has. */
  HOPTRACE_COLLECTOR_SHED_LOG_PERCENT: integer(1, 100).prefault('90'),
  /** How often the present minute is counted; a page asks every few seconds. */
  HOPTRACE_COLLECTOR_ROLLUP_INTERVAL_MS: milliseconds.prefault('10000'),
  HOPTRACE_COLLECTOR_HEARTBEAT_MS: milliseconds.prefault('5000'),
  HOPTRACE_COLLECTOR_CLOSE_TIMEOUT_MS: milliseconds.prefault('10000'),
  HOPTRACE_COLLECTOR_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
    .default('info'),
});

export type CollectorConfig = ReturnType<typeof toConfig>;

/**
 * Reads the settings from `env`; `readText` is used for HOPTRACE_COLLECTOR_TOKEN_FILE only.
 * Throws AppError HOP_CONFIG_INVALID naming each bad variable, or HOP_TOKEN_REQUIRED.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => string,
): CollectorConfig {
  // An empty variable means "not set": that is how shells and charts unset one.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => variableProblem(issue, given));
    throw new AppError('HOP_CONFIG_INVALID', 'the collector cannot start', { problems });
  }
  checkTokenFiles(parsed.data, readText);
  const config = toConfig(parsed.data);
  requireTokenBeyondLoopback(config);
  return config;
}

function toConfig(env: z.infer<typeof environmentSchema>) {
  const base = env.HOPTRACE_COLLECTOR_PORT;
  return Object.freeze({
    host: env.HOPTRACE_COLLECTOR_HOST,
    // 0 asks the kernel for a free port and must stay 0.
    port: base === 0 ? 0 : base + env.HOPTRACE_PORT_OFFSET,
    tokens: env.HOPTRACE_COLLECTOR_TOKEN as readonly string[],
    tokenFile: env.HOPTRACE_COLLECTOR_TOKEN_FILE ?? null,
    revokedFile: env.HOPTRACE_COLLECTOR_REVOKED_FILE ?? null,
    rates: {
      nodeRecords: env.HOPTRACE_COLLECTOR_NODE_RECORDS_PER_SECOND,
      nodeBytes: env.HOPTRACE_COLLECTOR_NODE_BYTES_PER_SECOND,
      tenantRecords: env.HOPTRACE_COLLECTOR_TENANT_RECORDS_PER_SECOND,
      tenantBytes: env.HOPTRACE_COLLECTOR_TENANT_BYTES_PER_SECOND,
      tenantNodes: env.HOPTRACE_COLLECTOR_TENANT_NODES,
    },
    topologyFile: env.HOPTRACE_TOPOLOGY_FILE ?? null,
    topology: topologyConfigOf(env, env.HOPTRACE_TOPOLOGY_FILE !== undefined),
    logDir: logDirOf(env),
    logMaxBytes: env.HOPTRACE_COLLECTOR_LOG_MAX_BYTES,
    logSegmentBytes: env.HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES,
    maxBatchBytes: env.HOPTRACE_COLLECTOR_MAX_BATCH_BYTES,
    maxInflatedBytes: env.HOPTRACE_COLLECTOR_MAX_INFLATED_BYTES,
    maxInflateRatio: env.HOPTRACE_COLLECTOR_MAX_INFLATE_RATIO,
    maxQueuedRecords: env.HOPTRACE_COLLECTOR_MAX_QUEUED_RECORDS,
    maxConnections: env.HOPTRACE_COLLECTOR_MAX_CONNECTIONS,
    insertConcurrency: env.HOPTRACE_COLLECTOR_INSERT_CONCURRENCY,
    storeWaitMs: env.HOPTRACE_COLLECTOR_STORE_WAIT_MS,
    maxClockSkewMs: env.HOPTRACE_COLLECTOR_MAX_CLOCK_SKEW_MS,
    stitchQuietMs: env.HOPTRACE_COLLECTOR_STITCH_QUIET_MS,
    stitchMaxDelayMs: env.HOPTRACE_COLLECTOR_STITCH_MAX_DELAY_MS,
    stitchKeepMs: env.HOPTRACE_COLLECTOR_STITCH_KEEP_MS,
    stitchKeepOpenMs: env.HOPTRACE_COLLECTOR_STITCH_KEEP_OPEN_MS,
    maxStitchRecords: env.HOPTRACE_COLLECTOR_MAX_STITCH_RECORDS,
    maxGroupRecords: env.HOPTRACE_COLLECTOR_MAX_GROUP_RECORDS,
    shed: {
      isOn: env.HOPTRACE_COLLECTOR_SHED === 'auto',
      lagMs: env.HOPTRACE_COLLECTOR_SHED_LAG_MS,
      logShare: env.HOPTRACE_COLLECTOR_SHED_LOG_PERCENT / 100,
    },
    rollupIntervalMs: env.HOPTRACE_COLLECTOR_ROLLUP_INTERVAL_MS,
    heartbeatMs: env.HOPTRACE_COLLECTOR_HEARTBEAT_MS,
    closeTimeoutMs: env.HOPTRACE_COLLECTOR_CLOSE_TIMEOUT_MS,
    logLevel: env.HOPTRACE_COLLECTOR_LOG_LEVEL,
  });
}

function logDirOf(env: z.infer<typeof environmentSchema>): string | null {
  const given = env.HOPTRACE_COLLECTOR_DATA_DIR;
  if (given === 'off') return null;
  return given ?? path.join(env.HOPTRACE_DATA_DIR, 'collector');
}

function variableProblem(
  issue: z.core.$ZodIssue,
  env: Readonly<Record<string, string | undefined>>,
): FieldProblem {
  const field = String(issue.path[0] ?? 'environment');
  const isSecret = field === 'HOPTRACE_COLLECTOR_TOKEN';
  const value = env[field] ?? '';
  // A Service called hoptrace-collector makes Kubernetes inject HOPTRACE_COLLECTOR_PORT=tcp://10.…:7041.
  const isServiceLink = field === 'HOPTRACE_COLLECTOR_PORT' && value.startsWith('tcp://');
  return {
    field,
    text: isSecret ? issue.message : `"${value}": ${issue.message}`,
    remedy: isServiceLink
      ? 'set enableServiceLinks: false in the Pod, Kubernetes injected this value'
      : 'correct the variable or unset it for the default',
  };
}

/** The files are read here once, so that a mistake in them is found at the start; tokenBook.ts reads them for use. */
function checkTokenFiles(
  env: z.infer<typeof environmentSchema>,
  readText: (path: string) => string,
): void {
  const check = (name: keyof typeof env, read: (text: string) => void) => {
    const path = env[name];
    if (typeof path !== 'string') return;
    try {
      read(readText(path));
    } catch (error) {
      const text = `${path}: ${error instanceof Error ? error.message : String(error)}`;
      const remedy = 'name a readable file and correct that line';
      const problems = [{ field: name, text, remedy }];
      throw new AppError('HOP_CONFIG_INVALID', 'the collector cannot start', {
        ...{ problems, cause: error },
      });
    }
  };
  check('HOPTRACE_COLLECTOR_TOKEN_FILE', (text) => {
    if (parseTokens(text).length === 0) throw new Error('holds no token; write one a line');
  });
  check('HOPTRACE_COLLECTOR_REVOKED_FILE', parseRevoked);
}

function requireTokenBeyondLoopback(config: CollectorConfig): void {
  const hasTokens = config.tokens.length > 0 || config.tokenFile !== null;
  if (hasTokens || isLoopback(config.host)) return;
  throw new AppError('HOP_TOKEN_REQUIRED', `the collector would listen on ${config.host}`, {
    problems: [
      {
        field: 'HOPTRACE_COLLECTOR_TOKEN',
        text: 'is not set',
        remedy:
          'set it (or HOPTRACE_COLLECTOR_TOKEN_FILE) here and on the agents, or listen on 127.0.0.1',
      },
    ],
  });
}

/** True for addresses that only this machine can reach. Names other than localhost may resolve anywhere. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
