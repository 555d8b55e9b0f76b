/**
 * Stands in for a ClickHouse server: the embedded engine, with the users of deploy/compose/clickhouse/users.xml as they
 * are mounted, on port 8123. What it cannot show: the server's own config.xml and its start.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineConfigXml } from '@hoptrace/store/embedded/engineConfig.ts';
import { spawnEngine } from '@hoptrace/store/embedded/engineProcess.ts';
import { isAnswering } from '@hoptrace/store/embedded/probe.ts';

const DATA = '/var/lib/clickhouse/engine';
const USERS = '/etc/clickhouse-server/users.d/hoptrace.xml';
const ENGINE_PORT = 18_123;
const PORT = 8123;
const POLL_MS = 50;

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
};
const owner = env('HOPTRACE_DATABASE_OWNER_PASSWORD');
const reader = env('HOPTRACE_DATABASE_READER_PASSWORD');

/** The engine's own session needs `default`, and the profiles and quotas that a server has in its users.xml. */
const OWN = `<default><no_password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>`;
const usersXml = readFileSync(USERS, 'utf8')
  // The embedded engine leaves from_env alone; a server replaces it.
  .replace(
    /<password from_env="(\w+)"\/>/g,
    (_, name: string) => `<password>${env(name)}</password>`,
  )
  .replace('<default remove="1"/>', OWN)
  .replace('<profiles>', '<quotas><default></default></quotas><profiles><default/>');

mkdirSync(DATA, { recursive: true });
const unused = { writer: '-', grafana: '-' };
const engine = await spawnEngine({
  dataDir: DATA,
  httpPort: ENGINE_PORT,
  database: 'hoptrace',
  files: {
    'config.xml': engineConfigXml({
      ...{ engineDir: DATA, password: owner, passwords: { ...unused, reader } },
    }),
    'users.xml': usersXml,
  },
});
while (!(await isAnswering({ port: ENGINE_PORT, user: 'hoptrace', password: owner }))) {
  const failure = engine.failure();
  if (failure !== null) throw new Error(JSON.stringify(failure));
  await sleep(POLL_MS);
}
const relay = createServer((from) => {
  const to = connect(ENGINE_PORT, '127.0.0.1');
  from.pipe(to).pipe(from);
  from.on('error', () => to.destroy());
  to.on('error', () => from.destroy());
}).listen(PORT);
console.log('ready');
process.once('SIGTERM', async () => {
  relay.close();
  await engine.stop();
  process.exit(0);
});
