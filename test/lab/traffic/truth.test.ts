import { expect, test } from '@jest/globals';
import { scenarioById } from './scenarios.ts';
import { type ClientReport, evidenceFor, type SentRequest, truthOf } from './truth.ts';

function sent(scenarioId: string): SentRequest {
  const scenario = scenarioById(scenarioId);
  if (scenario === undefined) throw new Error(scenarioId);
  return { id: 'r-1', scenario, clientPort: 10_001 };
}
function report(part: Partial<ClientReport> = {}): ClientReport {
  return {
    ...{ id: 'r-1', startedAtUs: 1, connectUs: 500, totalUs: 900, status: 200, errorCode: null },
    ...part,
  };
}
const ingress = (pod: string, peer: string, proxyProtocol = ':') => ({
  ...{ id: 'r-1', server: '10.244.1.10:80', upstream: '', status: 200 },
  ...{ pod, peer, proxyProtocol, requestS: '0.012', connectS: '0.004', headerS: '0.010' },
});
const app = (pod: string, peer: string) => ({
  ...{ id: 'r-1', server: '10.244.1.20:8080', forwardedFor: '', status: 200 },
  ...{ pod, peer },
});
const delayUs = 2000;

test('a request to the wrong node crosses once more, and that crossing is extra', () => {
  const evidence = {
    ingress: ingress('ingress-nginx/controller-node2', '192.168.50.11:4711'),
    app: app('shop/app-node2', '10.244.2.10:4000'),
    balancer: undefined,
  };
  const truth = truthOf(sent('cross-node-cluster'), report(), { evidence, delayUs });
  expect(truth.result).toBe('served');
  expect(truth.ingressMs).toBeCloseTo(6);
  expect(truth.expected).toEqual({
    outcome: 'served',
    ingressPod: 'ingress-nginx/controller-node2',
    ingressPeer: { ip: '192.168.50.11', port: 4711 },
    appPod: 'shop/app-node2',
    appPeer: { ip: '10.244.2.10', port: 4000 },
    balancerSource: null,
    proxyProtocolClient: null,
    snat: true,
    crossingList: [
      { from: 'client', to: 'node1', delayUs: 0, extra: false },
      { from: 'node1', to: 'node2', delayUs: 0, extra: true },
    ],
    crossings: 2,
    extraHops: 1,
  });
});

test('Local policy keeps the client address; a remote app Pod is extra where a local one exists', () => {
  const evidence = {
    ingress: ingress('ingress-nginx/controller-node1', '203.0.113.10:10001'),
    app: app('shop/app-node2', '10.244.1.10:4000'),
    balancer: undefined,
  };
  const { expected } = truthOf(sent('local-with-pod'), report(), { evidence, delayUs });
  expect([expected.snat, expected.crossings, expected.extraHops]).toEqual([false, 2, 1]);
});

test('a Service whose only endpoint is behind the delayed link: the crossing is needed, and its delay known', () => {
  const evidence = {
    ingress: ingress('ingress-nginx/controller-node1', '10.244.1.1:4711'),
    app: app('shop/app-node3', '10.244.1.10:4000'),
    balancer: undefined,
  };
  const { expected } = truthOf(sent('delayed-app'), report(), { evidence, delayUs });
  expect(expected.crossingList.at(-1)).toEqual({
    ...{ from: 'node1', to: 'node3', delayUs: 4000, extra: false },
  });
  expect(expected.extraHops).toBe(0);
});

test('behind the load balancer, SNAT is judged from the balancer’s own source', () => {
  const evidence = {
    ingress: ingress('ingress-nginx/controller-node2', '192.168.50.5:600', '203.0.113.10:10001'),
    app: app('shop/app-node2', '10.244.2.10:4000'),
    balancer: { client: '203.0.113.10:10001', source: '192.168.50.5:600', node: 'node2' },
  };
  const { expected } = truthOf(sent('haproxy-proxy-v2-local'), report(), { evidence, delayUs });
  expect(expected).toMatchObject({
    snat: false,
    crossings: 2,
    balancerSource: { ip: '192.168.50.5', port: 600 },
    proxyProtocolClient: { ip: '203.0.113.10', port: 10_001 },
  });
});

const nothing = { ingress: undefined, app: undefined, balancer: undefined };
const refused = { connectUs: null, status: null, errorCode: 'ECONNREFUSED' };
test.each([
  ['closed-port', refused, 'reset'],
  ['no-endpoints', refused, 'rejected'],
  ['no-endpoints', { ...refused, errorCode: 'ETIMEDOUT' }, 'error'],
  ['local-without-pod', { ...refused, errorCode: 'ETIMEDOUT' }, 'dropped'],
  ['local-without-pod', refused, 'error'],
  ['closed-port', {}, 'error'],
])('%s with the client’s report %j is %s', (scenario, part, result) => {
  const truth = truthOf(sent(scenario), report(part), { evidence: nothing, delayUs });
  expect(truth.result).toBe(result);
  expect(truth.expected).toMatchObject({ snat: null, crossings: 1, extraHops: 0 });
});

test('a served request without its log lines has no evidence yet', () => {
  const logs = { ingress: new Map(), app: new Map(), balancer: new Map() };
  expect(evidenceFor(sent('same-node-cluster'), report(), logs)).toBe('ingress');
  expect(evidenceFor(sent('haproxy-plain'), report(), logs)).toBe('balancer');
  expect(evidenceFor(sent('closed-port'), report(refused), logs)).toEqual(nothing);
});
