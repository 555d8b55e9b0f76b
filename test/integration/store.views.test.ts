/** What the views of a service read, from a real store that holds recorded paths. */
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { refusalTimeline } from '@hoptrace/store/queries/refusalTimeline.ts';
import { serviceGraph } from '@hoptrace/store/queries/serviceGraph.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from './embedded.ts';
import { hop, party, refusedPath, samplePath, T0_US } from './storeSamples.ts';

jest.setTimeout(120_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
}, 120_000);
afterAll(() => fixture.stop(), 60_000);

const window = { fromUs: T0_US - 60_000_000, toUs: T0_US + 3_600_000_000 };
const filter = {
  clusters: [],
  serviceNamespace: 'shop',
  serviceName: 'web',
  servicePort: '',
  node: '',
};

const client = party({ role: 'client', ip: '198.51.100.7', port: 41_000 });
const nodeA = party({ node: 'node-a' });
const app = party({ role: 'app', name: 'shop/web-1', node: 'node-b', ip: '10.1.0.5', port: 8080 });
const exact = (us: number) => ({
  valueNs: us * 1000,
  lowNs: us * 900,
  highNs: us * 1100,
  method: 'handshakeDifference' as const,
});
const twoHops = [
  hop({ from: client, to: nodeA }),
  hop({
    index: 1,
    from: nodeA,
    to: app,
    kind: 'nodeForward',
    extra: true,
    rtt: exact(700),
    rewrite: {
      mechanism: 'snat',
      before: '198.51.100.7:41000',
      after: '192.0.2.10:5555',
      cause: 'externalTrafficPolicy: Cluster',
      recoverable: false,
    },
  }),
];
/** The address of the node's bridge, which is no party of the path. */
const byBridge = (value: string) => value.replace('192.0.2.10:', '10.1.0.1:');
const verdict = {
  scenario: 'rewrittenByCluster' as const,
  text: 'node-a replaced the source.',
  believable: true,
  remedy: 'Set externalTrafficPolicy: Local.',
  clientSeenBy: [
    { party: 'node-a', sees: '198.51.100.7:41000', isClient: true, recoverable: true },
    { party: 'shop/web-1', sees: '192.0.2.10:5555', isClient: false, recoverable: false },
  ],
};

const masqueradedByBridge = ({ rewrite, ...each }: (typeof twoHops)[number]) => ({
  ...each,
  rewrite: rewrite === null ? null : { ...rewrite, after: byBridge(rewrite.after) },
});
const verdictByBridge = {
  ...verdict,
  clientSeenBy: verdict.clientSeenBy.map((each) => ({ ...each, sees: byBridge(each.sees) })),
};

test('edges, sightings and scenarios are added up by weight', async () => {
  const paths = Array.from({ length: 7 }, (_, index) =>
    samplePath({
      startedAtUs: T0_US + index * 1_000_000,
      tail: 100 + index,
      hops: index % 2 === 0 ? twoHops : twoHops.map(masqueradedByBridge),
      extraHops: 1,
      sourceVerdict: index % 2 === 0 ? verdict : verdictByBridge,
      ...(index === 0 ? { weight: 5 } : {}),
    }),
  );
  await insertPaths(fixture.store, paths, 'graph');
  const graph = await serviceGraph(fixture.store, filter, { window });
  expect(graph).toMatchObject({
    isWhole: true,
    totals: { requests: 11, outcomes: { served: 11 }, withExtraHops: 11, crossings: 11 },
  });
  expect(graph.edges).toHaveLength(2);
  expect(graph.edges[0]).toMatchObject({
    source: ['client', '', ''],
    target: ['node', 'node-a', 'node-a'],
    requests: 11,
    median_ns: null,
    bound_ns: 2_100_000,
    ports: [30_080],
  });
  expect(graph.edges[1]).toMatchObject({
    target: ['app', 'shop/web-1', 'node-b'],
    extra: 11,
    crosses_node: 11,
    measured: 11,
    median_ns: 700_000,
  });
  expect(graph.sightings).toMatchObject([
    { place: 0, role: 'node', seenAs: 'client', visibility: 'client', requests: 11 },
    { place: 1, role: 'app', seenAs: 'node', visibility: 'hidden', mechanism: 'snat' },
  ]);
  expect(graph.scenarios).toMatchObject([
    { scenario: 'rewrittenByCluster', requests: 11, believable: 11, contradicted: 0 },
  ]);
  expect(graph.totals.responseP50Ns).toBeNull();
  const none = await serviceGraph(fixture.store, { ...filter, node: 'node-x' }, { window });
  expect(none).toMatchObject({ isWhole: true, edges: [], sightings: [], scenarios: [] });
});

test('a place tells what it refused and what it took, step by step', async () => {
  const at = (seconds: number, tail: number) =>
    refusedPath({ startedAtUs: T0_US + seconds * 1_000_000, tail });
  await insertPaths(fixture.store, [at(0, 1), at(1, 2), at(130, 3)], 'refused');
  const stepUs = 60_000_000;
  const found = await refusalTimeline(fixture.store, filter, { window, stepUs });
  expect(found.refusedSinceUs).toBe(window.fromUs);
  const [first] = found.places;
  expect(first).toMatchObject({ node: 'node-a', port: 30_080, services: ['shop/web'], refused: 3 });
  expect(first?.accepted).toBe(11);
  expect(first?.buckets.map(({ rejected }) => rejected).filter((count) => count > 0)).toEqual([
    2, 1,
  ]);
  expect(first?.buckets.every(({ startUs }) => startUs % stepUs === 0)).toBe(true);
});
