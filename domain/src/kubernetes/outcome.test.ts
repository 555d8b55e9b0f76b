import { expect, test } from '@jest/globals';
import { buildTopology } from '../topology/topology.ts';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import { expectedOutcome } from './outcome.ts';
import { viewOf } from './target.ts';

const node = (name: string, zone: string, index: number, annotations: object = {}) => ({
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone }, annotations },
  spec: { podCIDRs: [`10.244.${index}.0/24`] },
  status: { addresses: [{ type: 'InternalIP', address: `192.168.50.${index}` }] },
});
const service = (spec: object = {}, annotations: object = {}, ingress: object = {}) => ({
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', annotations },
  spec: {
    type: 'LoadBalancer',
    clusterIPs: ['10.96.0.9'],
    ports: [{ name: 'http', port: 80, nodePort: 30080 }],
    ...spec,
  },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.200', ...ingress }] } },
});
const slice = (...endpoints: object[]) => ({
  kind: 'EndpointSlice',
  metadata: { name: 'w', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
});
const on = (nodeName: string, ip: string, hints: object | null = null) => ({
  addresses: [ip],
  nodeName,
  hints,
});
const forZone = (...names: string[]) => ({ forZones: names.map((name) => ({ name })) });
const forNode = (...names: string[]) => ({ forNodes: names.map((name) => ({ name })) });
const NODES = [node('a', 'east', 1), node('b', 'east', 2), node('c', 'west', 3)];

function outcome(objects: readonly object[], src: string, dst: string, at = 'a') {
  const topology = buildTopology(objects.map((object) => kubernetesObjectSchema.parse(object)));
  const [ip = '', port = ''] = dst.split(':');
  return expectedOutcome(topology, {
    view: viewOf(topology, at),
    src: { ip: src },
    dst: { ip, port: Number(port) },
  });
}
const OUTSIDE = '203.0.113.10';
const NODE_PORT = '192.168.50.1:30080';
const VIP = '192.0.2.200:80';

test('hints by zone keep Cluster traffic in the zone; one endpoint without a hint switches them off', () => {
  const east = on('b', '10.244.2.1', forZone('east'));
  const west = on('c', '10.244.3.1', forZone('west'));
  const found = outcome([...NODES, service(), slice(east, west)], OUTSIDE, NODE_PORT);
  expect(found.choices.map((choice) => choice.endpoint.ip)).toEqual(['10.244.2.1']);
  expect(found).toMatchObject({ narrowedBy: 'zoneHints', minCrossings: 1 });
  const mixed = outcome(
    [...NODES, service(), slice(east, on('c', '10.244.3.1'))],
    OUTSIDE,
    NODE_PORT,
  );
  expect(mixed.choices).toHaveLength(2);
  const elsewhere = outcome([...NODES, service(), slice(west)], OUTSIDE, NODE_PORT);
  expect(elsewhere).toMatchObject({ narrowedBy: null, verdict: 'forward' });
});

test('hints by node go before hints by zone, and never bind policy Local', () => {
  const hinted = { ...forNode('b'), ...forZone('east') };
  const endpoints = [
    on('a', '10.244.1.1', { ...forNode('a'), ...forZone('east') }),
    on('b', '10.244.2.1', hinted),
  ];
  const found = outcome([...NODES, service(), slice(...endpoints)], OUTSIDE, NODE_PORT);
  expect(found).toMatchObject({ narrowedBy: 'nodeHints', minCrossings: 0 });
  const local = outcome(
    [...NODES, service({ externalTrafficPolicy: 'Local' }), slice(on('a', '10.244.1.1', hinted))],
    OUTSIDE,
    NODE_PORT,
  );
  expect(local).toMatchObject({ narrowedBy: 'Local', minCrossings: 0, verdict: 'forward' });
});

test('source ranges bind the load balancer address, for Pods too, and never the NodePort', () => {
  const objects = [
    ...NODES,
    service({ loadBalancerSourceRanges: ['198.51.100.0/24', '2001:db8::/32'] }),
    slice(on('a', '10.244.1.1')),
  ];
  expect(outcome(objects, OUTSIDE, VIP)).toMatchObject({ verdict: 'drop', cause: 'sourceRanges' });
  expect(outcome(objects, '198.51.100.255', VIP).verdict).toBe('forward');
  expect(outcome(objects, '10.244.1.7', VIP).verdict).toBe('drop');
  expect(outcome(objects, OUTSIDE, NODE_PORT).verdict).toBe('forward');
});

test('a Local Service is served from the whole cluster for own Pods (no SNAT) and own processes (SNAT)', () => {
  const objects = [
    ...NODES,
    service({ externalTrafficPolicy: 'Local' }),
    slice(on('b', '10.244.2.1')),
  ];
  expect(outcome(objects, '10.244.1.7', VIP)).toMatchObject({
    policy: 'Cluster',
    choices: [{ snat: null, sees: ['10.244.1.7'], crosses: true }],
  });
  expect(outcome(objects, '192.168.50.1', VIP).choices[0]?.snat).toBe('nodeProcess');
  const blind = [node('a', 'east', 1, { 'hoptrace/local-detector': 'none' }), ...objects.slice(1)];
  expect(outcome(blind, '10.244.1.7', VIP).cause).toBe('noLocalEndpoints');
});

test('OpenShift’s annotation turns Local without endpoint into Cluster', () => {
  const fallback = {
    'traffic-policy.network.alpha.openshift.io/local-with-fallback': '',
  };
  const objects = [
    ...NODES,
    service({ externalTrafficPolicy: 'Local' }, fallback),
    slice(on('b', '10.244.2.1')),
  ];
  expect(outcome(objects, OUTSIDE, NODE_PORT)).toMatchObject({
    verdict: 'forward',
    policy: 'Cluster',
  });
});

test('an address with ipMode Proxy passes by', () => {
  const objects = [...NODES, service({}, {}, { ipMode: 'Proxy' }), slice(on('a', '10.244.1.1'))];
  expect(outcome(objects, '10.244.1.7', VIP).verdict).toBe('pass');
});

test('an unknown data plane is assumed, said so, and every verdict that exists stays possible', () => {
  const objects = [
    ...NODES,
    service({ externalTrafficPolicy: 'Local' }),
    slice(on('b', '10.244.2.1')),
  ];
  const found = outcome(objects, OUTSIDE, NODE_PORT);
  expect(found).toMatchObject({ verdict: 'drop', alsoPossible: ['misroute', 'reject'] });
  expect(found.inferred[0]).toContain('is not known');
});

test('addresses that nobody knows give no verdict, not a guess', () => {
  expect(outcome(NODES, OUTSIDE, '8.8.8.8:53')).toMatchObject({ verdict: 'unknown', cause: null });
});
