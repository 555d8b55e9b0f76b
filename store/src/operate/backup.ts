/**
 * All rows as files, one for each table and partition, read through the same connection as everything else: it needs no
 * folder on the server, fits any later schema, and takes one server's rows into a cluster and back. Each file is
 * read by ClickHouse once more before it counts. A store of terabytes is better served by the server's own BACKUP.
 *
 *   DIRECTORY/manifest.json   DIRECTORY/TABLE/PARTITION.native.gz
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import type { Store } from '../client.ts';
import { StoreError } from '../errors.ts';
import { LEDGER_TABLE, planMigration } from '../migrate.ts';
import { readMigrations } from '../migrationFiles.ts';
import { readLayout, type TableLayout } from './layout.ts';
import { type BackupFile, type BackupTable, MANIFEST_FILE, type Manifest } from './manifest.ts';

export interface BackupOptions {
  /** Made where it is missing; must be empty. */
  readonly directory: string;
  readonly now: Date;
  readonly onTable?: (table: BackupTable) => void;
}

/** Rows that come in meanwhile may be in it or not. Throws HOP_STORE_BACKUP where the directory is not empty or a file is not readable. */
export async function backup(store: Store, options: BackupOptions): Promise<Manifest> {
  await makeEmpty(options.directory);
  const plan = await planMigration(store, await readMigrations());
  const layouts = [...(await readLayout(store)).values()].filter((layout) =>
    holdsRows(layout, store),
  );
  const tables: BackupTable[] = [];
  for (const layout of layouts) {
    const table = await backupTable(store, layout, options.directory);
    tables.push(table);
    options.onTable?.(table);
  }
  const manifest: Manifest = {
    format: 1,
    createdAt: options.now.toISOString(),
    clickhouseVersion: await versionOf(store),
    migrations: [...plan.applied, ...plan.newer],
    tables,
  };
  const file = path.join(options.directory, MANIFEST_FILE);
  await writeFile(`${file}.part`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.part`, file);
  return manifest;
}

async function makeEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length === 0) return;
  throw new StoreError('HOP_STORE_BACKUP', `${directory} is not empty`, {
    field: directory,
    remedy: 'Name a directory that is empty or not there yet.',
  });
}

/** Of a cluster the Distributed tables: they have the rows of all shards. */
const holdsRows = ({ name, engine }: TableLayout, store: Store): boolean =>
  name !== LEDGER_TABLE &&
  (store.cluster === null ? engine.endsWith('MergeTree') : engine === 'Distributed');

async function backupTable(
  store: Store,
  layout: TableLayout,
  directory: string,
): Promise<BackupTable> {
  const columns = [...layout.columns.values()]
    .filter((column) => !/^(ALIAS|MATERIALIZED|EPHEMERAL)/.test(column.default))
    .map(({ name, type }) => ({ name, type }));
  await mkdir(path.join(directory, layout.name), { mode: 0o700 });
  const files: BackupFile[] = [];
  for (const partition of await partitionsOf(store, layout.name)) {
    const file = `${layout.name}/${partition}.native.gz`;
    const names = columns.map(({ name }) => `\`${name}\``).join(', ');
    const rows = await store.exportNative({
      name: 'backup',
      sql: `SELECT ${names} FROM ${layout.name} WHERE _partition_id = {partition:String}`,
      params: { partition },
    });
    const written = await writeGzip(rows, path.join(directory, file));
    files.push({
      file,
      ...written,
      rows: await countRows(store, columns, path.join(directory, file)),
    });
  }
  return { name: layout.name, columns, files };
}

async function partitionsOf(store: Store, table: string): Promise<string[]> {
  const rows = await store.select({
    name: 'partitions',
    sql: `SELECT DISTINCT _partition_id AS id FROM ${table} ORDER BY id`,
    params: {},
  });
  return z
    .array(z.object({ id: z.string() }))
    .parse(rows)
    .map(({ id }) => id);
}

async function writeGzip(
  source: NodeJS.ReadableStream,
  file: string,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  await pipeline(
    source,
    gzip,
    tap,
    createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }),
  );
  return { bytes, sha256: hash.digest('hex') };
}

/** By ClickHouse itself, which throws the rows away: a file that it cannot read is no backup. */
async function countRows(
  store: Store,
  columns: BackupTable['columns'],
  file: string,
): Promise<number> {
  const structure = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  const target = `FUNCTION null('${structure.replace(/[\\']/g, (character) => `\\${character}`)}')`;
  return store.importNative(target, readGzip(file), { dedupToken: '' });
}

export const readGzip = (file: string) => {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.once('error', (error) => unzipped.destroy(error));
  return source.pipe(unzipped);
};

async function versionOf(store: Store): Promise<string> {
  const rows = await store.select({ name: 'version', sql: 'SELECT version() AS v', params: {} });
  return z.array(z.object({ v: z.string() })).parse(rows)[0]?.v ?? '';
}
