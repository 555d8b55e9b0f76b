import { pathListSchema, problemSchema, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../test/samples/paths.ts';
import { agentListSchema, overviewSchema } from './responses.ts';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';
import { memoryStore } from './testing/memoryStore.ts';

const MINUTE_US = 60_000_000;
const RECENT_US = NOW_US - 5 * MINUTE_US;
const paths = samplePaths(RECENT_US);

test('a list without a range covers the last 15 minutes, newest first', async () => {
  const { get, store } = await apiUnderTest({ store: memoryStore(paths) });
  const answer = await get('/api/v1/paths');
  expect(answer.statusCode).toBe(200);
  const list = pathListSchema.parse(answer.json());
  expect(list).toEqual({ items: [...paths].reverse(), nextCursor: null });
  expect(store.asked[0]).toMatchObject({ from: NOW_US - 15 * MINUTE_US, to: NOW_US, limit: 100 });
});

test('every filter reaches the store, parsed', async () => {
  const { get, store } = await apiUnderTest();
  const answer = await get(
    '/api/v1/paths?from=2026-09-01T12:00:00Z&to=1788268800000000&service=shop/web:http&client=::ffff:192.0.2.7' +
      '&node=node1&outcome=served&extraHops=1&class=B&limit=7',
  );
  expect(answer.statusCode).toBe(200);
  expect(store.asked[0]).toEqual({
    from: Date.UTC(2026, 8, 1, 12) * 1000,
    to: 1_788_268_800_000_000,
    service: 'shop/web:http',
    client: '192.0.2.7',
    node: 'node1',
    outcome: 'served',
    extraHops: 1,
    class: 'B',
    limit: 7,
    cursor: undefined,
  });
});

test('a path is found by id, and an unknown or malformed id is a 404 problem', async () => {
  const { get } = await apiUnderTest({ store: memoryStore(paths) });
  const found = await get(`/api/v1/paths/${paths[0]?.pathId}`);
  expect(found.json()).toEqual(paths[0]);
  for (const id of ['00000000000-0000000000000000', 'nonsense', '..%2f..%2fetc']) {
    const missing = await get(`/api/v1/paths/${id}`);
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['content-type']).toBe('application/problem+json');
    expect(problemSchema.parse(missing.json()).code).toBe('HOP_PATH_NOT_FOUND');
  }
});

test('refusals carry cause and remedy', async () => {
  const { get } = await apiUnderTest({ store: memoryStore(paths) });
  const list = refusalListSchema.parse((await get('/api/v1/refusals')).json());
  expect(list.items.map((item) => [item.kind, item.cause])).toEqual([
    ['reset', 'closedPort'],
    ['rejected', 'noEndpoints'],
    ['dropped', 'noLocalEndpoints'],
  ]);
});

test('an agent that was not heard of for 20 s is silent, in the list and in the overview', async () => {
  const store = memoryStore(paths);
  const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 3, unsentRecords: 0, ringRefusals: 0 };
  const row = {
    cluster: 'lab',
    bootId: 'boot-0001',
    losses,
    addresses: [{ ip: '192.168.50.11', ifname: 'eth0' }],
    facts: null,
  };
  store.agents.push({ ...row, node: 'node1', lastSeenUs: NOW_US - 20_000_000 });
  store.agents.push({ ...row, node: 'node2', lastSeenUs: NOW_US - 20_000_001 });
  const { get } = await apiUnderTest({ store });
  const agents = agentListSchema.parse((await get('/api/v1/agents')).json());
  expect(agents.items.map((agent) => [agent.node, agent.isSilent])).toEqual([
    ['node1', false],
    ['node2', true],
  ]);
  const overview = overviewSchema.parse((await get('/api/v1/overview')).json());
  expect(overview).toMatchObject({
    fromUs: NOW_US - 15 * MINUTE_US,
    toUs: NOW_US,
    paths: 7,
    outcomes: { served: 4, reset: 1, rejected: 1, dropped: 1, unknown: 0 },
    withExtraHops: 1,
    agents: { known: 2, silent: 1 },
  });
});

test('pages visit every path once, in the window of the first page', async () => {
  const store = memoryStore(paths);
  const { get } = await apiUnderTest({ store });
  const visited: string[] = [];
  let url = '/api/v1/paths?limit=3';
  for (let page = 0; page < 5; page++) {
    const list = pathListSchema.parse((await get(url)).json());
    visited.push(...list.items.map((item) => item.pathId));
    if (list.nextCursor === null) break;
    url = `/api/v1/paths?limit=3&cursor=${list.nextCursor}`;
  }
  expect(visited).toEqual([...paths].reverse().map((path) => path.pathId));
  expect(new Set(store.asked.map(({ from, to }) => `${from} ${to}`)).size).toBe(1);
});

test('a document that breaks its schema is not sent', async () => {
  const [first] = samplePaths(RECENT_US);
  const broken = { ...first, crossings: 'two' } as unknown as (typeof paths)[number];
  const { get } = await apiUnderTest({ store: memoryStore([broken]) });
  const answer = await get('/api/v1/paths');
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toMatchObject({ code: 'HOP_INTERNAL' });
  expect(answer.body).not.toContain('two');
});
