import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import { expect, test } from '@jest/globals';
import { apiUnderTest, NOW_US } from './testing/apiUnderTest.ts';

const URL = '/api/v1/services/shop/web/stats';

test('a window is widened to whole steps, and every filter reaches the store', async () => {
  const { get, store } = await apiUnderTest();
  const from = '2026-09-01T12:00:30Z';
  const answer = await get(
    `${URL}?from=${from}&to=2026-09-01T12:09:01Z&step=300&port=http&entryNode=node1&ingress=ns/pod`,
  );
  expect(answer.statusCode).toBe(200);
  const window = {
    from: Date.UTC(2026, 8, 1, 12) * 1000,
    to: Date.UTC(2026, 8, 1, 12, 10) * 1000,
  };
  const asked = { namespace: 'shop', name: 'web', port: 'http', entryNode: 'node1' };
  expect(store.askedStats).toEqual([{ ...window, ...asked, ingress: 'ns/pod', stepSeconds: 300 }]);
  expect(answer.json()).toEqual({
    fromUs: window.from,
    toUs: window.to,
    stepSeconds: 300,
    points: [],
    hops: [],
    countedUntilUs: null,
  });
});

test('without a step, up to six hours are told by minute and more by hour', async () => {
  const { get } = await apiUnderTest();
  const stepAt = async (hours: number) =>
    (await get(`${URL}?from=${NOW_US - hours * 3_600_000_000}`)).json().stepSeconds;
  expect(await stepAt(6)).toBe(60);
  expect(await stepAt(6.1)).toBe(3600);
});

test.each([
  ['step=59', 'step'],
  ['step=420', 'step'],
  ['step=5400', 'step'],
  ['step=x', 'step'],
  ['step=60&from=2026-08-01T00:00:00Z', 'step'],
  ['from=2026-10-01T00:00:00Z', 'from'],
  ['stop=60', 'stop'],
])('%s is refused by name', async (query, field) => {
  const { get } = await apiUnderTest();
  const answer = await get(`${URL}?${query}`);
  expect(answer.statusCode).toBe(400);
  const problem = problemSchema.parse(answer.json());
  expect(problem.errors?.[0]?.field).toBe(field);
  expect(problem.errors?.[0]?.remedy).not.toBe('');
});

test('the list of services widens its window to whole minutes', async () => {
  const { get, store } = await apiUnderTest();
  const answer = await get(`/api/v1/services?from=${NOW_US - 90_000_001}&to=${NOW_US}`);
  expect(answer.json()).toEqual({
    fromUs: NOW_US - 120_000_000,
    toUs: NOW_US,
    countedUntilUs: null,
    items: [],
    nextCursor: null,
  });
  expect(store.askedStats).toEqual([{ from: NOW_US - 120_000_000, to: NOW_US }]);
});
