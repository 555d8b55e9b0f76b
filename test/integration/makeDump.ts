/**
 * Makes a dump of the schema at one migration, with rows: `npx tsx test/integration/makeDump.ts 6`. One is made and
 * committed for each release; store.dumps.test.ts migrates them all.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { LEDGER_TABLE, migrate } from '@hoptrace/store/migrate.ts';
import { readMigrations } from '@hoptrace/store/migrationFiles.ts';
import { backup } from '@hoptrace/store/operate/backup.ts';
import { readLayout } from '@hoptrace/store/operate/layout.ts';
import { freePort, makeTempDir, TEST_RETENTION } from './embedded.ts';
import { fill } from './storeAnswers.ts';

const DUMPS = fileURLToPath(new URL('./dumps/', import.meta.url));

async function makeDump(level: number): Promise<void> {
  const directory = path.join(DUMPS, String(level).padStart(4, '0'));
  await rm(directory, { recursive: true, force: true });
  await withStore(async (newest) => {
    await migrate(newest, { retention: TEST_RETENTION });
    await fill(newest);
    await withStore(async (old) => {
      const migrations = (await readMigrations()).slice(0, level);
      await migrate(old, { retention: TEST_RETENTION, migrations });
      await copyRows(newest, old);
      const { tables } = await backup(old, { directory, now: new Date() });
      process.stdout.write(`${directory}: ${tables.length} tables\n`);
    });
  });
}

/** Today's code fills today's tables; the old ones get the columns that they have. */
async function copyRows(from: Store, to: Store): Promise<void> {
  for (const { name, columns } of (await readLayout(to)).values()) {
    if (name === LEDGER_TABLE) continue;
    const names = [...columns.values()].filter((each) => !each.default.startsWith('ALIAS'));
    const list = names.map((column) => column.name).join(', ');
    const rows = await from.exportNative({
      name: 'dump',
      sql: `SELECT ${list} FROM ${name}`,
      params: {},
    });
    await to.importNative(`${name} (${list})`, rows, { dedupToken: name });
  }
}

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  const dataDir = await makeTempDir();
  const engine = await startEmbedded({ dataDir, httpPort: await freePort() });
  const store = openStore(engine);
  try {
    await work(store);
  } finally {
    await store.close();
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const level = Number(process.argv[2]);
if (!Number.isInteger(level) || level < 1) throw new Error('name the number of a migration');
await makeDump(level);
