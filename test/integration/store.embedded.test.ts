import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '@hoptrace/store/client.ts';
import { type EmbeddedStore, startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort, makeTempDir, TEST_RETENTION } from './embedded.ts';
import { refusal } from './storeSamples.ts';

/** A directory whose name has every character that XML, SQL strings and globs treat specially. */
let dataDir: string;
let httpPort: number;
beforeAll(async () => {
  dataDir = path.join(await makeTempDir(), `it's {a,b} *[1]? <&> "q"`);
  httpPort = await freePort();
});
afterAll(() => rm(path.dirname(dataDir), { recursive: true, force: true }));

const start = () => startEmbedded({ dataDir, httpPort });

async function during<T>(engine: EmbeddedStore, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await engine.stop();
  }
}

/** A process that ended but was not yet reaped by its foster parent counts as dead. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('it starts, keeps its password and data over a restart, and stops in order', async () => {
  const first = await start();
  await during(first, async () => {
    const store = openStore(first);
    await migrate(store, { retention: TEST_RETENTION });
    await insertRecords(store, [refusal()], 'kept');
    await store.close();
  });
  expect(await first.exited).toEqual({ code: 0, signal: null });
  expect(isAlive(first.pid)).toBe(false);
  const second = await start();
  expect(second.password).toBe(first.password);
  await during(second, async () => {
    const store = openStore(second);
    expect(await migrate(store, { retention: TEST_RETENTION })).toEqual({ applied: [], newer: [] });
    const sql = 'SELECT count() AS rows FROM refusals_v1';
    expect(await store.select({ name: 'test', sql, params: {} })).toEqual([{ rows: '1' }]);
    await store.close();
  });
}, 60_000);

test('password and configuration are readable by their owner alone', async () => {
  const modes = await Promise.all(
    ['.', 'password', 'config.xml', 'users.xml'].map(
      async (name) => (await stat(path.join(dataDir, 'clickhouse', name))).mode & 0o777,
    ),
  );
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
});

test('without the password nobody gets in, and with it nobody reads files or makes users', async () => {
  const engine = await start();
  await during(engine, async () => {
    const ask = async (sql: string, headers: Record<string, string>, query = '') => {
      const address = `${engine.url}/?${query}`;
      const options = { method: 'POST', body: sql, headers: { ...headers, connection: 'close' } };
      return (await fetch(address, options)).status;
    };
    const basic = (user: string, password: string) => ({
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    });
    const own = basic(engine.user, engine.password);
    expect(await ask('SELECT 1', own)).toBe(200);
    for (const headers of [
      {},
      basic('default', ''),
      basic('hoptrace', ''),
      basic('default', engine.password),
    ]) {
      expect(await ask('SELECT 1', headers)).toBeGreaterThanOrEqual(400);
    }
    expect(await ask('SELECT 1', {}, 'user=default')).toBeGreaterThanOrEqual(400);
    const key = { 'x-clickhouse-key': engine.password };
    expect(await ask('SELECT 1', { ...key, 'x-clickhouse-user': 'hoptrace' })).toBe(200);
    expect(await ask('SELECT 1', { ...key, 'x-clickhouse-user': 'default' })).toBe(404);
    expect(
      await ask("SELECT * FROM file('/etc/hostname', 'LineAsString')", own),
    ).toBeGreaterThanOrEqual(400);
    expect(
      await ask("SELECT * FROM url('http://127.0.0.1/', 'LineAsString')", own),
    ).toBeGreaterThanOrEqual(400);
    expect(await ask('CREATE USER guest', own)).toBeGreaterThanOrEqual(400);
  });
}, 60_000);

test('a second start on the same directory is refused by name, and the first goes on', async () => {
  const first = await start();
  await during(first, async () => {
    const port = await freePort();
    await expect(startEmbedded({ dataDir, httpPort: port })).rejects.toMatchObject({
      code: 'HOP_EMBEDDED_LOCKED',
      field: 'HOPTRACE_DATA_DIR',
      message: expect.stringContaining(String(first.pid)),
    });
    const store = openStore(first);
    await store.ping();
    await store.close();
  });
}, 60_000);

test('a taken port is named together with HOPTRACE_PORT_OFFSET', async () => {
  const server = createServer().listen(httpPort, '127.0.0.1');
  await once(server, 'listening');
  try {
    await expect(start()).rejects.toMatchObject({
      code: 'HOP_EMBEDDED_PORT',
      field: 'HOPTRACE_PORT_OFFSET',
      message: expect.stringContaining(String(httpPort)),
    });
  } finally {
    server.close();
    await once(server, 'close');
  }
}, 60_000);

test('an engine that cannot start says so with the end of its log', async () => {
  const broken = path.join(path.dirname(dataDir), 'broken');
  const engine = await startEmbedded({ dataDir: broken, httpPort });
  await engine.stop();
  const metadata = path.join(broken, 'clickhouse', 'metadata');
  await rm(metadata, { recursive: true });
  // A file where a directory must be: it stops every user, root included.
  await writeFile(metadata, '');
  await expect(startEmbedded({ dataDir: broken, httpPort })).rejects.toMatchObject({
    code: 'HOP_EMBEDDED_FAILED',
    message: expect.stringContaining(path.join(broken, 'clickhouse')),
  });
}, 60_000);

test('a start that is cancelled leaves no process behind', async () => {
  const abort = new AbortController();
  const starting = startEmbedded({ dataDir, httpPort, signal: abort.signal });
  const lockFile = path.join(dataDir, 'clickhouse', 'lock');
  abort.abort();
  await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
  const holder = /"pid":(\d+)/.exec(await readFile(lockFile, 'utf8'))?.[1];
  expect(isAlive(Number(holder))).toBe(false);
}, 60_000);

test('killed -9 between inserts it loses nothing that it had acknowledged', async () => {
  const total = async (engine: EmbeddedStore) => {
    const store = openStore(engine);
    const sql = "SELECT seq FROM refusals_v1 WHERE boot_id = 'boot-kill' ORDER BY seq";
    const rows = await store.select({ name: 'test', sql, params: {} });
    await store.close();
    return new Set(rows.map((row) => Number(Object(row).seq)));
  };
  const acknowledged = new Set<number>();
  for (const round of [0, 1, 2]) {
    const engine = await start();
    const store = openStore(engine);
    await migrate(store, { retention: TEST_RETENTION });
    let batch = round * 1000;
    // The kill comes from outside of the loop of inserts, so it hits one of them at any point.
    const target = acknowledged.size + 300 + round * 170;
    const killer = (async () => {
      while (acknowledged.size < target) await delay(1);
      process.kill(engine.pid, 'SIGKILL');
    })();
    for (;;) {
      const seqs = Array.from({ length: 10 }, (_, index) => batch * 10 + index);
      const records = seqs.map((seq) => refusal({ bootId: 'boot-kill', seq }));
      try {
        await insertRecords(store, records, `kill-${batch}`);
      } catch {
        break;
      }
      for (const seq of seqs) acknowledged.add(seq);
      batch += 1;
    }
    await killer;
    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await store.close();
  }
  const engine = await start();
  const stored = await during(engine, () => total(engine));
  const lost = [...acknowledged].filter((seq) => !stored.has(seq));
  expect(acknowledged.size).toBeGreaterThan(1000);
  expect(lost).toEqual([]);
  // Of each kill at most the one batch in flight is stored without an answer, and then whole.
  expect((stored.size - acknowledged.size) % 10).toBe(0);
  expect(stored.size - acknowledged.size).toBeLessThanOrEqual(30);
}, 120_000);

test('it ends when its parent is killed, and the next start waits for that', async () => {
  const script = `
    const { startEmbedded } = await import('@hoptrace/store/embedded/start.ts');
    const engine = await startEmbedded(JSON.parse(process.argv[1]));
    console.log(engine.pid);
    setInterval(() => undefined, 1000);`;
  const settings = JSON.stringify({ dataDir, httpPort });
  const parent = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script, settings],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
  );
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const orphan = Number(line);
  expect(isAlive(orphan)).toBe(true);
  parent.kill('SIGKILL');
  const engine = await start();
  await during(engine, async () => expect(isAlive(orphan)).toBe(false));
}, 60_000);

test('a data directory that cannot be written is named', async () => {
  const file = path.join(path.dirname(dataDir), 'a file');
  await writeFile(file, '');
  await expect(startEmbedded({ dataDir: file, httpPort })).rejects.toMatchObject({
    code: 'HOP_EMBEDDED_FAILED',
    field: 'HOPTRACE_DATA_DIR',
  });
});
