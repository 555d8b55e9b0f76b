import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { readMigrations } from '../migrationFiles.ts';
import type { ClusterForm } from './form.ts';
import { schemaStatements } from './schemaCommand.ts';

/** Rewritten by `UPDATE=1 npm run test:unit -- --testPathPatterns store/src/cluster/schema`. */
const GOLDEN = fileURLToPath(new URL('./golden/', import.meta.url));

const FORMS: readonly (readonly [file: string, cluster: ClusterForm | null])[] = [
  ['single.sql', null],
  ['cluster.sql', { name: 'hoptrace', hasKeeper: true }],
  ['clusterWithoutKeeper.sql', { name: 'hoptrace', hasKeeper: false }],
];

test.each(FORMS)('every shipped migration has the form of %s', async (file, cluster) => {
  const store = { cluster, database: 'hoptrace' };
  const migrations = await readMigrations();
  const text = migrations
    .flatMap(({ name, statements }) => [
      `-- ${name}`,
      ...statements.flatMap((sql) => schemaStatements(store, sql)).map((sql) => `${sql};`),
    ])
    .join('\n');
  if (process.env.UPDATE === '1') {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(`${GOLDEN}${file}`, `${text}\n`);
  }
  expect(`${text}\n`).toBe(readFileSync(`${GOLDEN}${file}`, 'utf8'));
});
