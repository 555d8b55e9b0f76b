/** Brings the rows of a backup into a migrated store of this or of a later version. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Store } from '../client.ts';
import { StoreError } from '../errors.ts';
import { readGzip } from './backup.ts';
import { readLayout } from './layout.ts';
import { type BackupTable, MANIFEST_FILE, type Manifest, manifestSchema } from './manifest.ts';

export interface RestoreOptions {
  readonly directory: string;
  /** Into tables that have rows already. The same files are taken once, within the tables' deduplication window. */
  readonly isAddition: boolean;
  readonly onTable?: (table: BackupTable) => void;
}

/**
 * Checks every file before it writes the first row. Throws HOP_STORE_BACKUP on a damaged or incomplete backup, on a table
 * or column that this store does not have, and on a store that is not empty.
 */
export async function restore(store: Store, options: RestoreOptions): Promise<Manifest> {
  const manifest = await readManifest(options.directory);
  await assertWhole(manifest, options.directory);
  await assertFits(store, manifest);
  if (!options.isAddition) await assertEmpty(store, manifest);
  for (const table of manifest.tables) {
    const names = table.columns.map(({ name }) => `\`${name}\``).join(', ');
    for (const { file, sha256, rows } of table.files) {
      const body = readGzip(path.join(options.directory, file));
      const taken = await store.importNative(`${table.name} (${names})`, body, {
        dedupToken: sha256,
      });
      if (!isWhole({ taken, rows }, store, options)) {
        throw failure(file, `${rows} rows were expected, ClickHouse took ${taken}`);
      }
    }
    options.onTable?.(table);
  }
  return manifest;
}

/** A Distributed table counts the rows that stay on the asked server once more; of a file that was taken before, nothing is. */
function isWhole(
  { taken, rows }: { readonly taken: number; readonly rows: number },
  store: Store,
  { isAddition }: RestoreOptions,
): boolean {
  if (isAddition && taken === 0) return true;
  return store.cluster === null ? taken === rows : taken >= rows && taken <= 2 * rows;
}

export async function readManifest(directory: string): Promise<Manifest> {
  const file = path.join(directory, MANIFEST_FILE);
  try {
    return manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw failure(file, `it is no manifest of a backup: ${reason}`);
  }
}

async function assertWhole(manifest: Manifest, directory: string): Promise<void> {
  for (const { file, sha256 } of manifest.tables.flatMap(({ files }) => files)) {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path.join(directory, file)), hash);
    } catch (error) {
      throw failure(file, error instanceof Error ? error.message : String(error));
    }
    if (hash.digest('hex') !== sha256)
      throw failure(file, 'its SHA-256 is not the one of the manifest');
  }
}

async function assertFits(store: Store, manifest: Manifest): Promise<void> {
  const layouts = await readLayout(store);
  for (const table of manifest.tables) {
    const layout = layouts.get(table.name);
    if (layout === undefined) throw failure(table.name, 'this store has no such table');
    const unknown = table.columns.filter(({ name }) => !layout.columns.has(name));
    if (unknown[0] === undefined) continue;
    throw failure(`${table.name}.${unknown[0].name}`, 'this store has no such column');
  }
}

async function assertEmpty(store: Store, manifest: Manifest): Promise<void> {
  for (const { name } of manifest.tables) {
    const rows = await store.select({
      name: 'restore',
      sql: `SELECT 1 FROM ${name} LIMIT 1`,
      params: {},
    });
    if (rows.length > 0)
      throw failure(name, 'the table has rows already; --add puts the backup beside them');
  }
}

const failure = (field: string, reason: string) =>
  new StoreError('HOP_STORE_BACKUP', `cannot restore ${field}: ${reason}`, {
    field,
    remedy: 'Restore a whole backup into a new, migrated database of this version or a later one.',
  });
