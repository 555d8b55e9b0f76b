/** Settings of the API: environment in, frozen object out. Each default says why. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError, type FieldError } from './errors.ts';
import { type Grant, grantsFileSchema, grantsOf, hashOf } from './grants.ts';

const MIN_TOKEN_LENGTH = 16;

const integer = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'must be an integer').transform(Number).pipe(z.int().min(min).max(max));
const milliseconds = integer(1, 600_000);
const list = z.string().transform((text) => text.split(/[,\n]/).flatMap((t) => t.trim() || []));
const tokenList = list.refine(
  (tokens) => tokens.every((token) => token.length >= MIN_TOKEN_LENGTH && !/\s/.test(token)),
  `each token needs at least ${MIN_TOKEN_LENGTH} characters and no blanks`,
);

const environmentSchema = z.object({
  /** Loopback: what cannot be reached needs no token. */
  HOPTRACE_API_HOST: z.string().default('127.0.0.1'),
  HOPTRACE_API_PORT: integer(0, 65_535).prefault('7040'),
  /** Shifts all ports of the product, so that two copies can run on one machine. */
  HOPTRACE_PORT_OFFSET: integer(0, 50_000).prefault('0'),
  /** Bearer tokens, separated by commas (two while one is being rotated). No default: a default is no secret. */
  HOPTRACE_API_TOKEN: tokenList.prefault(''),
  /** For mounted secrets; one token a line. */
  HOPTRACE_API_TOKEN_FILE: z.string().optional(),
  /** Tokens with roles and clusters, as JSON: see docs/tokens.md. Those of HOPTRACE_API_TOKEN are admins. */
  HOPTRACE_API_TOKENS_FILE: z.string().optional(),
  /** Per token, or per address where none is asked for. A page that looks every second asks 120 times. */
  HOPTRACE_API_REQUESTS_PER_MINUTE: integer(1, 10_000_000).prefault('6000'),
  /** Each holds a socket and up to 500 paths that wait for it. */
  HOPTRACE_API_MAX_LIVE: integer(0, 10_000).prefault('100'),
  /** More names that the Host check on loopback lets pass, for a reverse proxy on the same machine. */
  HOPTRACE_API_ALLOWED_HOSTS: list.prefault(''),
  /** The page's build in this checkout. */
  HOPTRACE_API_WEB_ROOT: z.string().default(fileURLToPath(new URL('../web/dist', import.meta.url))),
  /** In an incident a slower answer is no answer; the page asks again anyway. */
  HOPTRACE_API_QUERY_TIMEOUT_MS: milliseconds.prefault('10000'),
  /**
   * Default: one a processor. With 100 clients on two cores 8 at once took the 95th of 100 answers to 1546 ms, 2 to
   * 673 ms: the engine gains nothing from more, and who came first is done first. Higher for a ClickHouse of its own.
   */
  HOPTRACE_API_MAX_QUERIES: integer(1, 1000).prefault(String(Math.max(2, availableParallelism()))),
  /** Everybody opens the page at once in an incident; who is behind so many would not be answered in time. */
  HOPTRACE_API_MAX_WAITING: integer(0, 10_000).prefault('200'),
  /** For a request to arrive: one line and a few headers. */
  HOPTRACE_API_REQUEST_TIMEOUT_MS: milliseconds.prefault('10000'),
  /** No address takes a body. */
  HOPTRACE_API_BODY_LIMIT_BYTES: integer(1, 1_048_576).prefault('16384'),
  HOPTRACE_API_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
    .default('info'),
});

type Environment = Readonly<Record<string, string | undefined>>;
export type ApiConfig = ReturnType<typeof toConfig>;

/**
 * Reads the settings from `env`; `readText` is used for HOPTRACE_API_TOKEN_FILE only. Empty means unset.
 * Throws HOP_CONFIG_INVALID that names each bad variable, its value (never a token) and the remedy, or
 * HOP_TOKEN_REQUIRED.
 */
export function readConfig(env: Environment, readText: (path: string) => string): ApiConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => issueError(issue, given)));
  const config = toConfig(parsed.data, {
    tokens: tokensFromFile(parsed.data, readText),
    grants: grantsFromFile(parsed.data, readText),
  });
  requireTokenBeyondLoopback(config);
  return config;
}

interface FromFiles {
  readonly tokens: readonly string[];
  readonly grants: readonly Grant[];
}

function toConfig(env: z.infer<typeof environmentSchema>, files: FromFiles) {
  const tokens = [...env.HOPTRACE_API_TOKEN, ...files.tokens];
  const admins = tokens.map((token, index) => adminOf(token, index));
  const port = env.HOPTRACE_API_PORT;
  return Object.freeze({
    host: env.HOPTRACE_API_HOST,
    // 0 asks the kernel for a free port and must stay 0.
    port: port === 0 ? 0 : port + env.HOPTRACE_PORT_OFFSET,
    tokens,
    grants: [...admins, ...files.grants],
    requestsPerMinute: env.HOPTRACE_API_REQUESTS_PER_MINUTE,
    maxLive: env.HOPTRACE_API_MAX_LIVE,
    allowedHosts: env.HOPTRACE_API_ALLOWED_HOSTS,
    webRoot: env.HOPTRACE_API_WEB_ROOT,
    queryTimeoutMs: env.HOPTRACE_API_QUERY_TIMEOUT_MS,
    maxQueries: env.HOPTRACE_API_MAX_QUERIES,
    maxWaiting: env.HOPTRACE_API_MAX_WAITING,
    requestTimeoutMs: env.HOPTRACE_API_REQUEST_TIMEOUT_MS,
    bodyLimitBytes: env.HOPTRACE_API_BODY_LIMIT_BYTES,
    logLevel: env.HOPTRACE_API_LOG_LEVEL,
  });
}

/** A token that stands alone may do everything. */
function adminOf(token: string, index: number): Grant {
  return {
    name: `token-${index + 1}`,
    role: 'admin',
    tenant: null,
    clusters: [],
    hash: hashOf(token),
  };
}

/** True for addresses that only this machine can reach. Names other than localhost may resolve anywhere. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Throws HOP_TOKEN_REQUIRED. Whoever builds the API without readConfig is held to it too. */
export function requireTokenBeyondLoopback(config: Pick<ApiConfig, 'host' | 'grants'>): void {
  if (config.grants.length > 0 || isLoopback(config.host)) return;
  throw new AppError('HOP_TOKEN_REQUIRED', `the API would listen on ${config.host}`, {
    errors: [
      {
        field: 'HOPTRACE_API_TOKEN',
        text: 'is not set.',
        remedy:
          'Set it (or HOPTRACE_API_TOKEN_FILE, HOPTRACE_API_TOKENS_FILE), or listen on 127.0.0.1.',
      },
    ],
  });
}

function tokensFromFile(
  env: z.infer<typeof environmentSchema>,
  readText: (path: string) => string,
): readonly string[] {
  const path = env.HOPTRACE_API_TOKEN_FILE;
  if (path === undefined) return [];
  const fail = (text: string, remedy: string) =>
    invalid([{ field: 'HOPTRACE_API_TOKEN_FILE', text: `${path}: ${text}.`, remedy }]);
  let content: string;
  try {
    content = readText(path);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), 'Name a readable file.');
  }
  const parsed = tokenList.safeParse(content);
  if (!parsed.success) throw fail(parsed.error.issues[0]?.message ?? '', 'Use longer tokens.');
  if (parsed.data.length === 0) throw fail('holds no token', 'Write one token a line.');
  return parsed.data;
}

/** What is wrong with an entry is told by its place; what is in the file is not. */
function grantsFromFile(
  env: z.infer<typeof environmentSchema>,
  readText: (path: string) => string,
): readonly Grant[] {
  const path = env.HOPTRACE_API_TOKENS_FILE;
  if (path === undefined) return [];
  const fail = (text: string) =>
    invalid([
      {
        field: 'HOPTRACE_API_TOKENS_FILE',
        text: `${path}: ${text}.`,
        remedy: 'Write a JSON list of {"name", "role", "token" or "sha256"}; see docs/tokens.md.',
      },
    ]);
  let content: unknown;
  try {
    content = JSON.parse(readText(path));
  } catch (error) {
    // A message of the JSON parser quotes the text, which holds tokens.
    throw fail(error instanceof SyntaxError ? 'is no JSON' : String(error));
  }
  const parsed = grantsFileSchema.safeParse(content);
  if (parsed.success) return grantsOf(parsed.data);
  const issue = parsed.error.issues[0];
  throw fail(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

function issueError(issue: z.core.$ZodIssue, env: Environment): FieldError {
  const field = String(issue.path[0] ?? 'environment');
  const value = env[field] ?? '';
  // A Service called hoptrace-api makes Kubernetes inject HOPTRACE_API_PORT=tcp://10.…:7040.
  const isServiceLink = field === 'HOPTRACE_API_PORT' && value.startsWith('tcp://');
  return {
    field,
    text: field === 'HOPTRACE_API_TOKEN' ? `${issue.message}.` : `"${value}": ${issue.message}.`,
    remedy: isServiceLink
      ? 'Set enableServiceLinks: false in the Pod; Kubernetes injected this value.'
      : 'Correct the variable, or unset it for the default.',
  };
}

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('HOP_CONFIG_INVALID', 'the API cannot start', { errors });
}
