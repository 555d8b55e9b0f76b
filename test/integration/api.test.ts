import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { agentListSchema, overviewSchema } from '@hoptrace/api/responses.ts';
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema, problemSchema, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';
import { serviceListSchema, serviceStatsSchema } from '@hoptrace/domain/rest/services.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { rollUpMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { crossNodePath, samplePaths } from '../samples/paths.ts';
import { startTestStore, type TestStore } from './embedded.ts';

// Not the present: the clock is injected. Recent enough for the TTL of the tables.
const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000;
const MINUTE_US = 60_000_000;
const samples = samplePaths(NOW_US - 5 * MINUTE_US);
const newestFirst = [...samples].reverse();

let engine: TestStore;
let app: FastifyInstance;

beforeAll(async () => {
  engine = await startTestStore();
  const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace' }, () => '');
  app = await buildApi({ config, store: clickhouseStore(engine.store), nowUs: () => NOW_US });
  await insertPaths(engine.store, samples, 'samples');
  await insertPaths(engine.store, [crossNodePath(NOW_US - 60 * MINUTE_US)], 'an hour ago');
}, 120_000);

afterAll(async () => {
  await app?.close();
  await engine?.stop();
}, 60_000);

async function get<T extends z.ZodType>(schema: T, url: string): Promise<z.output<T>> {
  const answer = await app.inject({ url, headers: { host: 'localhost' } });
  expect([url, answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([
    url,
    200,
    '',
  ]);
  return schema.parse(answer.json());
}

const idsAt = async (url: string) =>
  (await get(pathListSchema, url)).items.map((item) => item.pathId);
const idsOf = (isWanted: (path: (typeof samples)[number]) => boolean) =>
  newestFirst.filter(isWanted).map((path) => path.pathId);

test('paths come back exactly as they were stored, newest first, of the last 15 minutes', async () => {
  expect(await get(pathListSchema, '/api/v1/paths')).toEqual({
    items: newestFirst,
    nextCursor: null,
  });
});

test('each filter finds what it says and nothing else', async () => {
  const at = (query: string) => idsAt(`/api/v1/paths?${query}`);
  expect(await at('outcome=served')).toEqual(idsOf((path) => path.outcome === 'served'));
  expect(await at('service=default/ingress')).toEqual(
    idsOf((path) => path.service?.name === 'ingress'),
  );
  expect(await at('service=default/ingress:http')).toEqual(
    idsOf((path) => path.service?.name === 'ingress'),
  );
  expect(await at('service=default/ingress:https')).toEqual([]);
  expect(await at('service=default/ingres')).toEqual([]);
  expect(await at('client=203.0.113.10')).toEqual(idsOf((path) => path.client.ip !== null));
  expect(await at('client=::ffff:203.0.113.10')).toHaveLength(6);
  expect(await at('client=203.0.113.11')).toEqual([]);
  expect(await at('node=node3')).toEqual(
    idsOf((path) => path.hops.some((hop) => hop.to.node === 'node3')),
  );
  expect(await at('extraHops=1')).toEqual(idsOf((path) => path.extraHops >= 1));
  expect(await at('extraHops=3')).toEqual([]);
  expect(await at('class=B')).toEqual(idsOf((path) => path.class === 'B'));
  expect(await at('outcome=served&node=node1&class=A')).toEqual(
    idsOf(
      (path) =>
        path.outcome === 'served' &&
        path.class === 'A' &&
        path.hops.some((hop) => hop.to.node === 'node1'),
    ),
  );
});

test('text of any kind is only ever a value', async () => {
  for (const node of [
    "'",
    '\\',
    "\\'",
    'a\tb\n',
    '\0',
    '{x:String}',
    "' OR 1 = 1 --",
    'ß∂🦊',
    '%',
  ]) {
    expect(await idsAt(`/api/v1/paths?node=${encodeURIComponent(node)}`)).toEqual([]);
  }
});

test('the range includes its start and excludes its end', async () => {
  const [first, second, third] = samples.map((path) => path.startedAtUs);
  expect(await idsAt(`/api/v1/paths?from=${first}&to=${third}`)).toEqual(
    idsOf((path) => path.startedAtUs === first || path.startedAtUs === second),
  );
  expect(await idsAt(`/api/v1/paths?from=${NOW_US - 90 * MINUTE_US}`)).toHaveLength(8);
});

test('services are counted from roll-ups, and say up to when they are', async () => {
  const url = `/api/v1/services?from=${NOW_US - 10 * MINUTE_US}&to=${NOW_US}`;
  expect((await get(serviceListSchema, url)).countedUntilUs).toBeNull();
  const fromS = Math.floor(NOW_US / 3.6e9) * 3600 - 3600;
  await rollUpMinutes(engine.store, { fromS, toS: fromS + 7200 });
  const list = await get(serviceListSchema, url);
  const ingress = list.items.find(({ service }) => service.name === 'ingress');
  const isOfIngress = (path: (typeof samples)[number]) => path.service?.name === 'ingress';
  expect(ingress).toMatchObject({
    service: { namespace: 'default', name: 'ingress', port: 'http' },
    requests: samples.filter(isOfIngress).length,
    withExtraHops: 1,
    extraHops: 2,
  });
  const start = samples[0]?.startedAtUs ?? 0;
  expect(list.countedUntilUs).toBe((Math.floor(start / MINUTE_US) + 1) * MINUTE_US);
  const stats = await get(
    serviceStatsSchema,
    `/api/v1/services/default/ingress/stats?from=${NOW_US - 10 * MINUTE_US}&to=${NOW_US}`,
  );
  expect(stats.points.map(({ requests }) => requests)).toEqual([ingress?.requests]);
  const first = stats.hops.filter(({ index }) => index === 0);
  expect(first.map(({ toRole, points }) => [toRole, points[0]?.hops])).toEqual([
    ['load-balancer', 2],
    ['node', 1],
  ]);
  const entered = await get(
    serviceStatsSchema,
    `/api/v1/services/default/ingress/stats?from=${NOW_US - 10 * MINUTE_US}&to=${NOW_US}&entryNode=node3`,
  );
  expect(entered).toMatchObject({ points: [{ requests: 1, extraHops: 2 }], hops: [] });
});

test.each([1, 2, 3, 7])('pages of %d visit every path once, then end', async (limit) => {
  const visited: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const after: string = cursor === null ? '' : `&cursor=${cursor}`;
    const list: z.infer<typeof pathListSchema> = await get(
      pathListSchema,
      `/api/v1/paths?limit=${limit}${after}`,
    );
    visited.push(...list.items.map((item) => item.pathId));
    cursor = list.nextCursor;
    pages += 1;
  } while (cursor !== null && pages < 20);
  expect(visited).toEqual(idsOf(() => true));
  expect(pages).toBe(Math.ceil(7 / limit));
});

test('a cursor of the API around one that the store did not make is a 400', async () => {
  const { nextCursor } = await get(pathListSchema, '/api/v1/paths?limit=1');
  const fields: unknown[] = JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString());
  fields[4] = 'forged';
  const forged = Buffer.from(JSON.stringify(fields)).toString('base64url');
  const url = `/api/v1/paths?limit=1&cursor=${forged}`;
  const answer = await app.inject({ url, headers: { host: 'localhost' } });
  expect(answer.statusCode).toBe(400);
  expect(problemSchema.parse(answer.json()).code).toBe('HOP_CURSOR_INVALID');
});

test('one path by id, in its newest version, until it is withdrawn', async () => {
  const path = crossNodePath(NOW_US - 30 * MINUTE_US);
  const url = `/api/v1/paths/${path.pathId}`;
  await insertPaths(engine.store, [path], 'v1');
  expect(await get(pathSchema, url)).toEqual(path);
  const newer = { ...path, version: path.version + 1, completeness: 1 };
  await insertPaths(engine.store, [newer], 'v2');
  expect(await get(pathSchema, url)).toEqual(newer);
  const { pathId, cluster } = path;
  await withdrawPaths(engine.store, [{ pathId, cluster, version: path.version + 2 }], 'v3');
  for (const id of [pathId, '00000000000-0000000000000000', 'zzzzzzzzzzz-0000000000000000']) {
    const answer = await app.inject({
      url: `/api/v1/paths/${id}`,
      headers: { host: 'localhost' },
    });
    expect([id, answer.statusCode, answer.json().code]).toEqual([id, 404, 'HOP_PATH_NOT_FOUND']);
  }
});

test('refusals say who, where, why and what to do', async () => {
  const list = await get(refusalListSchema, '/api/v1/refusals');
  expect(list.items.map((item) => [item.kind, item.cause, item.destination])).toEqual([
    ['reset', 'closedPort', { ip: '192.168.50.11', port: 30_099 }],
    ['rejected', 'noEndpoints', { ip: '192.168.50.11', port: 30_085 }],
    ['dropped', 'noLocalEndpoints', { ip: '192.168.50.13', port: 30_081 }],
  ]);
  expect(list.items.every((item) => item.text !== '' && item.remedy !== '')).toBe(true);
  const dropped = await get(refusalListSchema, '/api/v1/refusals?kind=dropped&node=node3');
  expect(dropped.items).toHaveLength(1);
  const paged = await get(refusalListSchema, '/api/v1/refusals?limit=2');
  const rest = await get(refusalListSchema, `/api/v1/refusals?limit=2&cursor=${paged.nextCursor}`);
  expect([...paged.items, ...rest.items]).toEqual(list.items);
  expect(rest.nextCursor).toBeNull();
});

test('overview and agents count what is stored', async () => {
  const losses = { ringEvents: 2, badFrames: 0, evictedLegs: 0, unsentRecords: 5, ringRefusals: 0 };
  const agent = { cluster: 'lab', bootId: 'boot-0001', losses };
  const addresses = [{ ip: '192.168.50.11', ifname: 'eth0' }];
  const seen = (node: string, seenUs: number) =>
    insertHeartbeat(engine.store, { ...agent, node, seenUs, addresses, facts: null });
  await seen('node1', NOW_US - 8_000_000);
  await seen('node1', NOW_US - 3_000_000);
  await seen('node2', NOW_US - 60_000_000);
  const agents = await get(agentListSchema, '/api/v1/agents');
  expect(agents.items.map((item) => [item.node, item.isSilent, item.losses])).toEqual([
    [
      'node1',
      false,
      { ringEvents: 4, badFrames: 0, evictedLegs: 0, unsentRecords: 10, ringRefusals: 0 },
    ],
    ['node2', true, losses],
  ]);
  expect(agents.items[0]?.addresses).toEqual(addresses);
  const overview = await get(overviewSchema, '/api/v1/overview');
  expect(overview).toMatchObject({
    paths: 7,
    outcomes: { served: 4, reset: 1, rejected: 1, dropped: 1, unknown: 0 },
    withExtraHops: 1,
    agents: { known: 2, silent: 1 },
  });
  expect(overview.crossings).toBe(samples.reduce((sum, path) => sum + path.crossings, 0));
  expect(
    overview.services.map((service) => [service.name, service.paths, service.refused]),
  ).toEqual([
    ['ingress', 3, 0],
    ['ingress-local', 2, 1],
    ['empty', 1, 1],
  ]);
});

test('readiness follows the store, and without it lists are a 503 that tells no address', async () => {
  const ready = await app.inject({ url: '/readyz', headers: { host: 'localhost' } });
  expect(ready.json()).toMatchObject({ status: 'ready', missing: ['page'] });
  await engine.engine.stop();
  const gone = await app.inject({ url: '/readyz', headers: { host: 'localhost' } });
  expect(gone.statusCode).toBe(503);
  expect(gone.json()).toMatchObject({ status: 'notReady', missing: ['store', 'page'] });
  const list = await app.inject({ url: '/api/v1/paths', headers: { host: 'localhost' } });
  expect([list.statusCode, list.json().code]).toEqual([503, 'HOP_STORE_UNAVAILABLE']);
  expect(list.body).not.toContain(engine.engine.url);
}, 60_000);
