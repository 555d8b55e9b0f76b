/** For tests: composed SQL beside the file that a person has read. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from '@jest/globals';

const GOLDEN_DIR = path.join(import.meta.dirname, '../golden');

/** UPDATE=1 writes the file anew; the change is then read in review. */
export async function expectGolden(name: string, sql: string): Promise<void> {
  const file = path.join(GOLDEN_DIR, `${name}.sql`);
  if (process.env.UPDATE === '1') {
    await mkdir(GOLDEN_DIR, { recursive: true });
    await writeFile(file, sql);
  }
  expect(sql).toBe(await readFile(file, 'utf8'));
}
