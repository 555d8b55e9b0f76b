import type { TopologyItem } from '@hoptrace/domain/rest/topology.ts';
import { expect, test } from '@jest/globals';
import { apiUnderTest, NOW_US } from '../testing/apiUnderTest.ts';
import { memoryStore } from '../testing/memoryStore.ts';

const item = (name: string): TopologyItem => ({
  ...{ cluster: 'lab', kind: 'Pod', namespace: 'shop', name, source: 'watch', revision: '7' },
  ...{ validFromUs: 5, earliestFromUs: 5, validToUs: null, earliestToUs: null },
  object: { kind: 'Pod' },
});

async function apiWith(...names: string[]) {
  const store = memoryStore();
  store.objects.push(...names.map(item));
  return apiUnderTest({ store });
}

test('pages of one list are of one time, and the last one says so', async () => {
  const { get } = await apiWith('a', 'b', 'c');
  const first = (await get('/api/v1/topology?limit=2')).json();
  expect(first).toMatchObject({ atUs: NOW_US, items: [{ name: 'a' }, { name: 'b' }] });
  const second = await get(`/api/v1/topology?limit=2&cursor=${first.nextCursor}`);
  expect(second.json()).toEqual({ atUs: NOW_US, items: [item('c')], nextCursor: null });
});

test('what is wrong is named: an unknown field, a kind, a cursor of another time', async () => {
  const { get } = await apiWith('a', 'b');
  for (const [query, code, field] of [
    ['colour=red', 'HOP_PARAMETER_UNKNOWN', 'colour'],
    ['kind=Secret', 'HOP_PARAMETER_INVALID', 'kind'],
    ['at=yesterday', 'HOP_PARAMETER_INVALID', 'at'],
    ['cursor=abc', 'HOP_CURSOR_INVALID', 'cursor'],
  ]) {
    const answer = await get(`/api/v1/topology?${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, code]);
    expect(answer.json().errors[0].field).toBe(field);
  }
  const { nextCursor } = (await get('/api/v1/topology?limit=1&at=1764000000000005')).json();
  const other = await get(`/api/v1/topology?at=1764000000000006&cursor=${nextCursor}`);
  expect(other.json().code).toBe('HOP_CURSOR_INVALID');
});
