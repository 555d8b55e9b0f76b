/** `hoptrace store …` on a genuine ClickHouse: what check finds, what status tells, and that a backup comes back whole. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { backup } from '@hoptrace/store/operate/backup.ts';
import { checkSchema } from '@hoptrace/store/operate/check.ts';
import { manifestSchema } from '@hoptrace/store/operate/manifest.ts';
import { restore } from '@hoptrace/store/operate/restore.ts';
import { readStatus } from '@hoptrace/store/operate/status.ts';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { makeTempDir, startTestStore, TEST_RETENTION, type TestStore } from './embedded.ts';
import { answersOf, fill } from './storeAnswers.ts';

jest.setTimeout(240_000);
let source: TestStore;
let target: TestStore;
let folder: string;
beforeAll(async () => {
  [source, target, folder] = await Promise.all([startTestStore(), startTestStore(), makeTempDir()]);
  await fill(source.store);
}, 240_000);
afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
  await rm(folder, { recursive: true, force: true });
}, 120_000);
afterEach(() => renew(target.store));

/** Empty tables of this version. */
async function renew(store: Store): Promise<void> {
  const tables = await store.select({
    name: 'test',
    sql: 'SELECT name FROM system.tables WHERE database = currentDatabase()',
    params: {},
  });
  for (const row of tables)
    await store.command(`DROP TABLE ${Reflect.get(Object(row), 'name')} SYNC`);
  await migrate(store, { retention: TEST_RETENTION });
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const CLI = ['--import', 'tsx', 'cli/src/main.ts', 'store'];

/** The command as a user runs it: its exit code and the document that it printed. */
function hoptrace(engine: TestStore['engine'], ...args: string[]) {
  const { rawTtlDays, pathTtlDays } = TEST_RETENTION;
  const env = {
    ...process.env,
    CLICKHOUSE_URL: engine.url,
    CLICKHOUSE_USER: engine.user,
    CLICKHOUSE_PASSWORD: engine.password,
    HOPTRACE_RAW_TTL_DAYS: String(rawTtlDays),
    HOPTRACE_PATH_TTL_DAYS: String(pathTtlDays),
  };
  return new Promise<{ code: number; document: Record<string, unknown> }>((resolve, reject) => {
    execFile(process.execPath, [...CLI, ...args, '--json'], { cwd: root, env }, (error, stdout) => {
      const code = error === null ? 0 : Number(error.code);
      try {
        resolve({ code, document: JSON.parse(stdout) });
      } catch {
        reject(error ?? new Error(`no document: ${stdout}`));
      }
    });
  });
}

test('a backup restored into a fresh store has the same rows and answers every query the same', async () => {
  const directory = path.join(folder, 'whole');
  const made = await hoptrace(source.engine, 'backup', directory);
  expect(made).toMatchObject({ code: 0, document: { ok: true, command: 'store backup' } });
  const back = await hoptrace(target.engine, 'restore', directory);
  expect(back).toMatchObject({ code: 0, document: { ok: true } });
  const rowsOf = async ({ store }: TestStore) =>
    (await readStatus(store)).tables
      // Merges take old versions of paths away; the queries below tell whether the newest are there.
      .filter(({ table }) => table !== 'paths_v1')
      .map(({ table, rows }) => [table, rows]);
  expect(await rowsOf(target)).toEqual(await rowsOf(source));
  expect(await answersOf(target.store)).toEqual(await answersOf(source.store));
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(path.join(directory, 'manifest.json'), 'utf8')),
  );
  const files = manifest.tables.flatMap((table) => table.files);
  expect(files.length).toBeGreaterThan(5);
  expect(files.every(({ rows }) => rows > 0)).toBe(true);
});

test('a backup goes into no store that has rows unless asked, and the same one twice adds nothing', async () => {
  const directory = path.join(folder, 'twice');
  await backup(source.store, { directory, now: new Date() });
  await restore(target.store, { directory, isAddition: false });
  await expect(restore(target.store, { directory, isAddition: false })).rejects.toMatchObject({
    code: 'HOP_STORE_BACKUP',
    message: expect.stringContaining('has rows already'),
  });
  await restore(target.store, { directory, isAddition: true });
  expect(await answersOf(target.store)).toEqual(await answersOf(source.store));
  const again = await hoptrace(source.engine, 'backup', directory);
  expect(again).toMatchObject({ code: 69, document: { error: { code: 'HOP_STORE_BACKUP' } } });
});

test('a damaged, cut or unfinished backup is refused before the first row', async () => {
  const directory = path.join(folder, 'damaged');
  const manifest = await backup(source.store, { directory, now: new Date() });
  const files = manifest.tables.flatMap((table) => table.files);
  const last = path.join(directory, files.at(-1)?.file ?? '');
  const bytes = await readFile(last);
  const half = bytes.length / 2;
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(Math.floor(half)) ^ 1, Math.floor(half));
  const before = await answersOf(target.store);
  for (const damage of [flipped, bytes.subarray(0, half), null]) {
    if (damage === null) await rm(last);
    else await writeFile(last, damage);
    await expect(restore(target.store, { directory, isAddition: false })).rejects.toMatchObject({
      code: 'HOP_STORE_BACKUP',
    });
  }
  await rm(path.join(directory, 'manifest.json'));
  await expect(restore(target.store, { directory, isAddition: false })).rejects.toMatchObject({
    message: expect.stringContaining('no manifest'),
  });
  expect(await answersOf(target.store)).toEqual(before);
});

test('check finds nothing wrong with a migrated store, and every way in which one can be wrong', async () => {
  expect(await hoptrace(target.engine, 'check')).toMatchObject({
    code: 0,
    document: { ok: true, problems: [] },
  });
  for (const sql of [
    'ALTER TABLE legs_v1 DROP COLUMN syn_ttl',
    'ALTER TABLE legs_v1 ADD COLUMN stray UInt8',
    'ALTER TABLE legs_v1 MODIFY COLUMN seq UInt64 CODEC(LZ4)',
    'ALTER TABLE legs_v1 MODIFY COLUMN ifindex UInt64',
    'ALTER TABLE legs_v1 DROP INDEX isn_pair_hash_bloom',
    'ALTER TABLE legs_v1 RESET SETTING fsync_after_insert',
    "ALTER TABLE legs_v1 MODIFY TTL toDateTime(intDiv(start_us, 1000000), 'UTC') + toIntervalDay(9)",
    "ALTER TABLE agents_v1 MODIFY COLUMN facts String DEFAULT 'x'",
    'DROP TABLE exchanges_v1 SYNC',
    'DROP TABLE refusals_v1 SYNC',
    'CREATE TABLE refusals_v1 (start_us UInt64) ENGINE = ReplacingMergeTree ORDER BY start_us',
    'CREATE TABLE somebody (a UInt8) ENGINE = Memory',
    'ALTER TABLE schema_migrations_v1 DELETE WHERE number = 9 SETTINGS mutations_sync = 1',
  ]) {
    await target.store.command(sql);
  }
  const { code, document } = await hoptrace(target.engine, 'check');
  expect(code).toBe(1);
  const problems = document.problems;
  if (!Array.isArray(problems)) throw new Error('no problems');
  const told = problems.map(({ kind, table, subject }) => `${kind} ${table} ${subject}`.trim());
  expect(told.filter((each) => !each.includes('refusals_v1')).sort()).toEqual(
    [
      'codec legs_v1 seq',
      'column legs_v1 ifindex',
      'default agents_v1 facts',
      'extraColumn legs_v1 stray',
      'index legs_v1 isn_pair_hash_bloom',
      'missingColumn legs_v1 syn_ttl',
      'missingTable exchanges_v1',
      'pendingMigration  0009_set_fsync.sql',
      'setting legs_v1 fsync_after_insert',
      'ttl legs_v1',
    ].sort(),
  );
  expect(told).toEqual(
    expect.arrayContaining([
      'engine refusals_v1',
      'key refusals_v1 PARTITION BY',
      'key refusals_v1 ORDER BY',
      'missingColumn refusals_v1 node',
    ]),
  );
  expect(document.notes).toEqual(['somebody is not a table of hoptrace']);
});

test('a dry run tells what is missing and changes nothing; status and exit codes tell it too', async () => {
  await target.store.command('DROP TABLE schema_migrations_v1 SYNC');
  const plan = await hoptrace(target.engine, 'migrate', '--dry-run');
  expect(plan).toMatchObject({ code: 0, document: { applied: [], dryRun: true } });
  expect(JSON.stringify(plan.document.pending)).toContain('CREATE TABLE IF NOT EXISTS legs_v1');
  const status = await hoptrace(target.engine, 'status');
  expect(status).toMatchObject({ code: 1, document: { ok: false, migrations: { applied: [] } } });
  expect(await hoptrace(target.engine, 'migrate')).toMatchObject({
    code: 0,
    document: { ok: true },
  });
  expect(await hoptrace(target.engine, 'status')).toMatchObject({
    code: 0,
    document: { ok: true, migrations: { pending: [] }, disks: [{ name: 'default' }] },
  });
  const wrong = { ...target.engine, password: 'wrong' };
  expect(await hoptrace(wrong, 'status')).toMatchObject({ code: 69, document: { ok: false } });
});

test('a check that was interrupted before leaves nothing in the way of the next', async () => {
  const scratch = openStore({ ...target.engine, database: 'system' });
  await scratch.command('CREATE DATABASE hoptrace_check');
  await scratch.close();
  expect(await checkSchema(target.engine, TEST_RETENTION)).toMatchObject({ ok: true, notes: [] });
});
