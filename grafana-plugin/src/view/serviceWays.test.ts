import { expect, test } from '@jest/globals';
import { comparedOf } from './beforeAfter.ts';
import { sampleChanges, sampleTimeline, sampleWays } from './samples/sampleWays.ts';
import { crossingsOf, findingsOf, graphOfWays } from './serviceWays.ts';
import { cellsOf, changesAt, marksOf } from './timelineLayout.ts';
import { topologyFacts } from './topologyFacts.ts';

test('refusals come first, with where and how many', () => {
  const [first] = findingsOf(sampleWays(1000));
  expect(first).toMatchObject({ tone: 'refused', about: 'refusals' });
  expect(first?.text).toBe('300 of 1000 requests refused (30 %), all on the way to node-c.');
  expect(first?.remedy).toContain('no ready endpoint on this node');
});

test('extra hops are told with their measured cost, and the hidden client with its remedy', () => {
  const [first, second] = findingsOf(sampleWays(1000, 'Cluster'));
  expect(first?.cost).toBe('Median round trip of such a hop: 680 µs to 1.9 ms.');
  expect(first?.remedy).toContain('Here nodes chose');
  expect(second?.remedy).toContain('externalTrafficPolicy: Local');
});

test('nothing wrong is said only of what was counted, and of no request nothing is said', () => {
  expect(findingsOf(sampleWays(0))).toEqual([]);
  const fine = sampleWays(10);
  const clean = {
    ...fine,
    edges: fine.edges.map((each) => ({ ...each, refused: 0, extra: 0, unseen: 0 })),
    totals: { ...fine.totals, outcomes: { served: 10 }, withExtraHops: 0 },
  };
  expect(findingsOf(clean).map(({ text }) => text)).toEqual([
    'No refusal and no known extra hop in 10 requests.',
  ]);
});

test('an edge that one tap alone timed is a bound', () => {
  const { edges } = graphOfWays(sampleWays(100));
  expect(edges.find(({ target }) => target === 'node node-b')).toMatchObject({
    isBound: true,
    medianNs: 700_000,
  });
});

test('crossings are pairs of known machines, the busiest first', () => {
  const [first] = crossingsOf(sampleWays(100, 'Cluster'));
  expect(first).toMatchObject({ from: 'node-a', to: 'node-b', requests: 100, crossesZone: false });
});

test('a flipped policy as numbers: refusals up, extra hops down, client known again', () => {
  const rows = comparedOf(sampleWays(1000, 'Cluster'), sampleWays(1000));
  const by = new Map(rows.map((row) => [row.name, row]));
  expect(by.get('refused')).toMatchObject({ before: '0 %', after: '30 %', tone: 'worse' });
  expect(by.get('with known extra hop')).toMatchObject({
    difference: '−45 points',
    tone: 'better',
  });
  expect(by.get('client known to the last party')).toMatchObject({ tone: 'better' });
  expect(by.get('response p99')).toMatchObject({ difference: '−11 ms' });
});

test('a side without requests has no shares and no difference', () => {
  const rows = comparedOf(sampleWays(0), sampleWays(10));
  expect(rows.find(({ name }) => name === 'refused')).toMatchObject({
    before: '–',
    difference: '',
  });
  expect(rows.find(({ name }) => name === 'response p99')?.after).toBe('too few');
});

test('cells tell refused from mixed, and marks that lie together become one', () => {
  const timeline = sampleTimeline(1);
  const [place] = timeline.places;
  if (place === undefined) throw new Error('no place');
  const kinds = new Set(cellsOf(place, timeline, 900).map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(['accepted', 'mixed', 'refused']);
  expect(marksOf(sampleChanges, timeline, { width: 900, apart: 10 })).toHaveLength(2);
  expect(marksOf(sampleChanges, timeline, { width: 900, apart: 900 })).toHaveLength(1);
  const kindsAt = (node: string) =>
    changesAt({ ...place, node }, sampleChanges).map(({ kind }) => kind);
  expect(kindsAt('node-c')).toEqual(['endpoints', 'health', 'policy']);
  expect(kindsAt('node-b')).toEqual(['policy']);
  expect(changesAt({ ...place, services: ['shop/other'] }, sampleChanges)).toEqual([]);
});

test('facts of an object name only what it says', () => {
  expect(
    topologyFacts({
      kind: 'Service',
      object: {
        spec: {
          type: 'NodePort',
          externalTrafficPolicy: 'Local',
          ports: [{ port: 80, nodePort: 30080 }],
        },
      },
    }),
  ).toEqual(['NodePort', 'externalTrafficPolicy: Local', '80 → NodePort 30080']);
  expect(topologyFacts({ kind: 'Pod', object: {} })).toEqual(['on no node yet']);
  expect(topologyFacts({ kind: 'EndpointSlice', object: { endpoints: null } })).toEqual([
    '0 of 0 endpoints ready',
  ]);
});

test('what an Ingress, a Gateway and a route lead to, in a few words', () => {
  const path = (service: string | null) => ({
    path: '/cart',
    ...(service === null ? {} : { backend: { service: { name: service } } }),
  });
  const rules = [
    { host: 'shop.example', http: { paths: [path('cart')] } },
    { http: { paths: [path(null)] } },
  ];
  expect(topologyFacts({ kind: 'Ingress', object: { spec: { rules } } })).toEqual([
    'shop.example/cart → cart',
    'any host/cart → no Service',
  ]);
  const listeners = [{ protocol: 'HTTPS', port: 443, hostname: '*.example' }];
  expect(topologyFacts({ kind: 'Gateway', object: { spec: { listeners } } })).toEqual([
    'HTTPS 443 for *.example',
  ]);
  const spec = { rules: [{ backendRefs: [{ name: 'cart' }, { name: 'cart' }] }] };
  expect(topologyFacts({ kind: 'HTTPRoute', object: { spec } })).toEqual(['any host', '→ cart']);
  const data = { 'use-proxy-protocol': 'true' };
  expect(topologyFacts({ kind: 'ConfigMap', object: { data } })).toEqual([
    'use-proxy-protocol: true',
  ]);
  expect(topologyFacts({ kind: 'ConfigMap', object: { data: {} } })).toEqual([
    'nothing of the PROXY protocol',
  ]);
});
