/** The promise to a newcomer: one command, and real requests are there to look at. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DemoProcess, isAlive, startDemo } from '../process/demoProcess.ts';
import { freePortOffset } from '../process/freePorts.ts';

const TIMEOUT_MS = 180_000;
const SEEN_TIMEOUT_MS = 60_000;
const MAX_RSS_MIB = 600;

const dataDir = mkdtempSync(join(tmpdir(), 'hoptrace-demo-'));
let demo: DemoProcess;
let portOffset: number;

beforeAll(async () => {
  portOffset = await freePortOffset();
  demo = await startDemo({ dataDir, portOffset });
}, TIMEOUT_MS);

afterAll(async () => {
  await demo.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, TIMEOUT_MS);

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${demo.url}${path}`, { signal: AbortSignal.timeout(10_000) });
  expect(response.status).toBe(200);
  return response.json();
}

/** Polls until the paths are as wanted, and answers them; whatever is there when the time is over. */
async function pathsWhen(isEnough: (paths: readonly Path[]) => boolean): Promise<readonly Path[]> {
  const deadlineMs = Date.now() + SEEN_TIMEOUT_MS;
  for (;;) {
    const { items } = pathListSchema.parse(await get('/api/v1/paths?limit=1000'));
    if (isEnough(items) || Date.now() > deadlineMs) return items;
    await sleep(250);
  }
}

test(
  'shows real paths of every outcome: served across nodes, dropped, rejected, reset',
  async () => {
    const outcomesOf = (paths: readonly Path[]) => new Set(paths.map((path) => path.outcome));
    const paths = await pathsWhen((all) => outcomesOf(all).size >= 4 && all.some(isWhole));
    expect([...outcomesOf(paths)].sort()).toEqual(['dropped', 'rejected', 'reset', 'served']);
    const whole = paths.find(isWhole);
    expect(whole?.hops.map((hop) => [hop.from.role, hop.to.role])).toEqual([
      ['client', 'load-balancer'],
      ['load-balancer', 'node'],
      ['node', 'ingress'],
      ['ingress', 'app'],
    ]);
    expect(whole?.hops.find((hop) => hop.kind === 'nodeForward')?.rewrite?.mechanism).toBe('snat');
  },
  TIMEOUT_MS,
);

/** client → load balancer → NodePort → ingress Pod on another node → app Pod, the client known by a PROXY header. */
const isWhole = (path: Path) =>
  path.client.source === 'proxyProtocol' && path.extraHops > 0 && path.hops.length === 4;

test('names the cause and the remedy of every refusal', async () => {
  const { items } = refusalListSchema.parse(await get('/api/v1/refusals?limit=1000'));
  const causes = new Set(items.map((item) => `${item.kind} ${item.cause}`));
  expect([...causes].sort()).toEqual([
    'dropped noLocalEndpoints',
    'rejected noEndpoints',
    'reset closedPort',
  ]);
  for (const item of items) expect(item.remedy).not.toBe('');
});

test('serves the page, says that it is ready, and stays within its memory', async () => {
  const page = await fetch(demo.url);
  expect(await page.text()).toContain('<title>hoptrace');
  expect((await fetch(`${demo.url}/readyz`)).status).toBe(200);
  const rssMiB = demo.rssMiB();
  console.info(
    `demo: ready after ${demo.readyMs} ms, ${rssMiB.toFixed(0)} MiB resident in the whole tree`,
  );
  expect(rssMiB).toBeGreaterThan(100);
  expect(rssMiB).toBeLessThan(MAX_RSS_MIB);
});

test(
  'a second copy on the same ports says which port is taken and what to do, and harms nothing',
  async () => {
    const second = startDemo({ dataDir: join(dataDir, 'second'), portOffset });
    await expect(second).rejects.toThrow(/HOPTRACE_PORT_OFFSET/);
    expect((await fetch(`${demo.url}/readyz`)).status).toBe(200);
  },
  TIMEOUT_MS,
);

test(
  'stops in order, leaves no process behind, and starts again with its data',
  async () => {
    const before = pathListSchema.parse(await get('/api/v1/paths?limit=1'));
    const pids = demo.pids();
    expect(await demo.stop()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    demo = await startDemo({ dataDir, portOffset });
    console.info(`demo: second start ready after ${demo.readyMs} ms`);
    const pathId = before.items[0]?.pathId ?? '';
    expect(await get(`/api/v1/paths/${pathId}`)).toMatchObject({ pathId });
  },
  TIMEOUT_MS,
);
