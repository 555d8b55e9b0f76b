/** Brings the database to the layout of this version. Repeatable, and safe when two services do it at once. */
import { z } from 'zod';
import { openStore, type Store } from './client.ts';
import { placed, quoted } from './cluster/form.ts';
import { runSchemaStatement, schemaStatements } from './cluster/schemaCommand.ts';
import type { Retention, StoreConnection } from './config.ts';
import { StoreError } from './errors.ts';
import { type Migration, readMigrations } from './migrationFiles.ts';
import { applyRetention } from './retention.ts';

export const LEDGER_TABLE = 'schema_migrations_v1';
/** A table of the first migration: what it is tells in which form the database was made. */
const FIRST_TABLE = 'legs_v1';

/** One ledger for all servers where a Keeper joins them, else one on each. */
function createLedger({ cluster, database }: Pick<Store, 'cluster' | 'database'>): string {
  const target = cluster === null ? null : { form: cluster, database };
  const engine =
    cluster?.hasKeeper === true
      ? "ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')"
      : 'MergeTree';
  return `CREATE TABLE IF NOT EXISTS ${target === null ? LEDGER_TABLE : placed(LEDGER_TABLE, target)}
(
    number UInt32,
    name String,
    checksum String COMMENT 'SHA-256 of the file',
    applied_at DateTime DEFAULT now()
)
ENGINE = ${engine}
ORDER BY number
SETTINGS ${cluster?.hasKeeper === true ? '' : 'non_'}replicated_deduplication_window = 1000`;
}

const appliedSchema = z.object({ number: z.number(), name: z.string(), checksum: z.string() });
type Applied = z.infer<typeof appliedSchema>;

export interface MigrateOptions {
  readonly retention: Retention;
  /** For tests; default: the migrations of this version. */
  readonly migrations?: readonly Migration[];
  /** Applies the known ones once more: a server that joined the cluster later has none of their tables. */
  readonly isAgain?: boolean;
}

export interface MigrateResult {
  /** Names that this call applied. */
  readonly applied: readonly string[];
  /** Names that the database has and this version does not know: a newer hoptrace was here. */
  readonly newer: readonly string[];
}

export interface PlannedMigration {
  readonly name: string;
  /** As they will be sent, in the form of this store. */
  readonly statements: readonly string[];
}

export interface MigrationPlan {
  readonly pending: readonly PlannedMigration[];
  readonly applied: readonly string[];
  readonly newer: readonly string[];
}

/** Throws HOP_STORE_MIGRATION when a migration was edited after it had been applied, HOP_STORE_FORM when the database has the other form. */
export async function migrate(store: Store, options: MigrateOptions): Promise<MigrateResult> {
  const migrations = options.migrations ?? (await readMigrations());
  await assertForm(store);
  // Where nothing is to be done, a user who may do nothing of it is enough: the collector's.
  if ((await engineOf(store, LEDGER_TABLE)) === null) await store.command(createLedger(store));
  const known = await readApplied(store);
  const pending = pendingOf(migrations, known);
  for (const migration of options.isAgain === true ? migrations : pending) {
    for (const statement of migration.statements) {
      await runSchemaStatement(store, statement, { ...options.retention });
    }
    if (pending.includes(migration)) await recordApplied(store, migration);
  }
  await applyRetention(store, options.retention);
  return { applied: pending.map(({ name }) => name), newer: newerOf(migrations, known) };
}

/** What migrate() would do. Changes nothing, and throws as it would. */
export async function planMigration(
  store: Store,
  migrations: readonly Migration[],
): Promise<MigrationPlan> {
  await assertForm(store);
  const known =
    (await engineOf(store, LEDGER_TABLE)) === null ? new Map() : await readApplied(store);
  return {
    pending: pendingOf(migrations, known).map(({ name, statements }) => ({
      name,
      statements: statements.flatMap((statement) => schemaStatements(store, statement)),
    })),
    applied: migrations.filter(({ number }) => known.has(number)).map(({ name }) => name),
    newer: newerOf(migrations, known),
  };
}

/** Makes the database where it is missing; a server's user without that right needs it made before. */
export async function ensureDatabase(connection: StoreConnection): Promise<void> {
  // `system` exists everywhere; a session in a missing database is refused before any statement.
  const store = openStore({ ...connection, database: 'system' });
  const form = connection.cluster;
  const suffix = form?.hasKeeper === true ? ` ON CLUSTER ${quoted(form.name)}` : '';
  try {
    const rows = await store.select({
      name: 'ensureDatabase',
      sql: 'SELECT name FROM system.databases WHERE name = {database:String}',
      params: { database: connection.database },
    });
    if (rows.length > 0) return;
    await store.command(`CREATE DATABASE IF NOT EXISTS {database:Identifier}${suffix}`, {
      database: connection.database,
    });
  } finally {
    await store.close();
  }
}

function pendingOf(
  migrations: readonly Migration[],
  known: ReadonlyMap<number, Applied>,
): Migration[] {
  return migrations.filter((migration) => {
    const before = known.get(migration.number);
    if (before !== undefined) assertUnedited(migration, before);
    return before === undefined;
  });
}

function newerOf(
  migrations: readonly Migration[],
  known: ReadonlyMap<number, Applied>,
): readonly string[] {
  const last = migrations.at(-1)?.number ?? 0;
  return [...known.values()].filter((row) => row.number > last).map((row) => row.name);
}

async function readApplied(store: Store): Promise<Map<number, Applied>> {
  const rows = await store.select({
    name: 'readApplied',
    sql: `SELECT number, any(name) AS name, any(checksum) AS checksum FROM ${LEDGER_TABLE} GROUP BY number ORDER BY number`,
    params: {},
  });
  return new Map(
    z
      .array(appliedSchema)
      .parse(rows)
      .map((row) => [row.number, row]),
  );
}

async function recordApplied(store: Store, migration: Migration): Promise<void> {
  const { number, name, checksum } = migration;
  await store.insert(LEDGER_TABLE, [{ number, name, checksum }], {
    dedupToken: `${number}-${checksum}`,
  });
}

const engineSchema = z.array(z.object({ engine: z.string() }));

async function engineOf(store: Store, table: string): Promise<string | null> {
  const rows = await store.select({
    name: 'engineOf',
    sql: 'SELECT engine FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    params: { database: store.database, table },
  });
  return engineSchema.parse(rows)[0]?.engine ?? null;
}

/** IF NOT EXISTS would take a table of the other form for the right one. */
async function assertForm(store: Store): Promise<void> {
  const engine = await engineOf(store, FIRST_TABLE);
  if (engine === null || (engine === 'Distributed') === (store.cluster !== null)) return;
  const isCluster = store.cluster !== null;
  throw new StoreError(
    'HOP_STORE_FORM',
    `the database ${store.database} was made for ${isCluster ? 'one server' : 'a cluster'}, and CLICKHOUSE_CLUSTER is ${isCluster ? `"${store.cluster?.name}"` : 'not set'}`,
    {
      field: 'CLICKHOUSE_CLUSTER',
      remedy: isCluster
        ? 'Set CLICKHOUSE_DATABASE to a new one and move the rows by `hoptrace store backup` and `restore`, or unset CLICKHOUSE_CLUSTER.'
        : 'Set CLICKHOUSE_CLUSTER to the name of the cluster.',
    },
  );
}

function assertUnedited(migration: Migration, before: Applied): void {
  if (before.checksum === migration.checksum) return;
  throw new StoreError(
    'HOP_STORE_MIGRATION',
    `${migration.name} differs from the file that was applied to this database (${before.name})`,
    {
      field: migration.name,
      remedy: 'Restore the file and put the change into a new migration with the next number.',
    },
  );
}
