import { expect, test } from '@jest/globals';
import { changesOf, type ObjectState } from './changesOf.ts';

const WINDOW = { fromUs: 1000, toUs: 2000 };

function state(change: Partial<ObjectState>): ObjectState {
  return {
    cluster: 'c1',
    kind: 'Service',
    namespace: 'shop',
    name: 'web',
    fromUs: Number.NEGATIVE_INFINITY,
    earliestUs: Number.NEGATIVE_INFINITY,
    toUs: Number.POSITIVE_INFINITY,
    earliestToUs: Number.POSITIVE_INFINITY,
    object: {},
    ...change,
  };
}
const service = (externalTrafficPolicy: string, nodePort = 30080) => ({
  spec: { type: 'NodePort', externalTrafficPolicy, ports: [{ name: 'http', port: 80, nodePort }] },
});
const slice = (...endpoints: [string, string, boolean][]) => ({
  metadata: { labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints: endpoints.map(([ip, nodeName, ready]) => ({
    addresses: [ip],
    nodeName,
    conditions: { ready },
  })),
});

test('a flipped policy is told with the time between which it happened', () => {
  const changes = changesOf(
    [
      state({ toUs: 1500, earliestToUs: 1400, object: service('Cluster') }),
      state({ fromUs: 1500, earliestUs: 1400, object: service('Local') }),
    ],
    WINDOW,
  );
  expect(changes).toEqual([
    {
      atUs: 1500,
      earliestAtUs: 1400,
      kind: 'policy',
      cluster: 'c1',
      namespace: 'shop',
      name: 'web',
      field: 'externalTrafficPolicy',
      before: 'Cluster',
      after: 'Local',
      nodes: [],
      text: 'externalTrafficPolicy: Cluster → Local',
    },
  ]);
});

test('endpoints that come and go are told under the Service, with their machines', () => {
  const kind = 'EndpointSlice';
  const states = [
    state({ kind, name: 'web-x1', fromUs: 1500, object: slice(['10.1.0.6', 'node-c', true]) }),
    state({ kind, name: 'web-x1', toUs: 1500, object: slice(['10.1.0.5', 'node-b', true]) }),
  ];
  expect(changesOf(states, WINDOW)).toMatchObject([
    {
      name: 'web',
      kind: 'endpoints',
      nodes: ['node-b', 'node-c'],
      text: 'ready: 10.1.0.6 on node-c; no longer ready: 10.1.0.5 on node-b (1 → 1 ready)',
    },
  ]);
});

test('what was known all along is no change; what appeared or went is', () => {
  expect(changesOf([state({ object: service('Local') })], WINDOW)).toEqual([]);
  expect(changesOf([state({ fromUs: 1200, object: service('Local') })], WINDOW)).toMatchObject([
    { text: 'Service web appeared', before: '', after: 'exists' },
  ]);
  expect(changesOf([state({ kind: 'Node', name: 'node-c', toUs: 1300 })], WINDOW)).toMatchObject([
    { kind: 'node', text: 'Node node-c is gone', nodes: ['node-c'], atUs: 1300 },
  ]);
});

test('changes outside of the range, equal states and foreign objects are left out', () => {
  const twice = [
    state({ toUs: 1500, object: service('Local') }),
    state({ fromUs: 1500, object: service('Local') }),
  ];
  expect(changesOf(twice, WINDOW)).toEqual([]);
  const early = [
    state({ toUs: 500, object: service('Cluster') }),
    state({ fromUs: 500, object: service('Local') }),
  ];
  expect(changesOf(early, WINDOW)).toEqual([]);
  const foreign = [state({ toUs: 1500, object: 7 }), state({ fromUs: 1500, object: null })];
  expect(changesOf(foreign, WINDOW)).toEqual([]);
});

test('what a health check says is told under its Service, with the machine; that somebody began to ask is not', () => {
  const kind = 'HealthCheck';
  const check = (of: string, httpStatus: number, localEndpoints: number) => ({
    ...{ service: 'web', node: 'node-c', port: 32_000, state: of, httpStatus, localEndpoints },
    ...{ isProxyHealthy: true, note: '' },
  });
  const name = 'web@node-c';
  const states = [
    state({ kind, name, fromUs: 1100, toUs: 1500, object: check('healthy', 200, 1) }),
    state({ kind, name, fromUs: 1500, earliestUs: 1400, object: check('unhealthy', 503, 0) }),
  ];
  expect(changesOf(states, WINDOW)).toEqual([
    {
      ...{ atUs: 1500, earliestAtUs: 1400, kind: 'health', cluster: 'c1', namespace: 'shop' },
      ...{ name: 'web', field: 'health check', before: 'healthy', after: 'unhealthy' },
      nodes: ['node-c'],
      text: 'health check of node-c: healthy → unhealthy (503, 0 local endpoints)',
    },
  ]);
});
