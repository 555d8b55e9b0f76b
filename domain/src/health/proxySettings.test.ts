import { expect, test } from '@jest/globals';
import { type ConfigMapObject, configMapSchema, podSchema } from '../wire/kubernetes.ts';
import { service } from './builders.ts';
import { loadBalancerOf } from './loadBalancer.ts';
import { proxyEnds } from './proxyEnds.ts';
import { expectationOf } from './proxySettings.ts';

const SENDS = 'hoptrace/load-balancer-sends-proxy-protocol';
const EXPECTS = 'hoptrace/expects-proxy-protocol';
const ADDRESSES = 'hoptrace/load-balancer-addresses';

const pod = (...args: string[]) =>
  podSchema.parse({
    kind: 'Pod',
    metadata: { name: 'controller-1', namespace: 'ingress-nginx' },
    spec: { containers: [{ args }] },
    status: {},
  });
const NGINX = pod(
  '/nginx-ingress-controller',
  '--configmap=$(POD_NAMESPACE)/controller',
  '--default-ssl-certificate=a/b',
);
const HAPROXY = pod('--configmap', 'ingress-nginx/controller');

function mapOf(data: Record<string, string> | null): ReadonlyMap<string, ConfigMapObject> {
  const metadata = { name: 'controller', namespace: 'ingress-nginx' };
  const object = configMapSchema.parse({ kind: 'ConfigMap', metadata, data });
  return new Map([['ingress-nginx/controller', object]]);
}

function expectation(
  pods: readonly ReturnType<typeof pod>[],
  configMaps: ReadonlyMap<string, ConfigMapObject> = new Map(),
  more: { annotations?: Record<string, string>; spec?: object } = {},
) {
  const balancer = loadBalancerOf(service(more.spec, { annotations: more.annotations ?? {} }));
  if (balancer === null) throw new Error('no load balancer');
  const found = expectationOf(balancer, { pods, configMaps });
  return { ...found, finding: proxyEnds(balancer, found) };
}

test('of a container’s arguments only those are kept that say where the settings are', () => {
  expect(NGINX.spec.containers[0]?.args).toEqual(['--configmap=$(POD_NAMESPACE)/controller']);
  expect(HAPROXY.spec.containers[0]?.args).toEqual(['--configmap=ingress-nginx/controller']);
  expect(pod('--token=SECRET').spec.containers[0]?.args).toBeUndefined();
});

test.each([
  ['true', 'on'],
  ['True', 'on'],
  ['false', 'off'],
])('ingress-nginx with use-proxy-protocol %s: %s', (value, expects) => {
  const found = expectation([NGINX], mapOf({ 'use-proxy-protocol': value, other: 'x' }));
  expect(found).toMatchObject({ expects, by: 'ConfigMap ingress-nginx/controller' });
});

test('a ConfigMap without the setting, or without any: it is off', () => {
  expect(expectation([NGINX], mapOf({ 'ssl-ciphers': 'x' }))).toMatchObject({ expects: 'off' });
  expect(expectation([NGINX], mapOf(null))).toMatchObject({ expects: 'off' });
});

test('a ConfigMap that nobody sees: not known, and named', () => {
  const { expects, finding } = expectation([NGINX]);
  expect([expects, finding.agreement]).toEqual([null, 'unknown']);
  expect(finding.text).toContain('ConfigMap ingress-nginx/controller');
  expect(finding.remedy).toContain(EXPECTS);
});

test('a mismatch names both ends, and the key to change', () => {
  const annotations = { [SENDS]: 'v2' };
  const { finding } = expectation([NGINX], mapOf({ 'use-proxy-protocol': 'false' }), {
    annotations,
  });
  expect(finding.agreement).toBe('sentNotExpected');
  expect(finding.text).toContain('(ConfigMap ingress-nginx/controller)');
  expect(finding.remedy).toContain(
    'use-proxy-protocol: "true" in ConfigMap ingress-nginx/controller',
  );
  const off = expectation([NGINX], mapOf({ 'use-proxy-protocol': 'true' }), {
    annotations: { [SENDS]: 'off' },
  });
  expect(off.finding).toMatchObject({ agreement: 'expectedNotSent' });
});

test('the annotation of the Service is believed before the ConfigMap', () => {
  const annotations = { [EXPECTS]: 'on' };
  expect(
    expectation([NGINX], mapOf({ 'use-proxy-protocol': 'false' }), { annotations }),
  ).toMatchObject({ expects: 'on', by: EXPECTS });
});

test.each([
  ['203.0.113.2', 'Local', 'on'],
  ['198.51.100.7', 'Local', 'off'],
  // Other nodes replace the address.
  ['203.0.113.2', 'Cluster', null],
  ['', 'Local', null],
])('HAProxy with a list, load balancer %s, policy %s: %s', (address, policy, expects) => {
  const found = expectation([HAPROXY], mapOf({ 'proxy-protocol': '203.0.113.0/24, 10.0.0.1' }), {
    annotations: address === '' ? {} : { [ADDRESSES]: address },
    spec: { externalTrafficPolicy: policy },
  });
  expect(found.expects).toBe(expects);
  if (expects === null) expect(found.finding.text).toContain('203.0.113.0/24, 10.0.0.1');
});

test('HAProxy that expects headers from everybody', () => {
  const found = expectation([HAPROXY], mapOf({ 'proxy-protocol': '0.0.0.0/0' }));
  expect(found.expects).toBe('on');
});

test('Traefik accepts headers and needs none: neither end is wrong', () => {
  const traefik = pod('--entryPoints.web.proxyProtocol.insecure', '--api.insecure=true');
  for (const sends of ['v1', 'off']) {
    const { expects, by, finding } = expectation([traefik], new Map(), {
      annotations: { [SENDS]: sends },
    });
    expect([expects, by]).toEqual(['optional', '--entryPoints.web.proxyProtocol.insecure']);
    expect(finding.agreement).toBe(sends === 'off' ? 'notUsed' : 'agree');
  }
  expect(expectation([pod('--entrypoints.web.proxyprotocol.insecure=false')]).expects).toBeNull();
});

test('Pods that differ, as in a rollout: not known, and both are told', () => {
  const other = pod('--entrypoints.web.proxyprotocol.insecure=true');
  const found = expectation([NGINX, other], mapOf({ 'use-proxy-protocol': 'true' }));
  expect(found.expects).toBeNull();
  expect(found.finding.text).toContain('the Pods differ');
});

test('Pods that do not tell, and no Pods: nothing is guessed', () => {
  expect(expectation([pod('--verbose')]).expects).toBeNull();
  expect(expectation([]).expects).toBeNull();
});
