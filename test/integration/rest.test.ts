/** What only a real database can show of the REST API: incidents, what is missing, exports, clusters. */
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { missingSchema } from '@hoptrace/api/responses.ts';
import { incidentListSchema, incidentSchema } from '@hoptrace/domain/rest/incidents.ts';
import { jaegerTracesSchema } from '@hoptrace/domain/rest/jaeger.ts';
import { liveFilterSchema } from '@hoptrace/domain/rest/live.ts';
import { matchesPath } from '@hoptrace/domain/rest/matchPath.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { samplePaths } from '../samples/paths.ts';
import { startTestStore, type TestStore } from './embedded.ts';

const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000;
const S = 1_000_000;
const MINUTE = 60 * S;
const TOKEN = 'lab-only-secret-0123456789';

let engine: TestStore;
let app: FastifyInstance;
let scoped: FastifyInstance;

/** The dropped sample, again at other times and from other clients. */
const dropped = samplePaths(NOW_US).find((path) => path.outcome === 'dropped') as Path;
const reset = samplePaths(NOW_US).find(
  (path) => path.cluster === 'lab' && path.outcome === 'reset',
);
function at(path: Path, agoUs: number, number: number, client: string): Path {
  const startedAtUs = NOW_US - agoUs;
  const time = startedAtUs.toString(36).padStart(11, '0');
  const pathId = `${time}-${number.toString(16).padStart(16, '0')}`;
  return { ...path, pathId, startedAtUs, client: { ...path.client, ip: client } };
}

/** Two bursts of drops (18 s each, ten minutes apart), one of resets to no service, one in another cluster. */
const burst = (agoUs: number, first: number) =>
  Array.from({ length: 10 }, (_, index) =>
    at(dropped, agoUs - index * 2 * S, first + index, `203.0.113.${10 + (index % 4)}`),
  );
const resets = Array.from({ length: 3 }, (_, index) =>
  at(reset as Path, 5 * MINUTE - index * S, 300 + index, '203.0.113.77'),
);
const foreign = at({ ...dropped, cluster: 'other' }, 3 * MINUTE, 400, '198.51.100.1');
/** More than one page of an export. */
const crowd = Array.from({ length: 2300 }, (_, index) =>
  at(samplePaths(NOW_US)[0] as Path, 40 * MINUTE - index * 1000, 1000 + index, '203.0.113.200'),
);

const inserted = [
  ...burst(12 * MINUTE, 100),
  ...burst(2 * MINUTE, 200),
  ...resets,
  foreign,
  ...crowd,
];

beforeAll(async () => {
  engine = await startTestStore();
  const store = clickhouseStore(engine.store);
  const nowUs = () => NOW_US;
  const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent' }, () => '');
  app = await buildApi({ config, store, nowUs });
  const tokens = JSON.stringify([{ name: 'lab', role: 'reader', clusters: ['lab'], token: TOKEN }]);
  const closed = readConfig({ HOPTRACE_API_TOKENS_FILE: '/tokens' }, () => tokens);
  scoped = await buildApi({ config: closed, store, nowUs });
  await insertPaths(engine.store, inserted, 'all');
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0, ringRefusals: 0 };
  const beat = { cluster: 'lab', bootId: 'boot-0001', losses, addresses: [], facts: null };
  for (const [node, agoS, ringEvents] of [
    ['node1', 300, 0],
    ['node1', 290, 7],
    ['node1', 100, 0],
    ['node1', 90, 0],
    ['node1', 1, 0],
    ['node2', 200, 0],
  ] as const) {
    const seenUs = NOW_US - agoS * S;
    await insertHeartbeat(engine.store, {
      ...beat,
      node,
      seenUs,
      losses: { ...losses, ringEvents },
    });
  }
}, 120_000);

afterAll(async () => {
  await app?.close();
  await scoped?.close();
  await engine?.stop();
}, 60_000);

const get = (url: string) => app.inject({ url, headers: { host: 'localhost' } });
const getScoped = (url: string) =>
  scoped.inject({ url, headers: { host: 'localhost', authorization: `Bearer ${TOKEN}` } });

test('incidents: two bursts are two, an unknown service is told by its destination, clusters stay apart', async () => {
  const answer = await get('/api/v1/incidents');
  const { items, isWhole } = incidentListSchema.parse(answer.json());
  expect(isWhole).toBe(true);
  expect(
    items.map((item) => [item.cluster, item.cause, item.refusals, item.clients, item.isOngoing]),
  ).toEqual([
    ['lab', 'noLocalEndpoints', 10, 4, false],
    ['other', 'noLocalEndpoints', 1, 1, false],
    ['lab', 'closedPort', 3, 1, false],
    ['lab', 'noLocalEndpoints', 10, 4, false],
  ]);
  expect(items[0]).toMatchObject({
    startUs: NOW_US - 2 * MINUTE,
    endUs: NOW_US - 2 * MINUTE + 18 * S,
    kinds: { reset: 0, rejected: 0, dropped: 10 },
    node: 'node3',
    nodes: ['node3'],
    destination: null,
    isStartKnown: true,
    text: dropped.refusal?.text,
    remedy: dropped.refusal?.remedy,
  });
  expect(items[2]?.destination).toEqual({ ip: '192.168.50.11', port: 30_099 });
});

test('a wider gap makes the bursts one, and its id finds it, also by the id of its second half', async () => {
  const list = await get('/api/v1/incidents?gapSeconds=900&cause=noLocalEndpoints&cluster=lab');
  const { items } = incidentListSchema.parse(list.json());
  expect(items.map((item) => item.refusals)).toEqual([20]);
  const later = incidentListSchema.parse((await get('/api/v1/incidents?limit=1')).json()).items[0];
  const found = await get(`/api/v1/incidents/${later?.incidentId}?gapSeconds=900`);
  expect(incidentSchema.parse(found.json())).toEqual(items[0]);
});

test.each([
  ['service=default/ingress-local', [10, 1, 10]],
  ['kind=reset', [3]],
  ['node=node3', [10, 1, 10]],
  ['cause=noEndpoints', []],
  ['cluster=other', [1]],
  [`from=${NOW_US - 3 * MINUTE - S}`, [10, 1]],
  // The beginning of an incident is found although it lies before the range.
  [`from=${NOW_US - 2 * MINUTE + 9 * S}`, [10]],
])('incidents of %s', async (query, refusals) => {
  const { items } = incidentListSchema.parse((await get(`/api/v1/incidents?${query}`)).json());
  expect(items.map((item) => item.refusals)).toEqual(refusals);
});

test.each([
  '',
  'outcome=dropped',
  'class=A',
  'cluster=other',
  'node=node3',
  'node=node1',
  'service=default/ingress-local',
  'service=default/ingress-local:http',
  'service=default/ingress-local:https',
  'client=203.0.113.12',
  'client=::ffff:203.0.113.12',
  'extraHops=1',
  'outcome=served&extraHops=1&node=node2',
])('the live stream lets through what the list finds: %s', async (query) => {
  const { items } = (await get(`/api/v1/paths?limit=1000&fields=pathId&${query}`)).json();
  const recent = inserted.filter((path) => path.startedAtUs >= NOW_US - 15 * MINUTE);
  const filter = liveFilterSchema.parse(Object.fromEntries(new URLSearchParams(query)));
  const passed = recent.filter((path) => matchesPath(path, filter)).map(({ pathId }) => pathId);
  expect(passed.sort()).toEqual(items.map((item: Path) => item.pathId).sort());
});

test('missing: losses by time, silences with their ends, and what paths lack', async () => {
  const answer = await get(`/api/v1/missing?from=${NOW_US - 30 * MINUTE}`);
  const missing = missingSchema.parse(answer.json());
  expect(missing.stepUs).toBe(MINUTE);
  expect(missing.losses.map(({ node, losses }) => [node, losses.ringEvents])).toEqual([
    ['node1', 7],
  ]);
  const lossAtUs = NOW_US - 290 * S;
  expect(missing.losses[0]?.fromUs).toBe(lossAtUs - (lossAtUs % MINUTE));
  const agoS = (us: number) => (NOW_US - us) / S;
  expect(
    missing.silences.map(({ node, fromUs, toUs, isOpen }) => [
      node,
      agoS(fromUs),
      agoS(toUs),
      isOpen,
    ]),
  ).toEqual([
    ['node1', 90, 1, false],
    ['node2', 200, 0, true],
    ['node1', 290, 100, false],
  ]);
  expect(missing.paths.total).toBe(24);
});

test('an export goes over its pages, once each, and its trailer goes on where it ended', async () => {
  const range = `from=${NOW_US - 50 * MINUTE}&to=${NOW_US - 20 * MINUTE}`;
  const csv = await get(`/api/v1/paths?${range}&format=csv&fields=pathId&limit=100000`);
  const ids = csv.body.trimEnd().split('\r\n').slice(1);
  expect(ids).toEqual(crowd.map(({ pathId }) => pathId).reverse());
  const part = await get(`/api/v1/paths?${range}&format=ndjson&fields=pathId&limit=1500`);
  const cursor = part.trailers['x-next-cursor'];
  const rest = await get(
    `/api/v1/paths?${range}&format=ndjson&fields=pathId&limit=1500&cursor=${cursor}`,
  );
  const lines = `${part.body}${rest.body}`.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).pathId)).toEqual(ids);
});

test('Jaeger’s addresses: services, operations, a search with tags, one trace, dependencies', async () => {
  const data = async (url: string) => (await get(url)).json().data;
  expect(await data('/api/services')).toEqual(['default/ingress', 'default/ingress-local']);
  const service = encodeURIComponent('default/ingress-local');
  expect(await data(`/api/services/${service}/operations`)).toContain('dropped');
  const tags = encodeURIComponent(JSON.stringify({ client: '203.0.113.12', error: 'true' }));
  const answer = await get(
    `/api/traces?service=${service}&operation=dropped&limit=3&tags=${tags}&start=${NOW_US - 15 * MINUTE}&end=${NOW_US}&minDuration=&maxDuration=1h`,
  );
  const { data: traces } = jaegerTracesSchema.parse(answer.json());
  expect(traces).toHaveLength(3);
  expect(traces.every(({ spans }) => spans[0]?.operationName === 'dropped')).toBe(true);
  const one = await data(`/api/traces/${traces[0]?.traceID}`);
  expect(one).toEqual([traces[0]]);
  expect(await data(`/api/traces?service=no%2Fsuch`)).toEqual([]);
  expect((await get('/api/traces')).statusCode).toBe(400);
  expect((await get('/api/traces/0123')).statusCode).toBe(404);
  const strange = encodeURIComponent(JSON.stringify({ 'http.status': '500' }));
  const refused = await get(`/api/traces?service=${service}&tags=${strange}`);
  expect([refused.statusCode, refused.json().detail]).toEqual([
    400,
    expect.stringContaining('http.status'),
  ]);
  expect(await data('/api/dependencies?lookback=1200000')).toContainEqual({
    parent: 'client',
    child: 'node3',
    callCount: 21,
  });
});

test('a token for one cluster learns nothing of another, by any address', async () => {
  const own = await getScoped('/api/v1/paths?limit=1000');
  expect(own.json().items.every((path: Path) => path.cluster === 'lab')).toBe(true);
  for (const url of [
    '/api/services',
    '/api/dependencies',
    '/api/v1/paths',
    '/api/v1/refusals',
    '/api/v1/incidents',
    '/api/v1/missing',
    '/api/v1/agents',
  ]) {
    const answer = await getScoped(url);
    expect([url, answer.statusCode, answer.body.includes('"other"')]).toEqual([url, 200, false]);
  }
  expect((await getScoped(`/api/v1/paths/${foreign.pathId}`)).statusCode).toBe(404);
  expect((await get(`/api/v1/paths/${foreign.pathId}`)).statusCode).toBe(200);
  expect((await getScoped('/api/v1/overview')).json().paths).toBe(23);
  expect((await get('/api/v1/overview')).json().paths).toBe(24);
});
