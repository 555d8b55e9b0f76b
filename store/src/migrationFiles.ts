/** The migrations as they lie in store/migrations: numbered, repeatable, never edited after release. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from './errors.ts';

export const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));
const FILE_FORM = /^(\d{4})_[a-z]+(_[a-z0-9]+)+\.sql$/;

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

/** In order of number. Throws HOP_STORE_MIGRATION on a wrong name, a gap or a number given twice. */
export async function readMigrations(directory = MIGRATIONS_DIR): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    names.map(async (name) =>
      parseMigration(name, await readFile(path.join(directory, name), 'utf8')),
    ),
  );
  for (const [index, migration] of migrations.entries()) {
    if (migration.number === index + 1) continue;
    throw new StoreError('HOP_STORE_MIGRATION', `${migration.name} breaks the numbering`, {
      field: migration.name,
      remedy: `Number it ${String(index + 1).padStart(4, '0')}: numbers start at 0001, without gap or repetition.`,
    });
  }
  return migrations;
}

/** A statement ends with ";" at the end of a line; lines that start with "--" are comments. */
export function parseMigration(name: string, text: string): Migration {
  const number = FILE_FORM.exec(name)?.[1];
  if (number === undefined) {
    throw new StoreError('HOP_STORE_MIGRATION', `"${name}" is no name for a migration`, {
      field: name,
      remedy: 'Name it NNNN_verb_object.sql, for instance 0007_add_paths_duration.sql.',
    });
  }
  const code = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n');
  const statements = code
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  return {
    number: Number(number),
    name,
    checksum: createHash('sha256').update(text).digest('hex'),
    statements,
  };
}
