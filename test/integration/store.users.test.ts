/** What the least privileged users may do on a genuine ClickHouse, and what they may not. */
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import type { Role } from '@hoptrace/store/users/roles.ts';
import { usersSql } from '@hoptrace/store/users/usersSql.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, TEST_RETENTION, type TestStore } from './embedded.ts';
import { answersOf, fill } from './storeAnswers.ts';
import { refusal, samplePath, T0_US } from './storeSamples.ts';

jest.setTimeout(120_000);
let fixture: TestStore;
const stores: Partial<Record<Role, Store>> = {};
beforeAll(async () => {
  fixture = await startTestStore();
  for (const role of ['writer', 'reader', 'grafana'] as const) {
    stores[role] = openStore(fixture.engine.as(role));
  }
}, 120_000);
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close();
  await fixture.stop();
}, 60_000);

const as = (role: Role): Store => {
  const store = stores[role];
  if (store === undefined) throw new Error(`no ${role}`);
  return store;
};
const ask = (role: Role, sql: string) => as(role).select({ name: 'test', sql, params: {} });
const refused = expect.objectContaining({
  message: expect.stringMatching(
    /ACCESS_DENIED|READONLY|NOT_ENOUGH|constraint|Cannot modify|should/i,
  ),
});

test('the writer finds the schema in order and stores what the collector sends; the reader and Grafana then see it', async () => {
  const writer = as('writer');
  expect(await migrate(writer, { retention: TEST_RETENTION })).toEqual({ applied: [], newer: [] });
  await fill(writer);
  const collector = collectorStoreOf(writer);
  await collector.insertRecords([refusal({ seq: 900 })], 'by the collector');
  await collector.ping();
  expect(await answersOf(as('reader'))).toEqual(await answersOf(fixture.store));
  const api = clickhouseStore(as('reader'));
  const { signal } = new AbortController();
  const call = { signal, clusters: [] };
  await api.ping(call);
  expect(await api.getPath(samplePath({ startedAtUs: T0_US }).pathId, call)).not.toBeNull();
  expect(await ask('grafana', 'SELECT count() > 0 AS some FROM paths_v1 FINAL')).toEqual(
    [{ some: true }].map(() => ({ some: 1 })),
  );
});

const WRITES = [
  "INSERT INTO paths_v1 (path_id) VALUES ('x')",
  'ALTER TABLE paths_v1 DELETE WHERE 1',
  'ALTER TABLE paths_v1 ADD COLUMN a UInt8',
  'TRUNCATE TABLE paths_v1',
  'DROP TABLE paths_v1',
  'CREATE TABLE mine (a UInt8) ENGINE = Memory',
  'CREATE USER guest',
  'OPTIMIZE TABLE paths_v1',
  'KILL QUERY WHERE 1',
];
test.each(WRITES)('readers may not: %s', async (sql) => {
  for (const role of ['reader', 'grafana'] as const) {
    await expect(as(role).command(sql)).rejects.toEqual(refused);
  }
});

test.each(WRITES.slice(1))('the writer may not: %s', async (sql) => {
  await expect(as('writer').command(sql)).rejects.toEqual(refused);
});

test.each([
  ['writer', 'SELECT * FROM legs_v1'],
  ['writer', 'SELECT src_ip FROM refusals_v1'],
  ['writer', 'SELECT facts FROM agents_v1'],
  ['grafana', 'SELECT * FROM legs_v1'],
  ['grafana', 'SELECT * FROM exchanges_v1'],
  ['grafana', 'SELECT * FROM proxy_links_v1'],
  ['grafana', 'SELECT * FROM schema_migrations_v1'],
  ['reader', "SELECT * FROM file('/etc/hostname', 'LineAsString')"],
  ['grafana', "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')"],
  ['writer', "SELECT * FROM remote('127.0.0.1', system.one)"],
  ['reader', 'SELECT * FROM system.users'],
] as const)('the %s may not: %s', async (role, sql) => {
  await expect(ask(role, sql)).rejects.toEqual(refused);
});

test('the reader keeps alerts and silences, Grafana cannot change what it may', async () => {
  const silence = "INSERT INTO silences_v1 (silence_id, version_us) VALUES ('x', 1)";
  await as('reader').command(silence);
  await expect(as('grafana').command(silence)).rejects.toEqual(refused);
  await expect(ask('grafana', 'SELECT 1 SETTINGS readonly = 0')).rejects.toEqual(refused);
});

test('Grafana sees its tables and no other', async () => {
  const sql = 'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name';
  const seen = (await ask('grafana', sql)).map((row) => Reflect.get(Object(row), 'name'));
  expect(seen).toEqual(expect.arrayContaining(['agents_v1', 'paths_v1', 'refusals_v1']));
  const raw = /legs|exchanges|proxy|migrations/;
  expect(seen.filter((name) => raw.test(name))).toEqual([]);
});

test.each([
  'max_execution_time = 0',
  'max_execution_time = 21',
  'max_memory_usage = 0',
  'max_memory_usage = 100000000000',
])('a reader cannot lift its limits: %s', async (setting) => {
  for (const role of ['reader', 'grafana'] as const) {
    await expect(ask(role, `SELECT 1 SETTINGS ${setting}`)).rejects.toEqual(refused);
  }
});

test('no password of a user opens the way to the user that the engine keeps for itself', async () => {
  const { url, user, password } = fixture.engine.as('grafana');
  const status = async (query: string, headers: Record<string, string>) =>
    (
      await fetch(`${url}/?query=SELECT%20currentUser()&${query}`, {
        headers: { ...headers, connection: 'close' },
      })
    ).text();
  const basic = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  const key = { 'x-clickhouse-user': user, 'x-clickhouse-key': password };
  expect((await status('', basic)).trim()).toBe(user);
  for (const headers of [basic, key]) {
    for (const query of ['user=default', 'user=default&password=']) {
      expect(await status(query, headers)).not.toMatch(/^default/);
    }
  }
});

test('the statements for a server are understood by one', async () => {
  const secrets = (['writer', 'reader', 'grafana'] as const).map((role) => ({
    role,
    password: 'a-long-and-random-text',
    salt: '00ff',
  }));
  const statements = usersSql(secrets, { database: 'hoptrace', cluster: null });
  for (const sql of statements) {
    // The embedded engine keeps users in a file and lets nobody make one, so here they are read and not run.
    await expect(fixture.store.command(sql)).rejects.toMatchObject({
      message: expect.stringMatching(/ACCESS_DENIED|UNKNOWN_USER/),
    });
  }
});

// The last one: it takes what memory the engine has, and that is not given back at once.
test('a reader within its limits may choose, and a query beyond its memory is ended', async () => {
  expect(await ask('reader', 'SELECT 1 AS one SETTINGS max_execution_time = 5')).toEqual([
    { one: 1 },
  ]);
  const greedy = 'SELECT count() FROM (SELECT number FROM numbers(100000000) GROUP BY number)';
  await expect(ask('reader', greedy)).rejects.toMatchObject({ isRetryable: true });
});
