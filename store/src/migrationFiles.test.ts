import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parseMigration, readMigrations } from './migrationFiles.ts';

test('the shipped migrations are numbered without gap, and each can be repeated', async () => {
  const migrations = await readMigrations();
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
  for (const { statements } of migrations) {
    // A setting that is set again is the same.
    for (const statement of statements)
      expect(statement).toMatch(/IF (NOT )?EXISTS|MODIFY SETTING/);
  }
});

test('statements end with a semicolon at the end of a line; comments are no statements', () => {
  const text =
    "-- why; and more\nCREATE TABLE a\n(\n    b String COMMENT 'x; y'\n);\n\n-- then\nDROP TABLE c;\n";
  expect(parseMigration('0001_create_a.sql', text).statements).toEqual([
    "CREATE TABLE a\n(\n    b String COMMENT 'x; y'\n)",
    'DROP TABLE c',
  ]);
});

test('any change of the text changes the checksum', () => {
  const checksumOf = (text: string) => parseMigration('0001_create_a.sql', text).checksum;
  expect(checksumOf('SELECT 1;')).not.toBe(checksumOf('SELECT 1; '));
});

test('a wrong name, a gap and a number given twice are refused', async () => {
  expect(() => parseMigration('1_x.sql', '')).toThrow(
    expect.objectContaining({ field: '1_x.sql' }),
  );
  for (const names of [['0002_create_b.sql'], ['0001_create_a.sql', '0001_create_b.sql']]) {
    const directory = await mkdtemp(path.join(tmpdir(), 'hoptrace-migrations-'));
    for (const name of names) await writeFile(path.join(directory, name), 'SELECT 1;\n');
    await expect(readMigrations(directory)).rejects.toMatchObject({ field: names.at(-1) });
    await rm(directory, { recursive: true });
  }
});
