import { expect, test } from '@jest/globals';
import { service, slice, version } from './builders.ts';
import { expectedOf, expectedThrough } from './expected.ts';

const at = { node: 'node1' };
const ready = { node: 'node1', ip: '10.0.1.1' };
const there = { node: 'node2', ip: '10.0.2.1' };
const terminating = { ready: false, serving: true, terminating: true };

test('a ready endpoint on the node: healthy, and served', () => {
  expect(expectedOf(service(), [slice([ready, there])], at)).toEqual({
    ...{ health: 'healthy', localEndpoints: 1, isServed: true },
  });
});

test('none on the node: unhealthy, and dropped', () => {
  expect(expectedOf(service(), [slice([there])], at)).toEqual({
    ...{ health: 'unhealthy', localEndpoints: 0, isServed: false },
  });
});

test('the last one terminates and still serves: the check fails, and connections are served', () => {
  const leaving = slice([{ ...ready, conditions: terminating }]);
  expect(expectedOf(service(), [leaving], at)).toEqual({
    ...{ health: 'unhealthy', localEndpoints: 0, isServed: true },
  });
});

test('it terminates and does not serve: nobody is served', () => {
  const gone = slice([{ ...ready, conditions: { ...terminating, serving: false } }, there]);
  expect(expectedOf(service(), [gone], at)).toMatchObject({ health: 'unhealthy', isServed: false });
});

test('ready though it terminates (publishNotReadyAddresses): what the check says is not known', () => {
  const both = slice([{ ...ready, conditions: { ready: true, terminating: true } }]);
  expect(expectedOf(service(), [both], at)).toMatchObject({
    ...{ health: 'unknown', localEndpoints: null },
  });
});

test('one address in two slices, or behind two ports, is one endpoint', () => {
  const ports = [
    { name: 'http', port: 80, nodePort: 30_080 },
    { name: 'other', port: 81, nodePort: 30_081 },
  ];
  const found = expectedOf(service({ ports }), [slice([ready]), slice([ready])], at);
  expect(found.localEndpoints).toBe(1);
});

test.each([
  ['type NodePort', { type: 'NodePort' }],
  ['externalTrafficPolicy Cluster', { externalTrafficPolicy: 'Cluster' }],
  ['no port given yet', { healthCheckNodePort: 0 }],
])('%s: there is no health check', (_, spec) => {
  expect(expectedOf(service(spec), [slice([ready])], at).health).toBe('none');
});

test('policy Cluster serves from anywhere', () => {
  const cluster = service({ externalTrafficPolicy: 'Cluster' });
  expect(expectedOf(cluster, [slice([there])], at).isServed).toBe(true);
});

test('while a change may have happened already, and before anybody told: unknown', () => {
  const history = {
    services: [version(service(), 10)],
    slices: [
      version(slice([ready]), 10, 40, { earliestToUs: 30 }),
      version(slice([there]), 40, Number.POSITIVE_INFINITY, { earliestUs: 30 }),
    ],
  };
  const found = expectedThrough(history, at, { fromUs: 0, toUs: 60 });
  expect(found.map(({ fromUs, value }) => [fromUs, value.health, value.isServed])).toEqual([
    [0, 'unknown', null],
    [10, 'healthy', true],
    [30, 'unknown', null],
    [40, 'unhealthy', false],
  ]);
});
