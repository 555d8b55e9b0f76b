import type { TopologyItem } from '@hoptrace/domain/rest/topology.ts';
import { expect, test } from '@jest/globals';
import { samplePaths } from '../../../test/samples/paths.ts';
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

test('the rules that lead to the app of a path are told, with what is not known', async () => {
  const NOW = NOW_US - 1_000_000;
  const store = memoryStore();
  const path = samplePaths(NOW).find(({ hops }) =>
    hops.some(({ from }) => from.role === 'ingress'),
  );
  const behind = path?.hops.findLast(({ from }) => from.role === 'ingress')?.to.ip;
  if (path === undefined || behind === undefined) throw new Error('no sample with an ingress');
  store.paths.push(path);
  const put = (kind: TopologyItem['kind'], name: string, object: object) =>
    store.objects.push({
      ...{ ...item(name), kind, cluster: path.cluster },
      object: { kind, metadata: { name, namespace: 'shop' }, ...object },
    });
  const { get } = await apiUnderTest({ store });
  const ask = async () => (await get(`/api/v1/paths/${path.pathId}/routes`)).json();
  expect(await ask()).toMatchObject({ services: [], rules: [] });
  put('EndpointSlice', 'cart-x', {
    metadata: {
      ...{ name: 'cart-x', namespace: 'shop' },
      labels: { 'kubernetes.io/service-name': 'cart' },
    },
    endpoints: [{ addresses: [behind] }],
  });
  expect((await ask()).text).toBe(
    'No Ingress and no HTTPRoute that hoptrace watches leads to shop/cart.',
  );
  const backend = { service: { name: 'cart', port: { number: 80 } } };
  const rule = (host: string) => ({ host, http: { paths: [{ path: '/', backend }] } });
  put('Ingress', 'edge', { spec: { rules: [rule('a.example')] } });
  expect(await ask()).toMatchObject({ isWhole: true, rules: [{ host: 'a.example', path: '/' }] });
  put('Ingress', 'other', { spec: { rules: [rule('b.example')] } });
  expect((await ask()).text).toContain('which of them it matched is not known');
});
