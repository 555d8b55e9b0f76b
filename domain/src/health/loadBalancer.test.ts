import { expect, test } from '@jest/globals';
import { service } from './builders.ts';
import { loadBalancerOf } from './loadBalancer.ts';
import { proxyEnds } from './proxyEnds.ts';
import { expectationOf } from './proxySettings.ts';

const AWS = 'service.beta.kubernetes.io/aws-load-balancer-';
const NO_SETTINGS = { pods: [], configMaps: new Map() };
const annotated = (annotations: Record<string, string>) =>
  loadBalancerOf(service({}, { annotations }));

test('a Service that nothing stands in front of has none', () => {
  expect(loadBalancerOf(service({ type: 'NodePort' }))).toBeNull();
});

test('known by its status: addresses and host names', () => {
  const ingress = [{ ip: '198.51.100.1' }, { hostname: 'lb.example' }];
  expect(loadBalancerOf(service({}, { ingress }))).toMatchObject({
    ...{ kind: 'other', addresses: ['198.51.100.1'], hostnames: ['lb.example'] },
    knownBy: ['spec.type', 'status.loadBalancer.ingress'],
  });
});

test.each([
  ['awsNetworkInstance', { [`${AWS}type`]: 'external', [`${AWS}proxy-protocol`]: '*' }, 'v2'],
  ['awsNetworkIp', { [`${AWS}type`]: 'nlb-ip' }, null],
  ['awsClassic', { [`${AWS}proxy-protocol`]: '*' }, 'v1'],
  ['metalLb', { 'metallb.io/ip-allocated-from-pool': 'a' }, null],
  ['hetzner', { 'load-balancer.hetzner.cloud/uses-proxyprotocol': 'true' }, 'v2'],
  [
    'linode',
    { 'service.beta.kubernetes.io/linode-loadbalancer-default-proxy-protocol': 'v1' },
    'v1',
  ],
  ['openStack', { 'loadbalancer.openstack.org/proxy-protocol': 'false' }, 'off'],
  ['unknown', {}, null],
])('%s by its annotations', (kind, annotations, sendsProxy) => {
  expect(annotated(annotations)).toMatchObject({ kind, sendsProxy });
});

test('what is configured is believed before what a cloud reads', () => {
  const found = annotated({
    [`${AWS}proxy-protocol`]: '*',
    'hoptrace/load-balancer-sends-proxy-protocol': 'off',
  });
  expect(found).toMatchObject({
    ...{ sendsProxy: 'off', sendsProxyBy: 'hoptrace/load-balancer-sends-proxy-protocol' },
  });
});

test.each([
  ['v2', 'on', 'agree', false],
  ['v2', 'off', 'sentNotExpected', true],
  ['off', 'on', 'expectedNotSent', true],
  ['off', 'off', 'notUsed', false],
  ['v1', null, 'unknown', true],
  [null, 'on', 'unknown', true],
  [null, null, 'unknown', true],
])('PROXY protocol: sends %s, expects %s: %s', (sends, expects, agreement, hasRemedy) => {
  const balancer = annotated({
    ...(sends === null ? {} : { 'hoptrace/load-balancer-sends-proxy-protocol': sends }),
    ...(expects === null ? {} : { 'hoptrace/expects-proxy-protocol': expects }),
  });
  if (balancer === null) throw new Error('no load balancer');
  const finding = proxyEnds(balancer, expectationOf(balancer, NO_SETTINGS));
  expect([finding.agreement, finding.remedy !== '']).toEqual([agreement, hasRemedy]);
});
