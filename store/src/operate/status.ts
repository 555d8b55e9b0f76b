/** How full the store is, what it is made of, and which servers of a cluster answer. */
import { z } from 'zod';
import type { Store } from '../client.ts';
import { planMigration } from '../migrate.ts';
import { readMigrations } from '../migrationFiles.ts';

const tableSchema = z.object({
  table: z.string(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  parts: z.coerce.number(),
  /** A partition is a day, of roll-ups a month; empty without rows. */
  oldest: z.string(),
  newest: z.string(),
});
const diskSchema = z.object({
  name: z.string(),
  path: z.string(),
  freeBytes: z.coerce.number(),
  totalBytes: z.coerce.number(),
});
const serverSchema = z.object({
  shard: z.coerce.number(),
  replica: z.coerce.number(),
  address: z.string(),
  errors: z.coerce.number(),
});

export interface StoreStatus {
  /** False: a migration is pending, or a shard is missing. */
  readonly ok: boolean;
  readonly version: string;
  readonly database: string;
  /** Of this server; in a cluster each server keeps its share. */
  readonly tables: readonly z.infer<typeof tableSchema>[];
  readonly disks: readonly z.infer<typeof diskSchema>[];
  readonly migrations: {
    readonly applied: readonly string[];
    readonly pending: readonly string[];
    readonly newer: readonly string[];
  };
  readonly cluster: ClusterStatus | null;
}

export interface ClusterStatus {
  readonly name: string;
  /** What the server said when it asked all shards; null: they all answered. */
  readonly missing: string | null;
  /** `errors`: how often this server could not reach that one lately. It forgets them within minutes. */
  readonly servers: readonly z.infer<typeof serverSchema>[];
}

const TABLES = `SELECT
    t.name AS table,
    sum(p.rows) AS rows,
    sum(p.bytes_on_disk) AS bytes,
    countIf(p.name != '') AS parts,
    minIf(p.partition, p.partition NOT IN ('', 'tuple()')) AS oldest,
    maxIf(p.partition, p.partition NOT IN ('', 'tuple()')) AS newest
FROM system.tables AS t
LEFT JOIN (SELECT * FROM system.parts WHERE active) AS p ON p.database = t.database AND p.table = t.name
WHERE t.database = {database:String} AND t.engine LIKE '%MergeTree'
GROUP BY table
ORDER BY table`;
const DISKS = `SELECT name, path, free_space AS freeBytes, total_space AS totalBytes FROM system.disks ORDER BY name`;
const SERVERS = `SELECT shard_num AS shard, replica_num AS replica, concat(host_name, ':', toString(port)) AS address, errors_count AS errors
FROM system.clusters WHERE cluster = {cluster:String} ORDER BY shard, replica`;

export async function readStatus(store: Store): Promise<StoreStatus> {
  const ask = async <T>(row: z.ZodType<T>, sql: string, params: object = {}) =>
    z.array(row).parse(await store.select({ name: 'readStatus', sql, params }));
  const plan = await planMigration(store, await readMigrations());
  const tables = await ask(tableSchema, TABLES, { database: store.database });
  const disks = await ask(diskSchema, DISKS);
  const [about] = await ask(z.object({ version: z.string() }), 'SELECT version() AS version');
  const cluster = store.cluster === null ? null : await clusterStatus(store, store.cluster.name);
  const pending = plan.pending.map(({ name }) => name);
  return {
    ok: pending.length === 0 && (cluster === null || cluster.missing === null),
    version: about?.version ?? '',
    database: store.database,
    tables,
    disks,
    migrations: { applied: plan.applied, pending, newer: plan.newer },
    cluster,
  };
}

async function clusterStatus(store: Store, name: string): Promise<ClusterStatus> {
  const missing = await answerOfAll(store);
  const rows = await store.select({ name: 'readStatus', sql: SERVERS, params: { cluster: name } });
  return { name, missing, servers: z.array(serverSchema).parse(rows) };
}

async function answerOfAll(store: Store): Promise<string | null> {
  try {
    // No row has this time, but every shard has to say so.
    await store.select({
      name: 'readStatus',
      sql: 'SELECT count() FROM legs_v1 WHERE start_us = 0',
      params: {},
    });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
