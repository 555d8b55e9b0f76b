import { expect, test } from '@jest/globals';
import { apiUnderTest, NOW_US } from '../testing/apiUnderTest.ts';
import { memoryStore } from '../testing/memoryStore.ts';

const MINUTE_US = 60_000_000;

test('a policy that flipped in the range is listed with both values', async () => {
  const base = { cluster: 'c1', kind: 'Service', namespace: 'shop', name: 'web' };
  const at = NOW_US - MINUTE_US;
  const object = (externalTrafficPolicy: string) => ({ spec: { externalTrafficPolicy } });
  const old = { ...base, fromUs: Number.NEGATIVE_INFINITY, earliestUs: Number.NEGATIVE_INFINITY };
  const open = { toUs: Number.POSITIVE_INFINITY, earliestToUs: Number.POSITIVE_INFINITY };
  const store = memoryStore();
  store.states.push(
    { ...old, toUs: at, earliestToUs: at, object: object('Cluster') },
    { ...base, ...open, fromUs: at, earliestUs: at, object: object('Local') },
  );
  const { get } = await apiUnderTest({ store });
  const answer = await get('/api/v1/changes?service=shop/web');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({
    isWhole: true,
    items: [{ atUs: at, kind: 'policy', before: 'Cluster', after: 'Local' }],
  });
});

test('a timeline has at most 90 steps, and its range is widened to whole ones', async () => {
  const { get } = await apiUnderTest();
  const from = NOW_US - 6 * 60 * MINUTE_US + 1;
  const answer = (await get(`/api/v1/refusals/timeline?from=${from}&to=${NOW_US}`)).json();
  expect(answer).toMatchObject({ stepSeconds: 300, places: [], toUs: NOW_US });
  expect(answer.fromUs).toBe(NOW_US - 6 * 60 * MINUTE_US);
});

test.each([
  ['/api/v1/refusals/timeline?step=1&from=2026-08-01T00:00:00Z', 'step'],
  ['/api/v1/refusals/timeline?step=0', 'step'],
  ['/api/v1/changes?service=web', 'service'],
  ['/api/v1/services/shop/web/graph?from=5', 'from'],
])('%s is refused by name', async (url, field) => {
  const { get } = await apiUnderTest();
  const answer = await get(url);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().errors[0].field).toBe(field);
});

test('a service that nobody called has an empty graph, not an error', async () => {
  const { get } = await apiUnderTest();
  const answer = await get('/api/v1/services/shop/web/graph');
  expect(answer.json()).toMatchObject({ totals: { requests: 0 }, parties: [], edges: [] });
});
