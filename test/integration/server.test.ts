/** CLICKHOUSE_URL set: collector and API as processes of their own against a server; nothing else changes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pathListSchema, problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { freePortOffset } from '../process/freePorts.ts';
import { startTestStore, type TestStore } from './embedded.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOKEN = 'a-token-of-this-test-only';
const TIMEOUT_MS = 60_000;

let store: TestStore;
let collectorUrl: string;
let apiUrl: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  store = await startTestStore();
  const portOffset = await freePortOffset();
  apiUrl = `http://127.0.0.1:${7040 + portOffset}`;
  collectorUrl = `http://127.0.0.1:${7041 + portOffset}`;
  const { url, user, password, database } = store.engine;
  const env = {
    ...process.env,
    CLICKHOUSE_URL: url,
    CLICKHOUSE_USER: user,
    CLICKHOUSE_PASSWORD: password,
    CLICKHOUSE_DATABASE: database,
    HOPTRACE_PORT_OFFSET: String(portOffset),
    HOPTRACE_DATA_DIR: store.dataDir,
    HOPTRACE_COLLECTOR_TOKEN: TOKEN,
    HOPTRACE_COLLECTOR_LOG_LEVEL: 'warn',
    HOPTRACE_API_LOG_LEVEL: 'warn',
  };
  for (const room of ['collector', 'api']) {
    const args = ['--import', 'tsx', `${room}/src/main.ts`];
    children.push(
      spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] }),
    );
  }
  for (const base of [collectorUrl, apiUrl])
    await until(async () => (await fetch(`${base}/readyz`)).ok);
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(children.map(stop));
  await store.stop();
}, TIMEOUT_MS);

function stop(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null) return Promise.resolve();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return exited;
}

/** Polls until true; a call that fails counts as not yet. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (const deadlineMs = Date.now() + 30_000; Date.now() < deadlineMs; await sleep(100)) {
    if (await isDone().catch(() => false)) return;
  }
  throw new Error('not within 30 s');
}

const startUs = Date.now() * 1000;
const tuple = { src: { ip: '203.0.113.10', port: 40000 }, dst: { ip: '192.0.2.11', port: 30080 } };
const envelope = {
  schemaVersion: 1,
  cluster: 'by-hand',
  node: 'node1',
  bootId: 'boot-of-this-test',
  firstSeq: 1,
  count: 1,
  sentAtUs: startUs,
  losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
  addresses: [{ ip: '192.0.2.11', ifname: 'eth0' }],
};
const leg = {
  kind: 'leg',
  seq: 1,
  startUs,
  tap: { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' },
  tuple,
  original: null,
  reply: null,
  clientIsnHash: '00000000000000a1',
  serverIsnHash: '00000000000000a2',
  isnPairHash: '00000000000000a3',
  synTtl: 63,
  synCount: 1,
  synNs: 10,
  synAckNs: 50_000,
  ackNs: 90_000,
  firstRequestNs: 100_000,
  firstResponseNs: 900_000,
  endNs: 1_000_000,
  end: 'fin',
  revision: 0,
  legId: 1,
};

const problemsSchema = z.array(
  z.object({ field: z.string(), text: z.string(), remedy: z.string() }),
);
const intakeSchema = z.object({ stored: z.number(), problems: problemsSchema });

function send(lines: readonly unknown[], token: string): Promise<Response> {
  return fetch(`${collectorUrl}/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
    body: lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  });
}

test(
  'records sent with curl become a path; a wrong token stores nothing',
  async () => {
    expect((await send([envelope, leg], 'another-token-altogether')).status).toBe(401);
    const answer = await send([envelope, leg], TOKEN);
    expect([answer.status, await answer.json()]).toMatchObject([200, { stored: 1, problems: [] }]);
    await until(async () => (await paths()).length > 0);
    // No NAT was reported and no topology given: where node1 sent it on to is not claimed.
    expect(await paths()).toMatchObject([
      { cluster: 'by-hand', outcome: 'served', client: { ip: '203.0.113.10', port: 40000 } },
    ]);
  },
  TIMEOUT_MS,
);

async function paths() {
  const response = await fetch(`${apiUrl}/api/v1/paths?client=203.0.113.10`);
  return pathListSchema.parse(await response.json()).items;
}

test('one bad line is named with field and remedy, and its good neighbours are stored', async () => {
  const second = {
    ...leg,
    seq: 2,
    legId: 2,
    clientIsnHash: '00000000000000b1',
    isnPairHash: '00000000000000b3',
  };
  const answer = await send(
    [{ ...envelope, firstSeq: 2, count: 3 }, second, '{"kind":"leg","seq":3}', 'no json'],
    TOKEN,
  );
  const body = intakeSchema.parse(await answer.json());
  expect(body).toMatchObject({ stored: 1 });
  expect(body.problems.length).toBeGreaterThanOrEqual(2);
  for (const { remedy } of body.problems) expect(remedy).not.toBe('');
});

test('a schema version of the future is refused by name, with the versions that are known', async () => {
  const answer = await send([{ ...envelope, schemaVersion: 2 }, leg], TOKEN);
  expect(answer.status).toBe(400);
  const problem = problemSchema.parse(await answer.json());
  expect(problem.code).toBe('HOP_SCHEMA_VERSION_UNKNOWN');
  expect(JSON.stringify(problem)).toContain('schemaVersion');
});
