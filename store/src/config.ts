/** Where the store is: a ClickHouse server when CLICKHOUSE_URL is set, else the embedded engine. */
import { z } from 'zod';
import type { ClusterForm } from './cluster/form.ts';
import { StoreError } from './errors.ts';

const EMBEDDED_HTTP_PORT = 7042;
const MAX_PORT = 65_535;
const MAX_TTL_DAYS = 3650;
const DEFAULT_MINUTE_TTL_DAYS = 90;
const DEFAULT_HOUR_TTL_DAYS = 730;

export interface StoreConnection {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Absent: one server, whose tables hold the rows themselves. */
  readonly cluster?: ClusterForm;
}

export interface Retention {
  readonly rawTtlDays: number;
  readonly pathTtlDays: number;
  /** Of roll-ups by minute. */
  readonly minuteTtlDays: number;
  /** Of roll-ups by hour. */
  readonly hourTtlDays: number;
}

export type StoreConfig = { readonly retention: Retention } & (
  | { readonly kind: 'server'; readonly connection: StoreConnection }
  | { readonly kind: 'embedded'; readonly dataDir: string; readonly httpPort: number }
);

const days = z.coerce.number().int().min(1).max(MAX_TTL_DAYS);

const environmentSchema = z.object({
  CLICKHOUSE_URL: z
    .url({ protocol: /^https?$/, error: 'must be http://HOST:PORT or https://HOST:PORT' })
    .refine((text) => !URL.canParse(text) || new URL(text).username === '', {
      error: 'must not contain a user; set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
    })
    .optional(),
  // No default for credentials: an empty password has to be asked for by CLICKHOUSE_PASSWORD="".
  CLICKHOUSE_USER: z.string().min(1).optional(),
  CLICKHOUSE_PASSWORD: z.string().optional(),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'must be letters, digits and _, at most 63')
    .default('hoptrace'),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, 'must be a name in remote_servers of the servers')
    .optional(),
  // Copies of a shard need one; off is for shards without copies.
  CLICKHOUSE_CLUSTER_KEEPER: z.enum(['on', 'off']).default('on'),
  // Holds passwords and data: below the working directory, where .gitignore knows it.
  HOPTRACE_DATA_DIR: z.string().min(1).default('.data'),
  HOPTRACE_PORT_OFFSET: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_PORT - EMBEDDED_HTTP_PORT)
    .default(0),
  // Raw records are for re-stitching and proof; three days cover a weekend.
  HOPTRACE_RAW_TTL_DAYS: days.default(3),
  HOPTRACE_PATH_TTL_DAYS: days.default(14),
  // A quarter, and two years to compare with the one before; each at least as long as what it is counted from.
  HOPTRACE_MINUTE_TTL_DAYS: days.optional(),
  HOPTRACE_HOUR_TTL_DAYS: days.optional(),
});

/** Reads the environment. Throws HOP_STORE_CONFIG naming variable, value and remedy. */
export function readStoreConfig(
  environment: Readonly<Record<string, string | undefined>>,
): StoreConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) throw configError(parsed.error, environment);
  const env = parsed.data;
  const minuteTtlDays =
    env.HOPTRACE_MINUTE_TTL_DAYS ?? Math.max(DEFAULT_MINUTE_TTL_DAYS, env.HOPTRACE_PATH_TTL_DAYS);
  const retention = Object.freeze({
    rawTtlDays: env.HOPTRACE_RAW_TTL_DAYS,
    pathTtlDays: env.HOPTRACE_PATH_TTL_DAYS,
    minuteTtlDays,
    hourTtlDays: env.HOPTRACE_HOUR_TTL_DAYS ?? Math.max(DEFAULT_HOUR_TTL_DAYS, minuteTtlDays),
  });
  requireLadder(retention);
  if (env.CLICKHOUSE_URL === undefined) {
    if (env.CLICKHOUSE_CLUSTER !== undefined) throw clusterWithoutServer();
    const httpPort = EMBEDDED_HTTP_PORT + env.HOPTRACE_PORT_OFFSET;
    return Object.freeze({ kind: 'embedded', dataDir: env.HOPTRACE_DATA_DIR, httpPort, retention });
  }
  const connection = Object.freeze({
    url: env.CLICKHOUSE_URL,
    user: required('CLICKHOUSE_USER', env.CLICKHOUSE_USER),
    password: required('CLICKHOUSE_PASSWORD', env.CLICKHOUSE_PASSWORD),
    database: env.CLICKHOUSE_DATABASE,
    ...clusterOf(env.CLICKHOUSE_CLUSTER, env.CLICKHOUSE_CLUSTER_KEEPER),
  });
  return Object.freeze({ kind: 'server', connection, retention });
}

/** Roll-ups are counted from paths: a minute whose paths are gone cannot be told from one without any. */
function requireLadder({ pathTtlDays, minuteTtlDays, hourTtlDays }: Retention): void {
  const ladder: readonly (readonly [string, number])[] = [
    ['HOPTRACE_PATH_TTL_DAYS', pathTtlDays],
    ['HOPTRACE_MINUTE_TTL_DAYS', minuteTtlDays],
    ['HOPTRACE_HOUR_TTL_DAYS', hourTtlDays],
  ];
  for (const [index, [name, value]] of ladder.entries()) {
    const [below, least] = ladder[index - 1] ?? ['', 0];
    if (value >= least) continue;
    throw new StoreError('HOP_STORE_CONFIG', `${name} (${value}) is below ${below} (${least})`, {
      field: name,
      remedy: `Set ${name} to ${least} or more, or ${below} to ${value} or less.`,
    });
  }
}

function clusterOf(name: string | undefined, keeper: 'on' | 'off'): { cluster?: ClusterForm } {
  return name === undefined ? {} : { cluster: Object.freeze({ name, hasKeeper: keeper === 'on' }) };
}

const clusterWithoutServer = () =>
  new StoreError('HOP_STORE_CONFIG', 'CLICKHOUSE_CLUSTER is set, but CLICKHOUSE_URL is not', {
    field: 'CLICKHOUSE_CLUSTER',
    remedy: 'Set CLICKHOUSE_URL to one of its servers; the embedded database is no cluster.',
  });

function required(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new StoreError('HOP_STORE_CONFIG', `${name} is missing although CLICKHOUSE_URL is set`, {
    field: name,
    remedy: `Set ${name}; there is no default for credentials.`,
  });
}

function configError(
  error: z.ZodError,
  environment: Readonly<Record<string, string | undefined>>,
): StoreError {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? 'environment');
  // The value of a URL may carry a password, the password is one.
  const isSecret = name === 'CLICKHOUSE_PASSWORD' || name === 'CLICKHOUSE_URL';
  const value = isSecret ? '' : ` ("${environment[name] ?? ''}")`;
  return new StoreError('HOP_STORE_CONFIG', `${name}${value}: ${issue?.message ?? 'is invalid'}`, {
    field: name,
    remedy: `Correct ${name}, or unset it to use the default.`,
  });
}
