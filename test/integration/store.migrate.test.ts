import { openStore } from '@hoptrace/store/client.ts';
import { ensureDatabase, migrate } from '@hoptrace/store/migrate.ts';
import { parseMigration, readMigrations } from '@hoptrace/store/migrationFiles.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, TEST_RETENTION, type TestStore } from './embedded.ts';

jest.setTimeout(60_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
}, 60_000);
afterAll(() => fixture.stop(), 60_000);

const ttlDaysOf = async (table: string) => {
  const sql =
    "SELECT extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables WHERE database = currentDatabase() AND name = {table:String}";
  return fixture.store.select({ name: 'test', sql, params: { table } });
};

test('a second run applies nothing and leaves one entry for each migration', async () => {
  const again = await migrate(fixture.store, { retention: TEST_RETENTION });
  expect(again).toEqual({ applied: [], newer: [] });
  const sql = 'SELECT name, checksum FROM schema_migrations_v1 ORDER BY number';
  const ledger = await fixture.store.select({ name: 'test', sql, params: {} });
  const files = await readMigrations();
  expect(files.length).toBeGreaterThan(0);
  expect(ledger).toEqual(files.map(({ name, checksum }) => ({ name, checksum })));
});

test('every migration can be repeated on a database that has it', async () => {
  for (const { statements } of await readMigrations()) {
    for (const statement of statements) await fixture.store.command(statement, TEST_RETENTION);
  }
});

test('a migration that was edited after it was applied is refused by name', async () => {
  const migrations = await readMigrations();
  const edited = migrations.map((migration) =>
    migration.number === 2 ? { ...migration, checksum: 'edited' } : migration,
  );
  const run = migrate(fixture.store, { retention: TEST_RETENTION, migrations: edited });
  await expect(run).rejects.toMatchObject({
    code: 'HOP_STORE_MIGRATION',
    field: '0002_create_refusals.sql',
  });
});

test('a database of a newer version is used as it is, and said to be newer', async () => {
  const all = await readMigrations();
  const migrations = all.slice(0, -1);
  const result = await migrate(fixture.store, { retention: TEST_RETENTION, migrations });
  expect(result).toEqual({ applied: [], newer: [all.at(-1)?.name] });
});

test('changed days of retention reach the tables that they are for', async () => {
  const retention = { rawTtlDays: 4000, pathTtlDays: 5000, minuteTtlDays: 6000, hourTtlDays: 7000 };
  await migrate(fixture.store, { retention });
  expect(await ttlDaysOf('legs_v1')).toEqual([{ days: '4000' }]);
  expect(await ttlDaysOf('agents_v1')).toEqual([{ days: '4000' }]);
  expect(await ttlDaysOf('paths_v1')).toEqual([{ days: '5000' }]);
  for (const name of ['service_minutes_v1', 'hop_minutes_v1', 'minute_runs_v1'])
    expect(await ttlDaysOf(name)).toEqual([{ days: '6000' }]);
  for (const name of ['service_hours_v1', 'hop_hours_v1', 'hour_runs_v1'])
    expect(await ttlDaysOf(name)).toEqual([{ days: '7000' }]);
});

test('a failed migration is not recorded and is applied by the next run', async () => {
  const migrations = await readMigrations();
  const broken = parseMigration('0999_create_nothing.sql', 'CREATE TABLE IF NOT EXISTS nothing;\n');
  const run = migrate(fixture.store, {
    retention: TEST_RETENTION,
    migrations: [...migrations, broken],
  });
  await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^HOP_STORE_/) });
  const mended = parseMigration(
    '0999_create_nothing.sql',
    'CREATE TABLE IF NOT EXISTS nothing_v1 (a UInt8) ENGINE = Memory;\nDROP TABLE nothing_v1;\n',
  );
  const result = await migrate(fixture.store, {
    retention: TEST_RETENTION,
    migrations: [...migrations, mended],
  });
  expect(result.applied).toEqual(['0999_create_nothing.sql']);
});

test('a database that exists is left alone, and one that may not be made is said so', async () => {
  await ensureDatabase(fixture.engine);
  const elsewhere = { ...fixture.engine, database: 'elsewhere' };
  await expect(ensureDatabase(elsewhere)).rejects.toMatchObject({ code: 'HOP_STORE_REFUSED' });
});

test('a wrong password and a closed port are told apart', async () => {
  const wrong = openStore({ ...fixture.engine, password: 'wrong' });
  await expect(wrong.ping()).rejects.toMatchObject({ isRetryable: true });
  await wrong.close();
  const nowhere = openStore({ ...fixture.engine, url: 'http://127.0.0.1:1' });
  await expect(nowhere.ping()).rejects.toMatchObject({
    code: 'HOP_STORE_UNREACHABLE',
    field: 'CLICKHOUSE_URL',
    isRetryable: true,
  });
  await nowhere.close();
});
