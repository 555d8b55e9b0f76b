/**
 * The DDL of the form with a Keeper, read by a genuine engine: each Replicated table is made and shown, with a Keeper
 * inside of the engine that no other server can reach.
 *
 * Not shown, because this engine cannot run it: ON CLUSTER itself (it is cut off here), changes of these tables and rows
 * in them (the engine leaves them read-only; the same changes run in the form without a Keeper), and copies of a shard that fetch parts from each other. Try the form on a cluster of your own before you rely on it.
 */
import { rm } from 'node:fs/promises';
import { openStore } from '@hoptrace/store/client.ts';
import { translateStatement } from '@hoptrace/store/cluster/translate.ts';
import { startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { readMigrations } from '@hoptrace/store/migrationFiles.ts';
import { expect, test } from '@jest/globals';
import { clusterXml, FORM } from './cluster.ts';
import { freePort, makeTempDir, TEST_RETENTION } from './embedded.ts';

test('the engine makes every table of the form with a Keeper, and shows them as replicated', async () => {
  const dataDir = await makeTempDir();
  const port = await freePort();
  const keeper = '<zookeeper><implementation>testkeeper</implementation></zookeeper>';
  const native = { port, configXml: clusterXml([port], 0) + keeper };
  const engine = await startEmbedded({ dataDir, httpPort: await freePort(), native });
  const store = openStore(engine);
  try {
    const target = { form: { ...FORM, hasKeeper: true }, database: engine.database };
    const statements = (await readMigrations())
      .flatMap((migration) => migration.statements)
      .flatMap((statement) => translateStatement(statement, target));
    for (const statement of statements) {
      if (/^ALTER TABLE \S+_local /.test(statement)) continue;
      expect(statement).toContain(' ON CLUSTER `shards`');
      await store.command(statement.replace(' ON CLUSTER `shards`', ''), { ...TEST_RETENTION });
    }
    const wrong = await store.select({
      name: 'test',
      sql: `SELECT name, engine FROM system.tables WHERE database = currentDatabase()
        AND NOT (name LIKE '%\\_local' ? engine LIKE 'Replicated%' AND create_table_query LIKE '%replicated_deduplication_window_seconds = 604800%' : engine IN ('Distributed', 'View', 'MaterializedView'))`,
      params: {},
    });
    expect(wrong).toEqual([]);
    const made = statements.filter((statement) => statement.startsWith('CREATE TABLE'));
    expect(made.length).toBeGreaterThan(10);
  } finally {
    await store.close();
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
