/** Brings the database to the layout of this version. Repeatable, and safe when two services do it at once. */
import { z } from 'zod';
import { openStore, type Store } from './client.ts';
import type { Retention, StoreConnection } from './config.ts';
import { StoreError } from './errors.ts';
import { type Migration, readMigrations } from './migrationFiles.ts';
import { applyRetention } from './retention.ts';

const CREATE_LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations_v1
(
    number UInt32,
    name String,
    checksum String COMMENT 'SHA-256 of the file',
    applied_at DateTime DEFAULT now()
)
ENGINE = MergeTree
ORDER BY number
SETTINGS non_replicated_deduplication_window = 1000`;

const appliedSchema = z.object({ number: z.number(), name: z.string(), checksum: z.string() });
type Applied = z.infer<typeof appliedSchema>;

export interface MigrateOptions {
  readonly retention: Retention;
  /** For tests; default: the migrations of this version. */
  readonly migrations?: readonly Migration[];
}

export interface MigrateResult {
  /** Names that this call applied. */
  readonly applied: readonly string[];
  /** Names that the database has and this version does not know: a newer hoptrace was here. */
  readonly newer: readonly string[];
}

/** Throws HOP_STORE_MIGRATION when a migration was edited after it had been applied. */
export async function migrate(store: Store, options: MigrateOptions): Promise<MigrateResult> {
  const migrations = options.migrations ?? (await readMigrations());
  await store.command(CREATE_LEDGER);
  const known = new Map((await readApplied(store)).map((row) => [row.number, row]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const before = known.get(migration.number);
    if (before !== undefined) {
      assertUnedited(migration, before);
      continue;
    }
    for (const statement of migration.statements) {
      await store.command(statement, { ...options.retention });
    }
    await recordApplied(store, migration);
    applied.push(migration.name);
  }
  await applyRetention(store, options.retention);
  const last = migrations.at(-1)?.number ?? 0;
  const newer = [...known.values()].filter((row) => row.number > last).map((row) => row.name);
  return { applied, newer };
}

/** Makes the database where it is missing; a server's user without that right needs it made before. */
export async function ensureDatabase(connection: StoreConnection): Promise<void> {
  // `system` exists everywhere; a session in a missing database is refused before any statement.
  const store = openStore({ ...connection, database: 'system' });
  try {
    const rows = await store.select({
      name: 'ensureDatabase',
      sql: 'SELECT name FROM system.databases WHERE name = {database:String}',
      params: { database: connection.database },
    });
    if (rows.length > 0) return;
    await store.command('CREATE DATABASE IF NOT EXISTS {database:Identifier}', {
      database: connection.database,
    });
  } finally {
    await store.close();
  }
}

async function readApplied(store: Store): Promise<Applied[]> {
  const rows = await store.select({
    name: 'readApplied',
    sql: 'SELECT number, any(name) AS name, any(checksum) AS checksum FROM schema_migrations_v1 GROUP BY number ORDER BY number',
    params: {},
  });
  return z.array(appliedSchema).parse(rows);
}

async function recordApplied(store: Store, migration: Migration): Promise<void> {
  const { number, name, checksum } = migration;
  await store.insert('schema_migrations_v1', [{ number, name, checksum }], {
    dedupToken: `${number}-${checksum}`,
  });
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
