import { expect, test } from '@jest/globals';
import { EMPTY_HISTORY, topologyAsOf, withSnapshot } from '../kubernetes/history.ts';
import type { Pod } from '../topology/topology.ts';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import { evidenceOf, legsOf, refusalOf, type TapSpec } from './builders.ts';
import { reconstruct } from './reconstruct.ts';

const T0_US = 1_790_000_000_000_000;
const node = (name: string, ip: string) => ({
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address: ip }] },
});
const objects = (endpointNode: string | null, policy = 'Local') =>
  [
    node('node1', '192.168.50.11'),
    node('node2', '192.168.50.12'),
    {
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        externalTrafficPolicy: policy,
        ports: [{ name: 'http', port: 80, nodePort: 30080 }],
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: { name: 'w', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
      ports: [{ name: 'http', port: 8080 }],
      endpoints:
        endpointNode === null ? [] : [{ addresses: ['10.244.2.10'], nodeName: endpointNode }],
    },
  ].map((object) => kubernetesObjectSchema.parse(object));

const tap: TapSpec = {
  node: 'node1',
  role: 'uplink',
  direction: 'rx',
  tuple: '203.0.113.10:40000 > 192.168.50.11:30080',
};
const dropped = evidenceOf(
  ...legsOf({ id: 1, isAnswered: false, taps: [tap] }),
  refusalOf(1, tap, { refusal: 'dropped', reason: 'NETFILTER_DROP' }),
);
function refusalAt(history: typeof EMPTY_HISTORY, atUs = T0_US) {
  const topology = topologyAsOf(history, atUs);
  return reconstruct(dropped, { cluster: 'test', topology, addressesByNode: new Map() })[0]
    ?.refusal;
}

test('a connection is judged by the topology of its own time, not by a later one', () => {
  const before = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 3600e6);
  const after = withSnapshot(before, objects('node1'), T0_US + 60e6);
  expect(refusalAt(after)).toMatchObject({ cause: 'noLocalEndpoints' });
  expect(refusalAt(after, T0_US + 120e6)).toMatchObject({ cause: 'unknown' });
});

test('near a change of the Service the verdict says that it is of a moment of transition', () => {
  const first = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 10e6);
  const soon = withSnapshot(first, objects('node1'), T0_US + 2e6);
  expect(refusalAt(soon)).toMatchObject({ cause: 'noLocalEndpoints', transitional: true });
  expect(refusalAt(soon)?.text).toContain('Service shop/web changed');
  expect(refusalAt(first)).not.toHaveProperty('transitional');
});

test('an unknown data plane: what some of them reject is explained, and that it is not known is said', () => {
  const history = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 3600e6);
  const rejected = evidenceOf(
    ...legsOf({ id: 1, isAnswered: false, taps: [tap] }),
    refusalOf(1, tap, { refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 3 }),
  );
  const topology = topologyAsOf(history, T0_US);
  const [path] = reconstruct(rejected, { cluster: 'test', topology, addressesByNode: new Map() });
  expect(path?.refusal?.cause).toBe('noLocalEndpoints');
  expect(path?.refusal?.text).toContain('not known');
});

test('a drop that the topology does not explain stays unknown', () => {
  const history = withSnapshot(EMPTY_HISTORY, objects('node1', 'Cluster'), T0_US - 3600e6);
  expect(refusalAt(history)).toMatchObject({ cause: 'unknown' });
});

test('a node that still acts by the state before a change is explained by that state', () => {
  const first = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 3600e6);
  const flipped = withSnapshot(first, objects('node2', 'Cluster'), T0_US - 0.5e6);
  const refusal = refusalAt(flipped);
  expect(refusal).toMatchObject({ cause: 'noLocalEndpoints', transitional: true });
  expect(refusal?.text).toContain('By the state of');
  expect(refusal?.text).toContain('externalTrafficPolicy: Local');
  expect(refusal?.remedy).not.toBe('');
  // Long after it, the drop is not the policy's any more.
  expect(refusalAt(flipped, T0_US + 60e6)).toMatchObject({ cause: 'unknown' });
});

test('a node that acts before the topology is told is explained by what comes', () => {
  const first = withSnapshot(EMPTY_HISTORY, objects('node2', 'Cluster'), T0_US - 3600e6);
  const flipped = withSnapshot(first, objects('node2'), T0_US + 1e6);
  expect(refusalAt(flipped)).toMatchObject({ cause: 'noLocalEndpoints', transitional: true });
});

test('a Service that was just deleted still explains what its nodes did', () => {
  const first = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 3600e6);
  const nodesOnly = objects('node2').filter(({ kind }) => kind === 'Node');
  const gone = withSnapshot(first, nodesOnly, T0_US - 0.5e6);
  expect(refusalAt(gone)).toMatchObject({ cause: 'noLocalEndpoints', transitional: true });
});

const pod = (name: string, ip: string) =>
  kubernetesObjectSchema.parse({
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName: 'node2' },
    status: { phase: 'Running', podIPs: [{ ip }] },
  });

test('a node that still forwards to an endpoint that left is told so, also where its address is another Pod’s', () => {
  const nat: readonly [string, string] = [
    '203.0.113.10:40000 > 192.168.50.11:30080',
    '192.168.50.11:50000 > 10.244.2.10:8080',
  ];
  const out: TapSpec = { ...tap, direction: 'tx', tuple: nat[1], nat };
  const silent = evidenceOf(
    ...legsOf({ id: 1, isAnswered: false, taps: [{ ...tap, nat }, out] }),
    refusalOf(1, out, { refusal: 'dropped', evidence: 'silence', reason: '' }),
  );
  const first = withSnapshot(EMPTY_HISTORY, objects('node2', 'Cluster'), T0_US - 3600e6);
  const left = withSnapshot(
    first,
    [...objects(null, 'Cluster'), pod('next', '10.244.2.10')],
    T0_US - 1e6,
  );
  const topology = topologyAsOf(left, T0_US);
  const [path] = reconstruct(silent, { cluster: 'test', topology, addressesByNode: new Map() });
  expect(path?.refusal).toMatchObject({ cause: 'endpointGone', transitional: true });
  expect(path?.refusal?.text).toContain('the address is that of shop/next');
});

test('where two Pods may have had an address neither is named, and both are told', () => {
  const nat: readonly [string, string] = [
    '203.0.113.10:40000 > 192.168.50.11:30080',
    '192.168.50.11:50000 > 10.244.2.10:8080',
  ];
  const arrival: TapSpec = { node: 'node2', role: 'uplink', direction: 'rx', tuple: nat[1] };
  const served = evidenceOf(...legsOf({ id: 1, taps: [{ ...tap, nat }, arrival] }));
  const plain = topologyAsOf(
    withSnapshot(EMPTY_HISTORY, objects('node2', 'Cluster'), T0_US - 60e6),
    T0_US,
  );
  const old = { namespace: 'shop', name: 'old', node: 'node2', isIngress: false };
  const pathWith = (pod: Pod) =>
    reconstruct(served, {
      ...{ cluster: 'test', addressesByNode: new Map() },
      topology: { ...plain, podByIp: new Map([['10.244.2.10', pod]]) },
    })[0];
  expect(pathWith(old)?.hops.at(-1)?.to.name).toBe('shop/old');
  const either = pathWith({ ...old, orElse: 'shop/new' });
  expect(either?.hops.at(-1)?.to).toMatchObject({ name: null, role: 'app', node: 'node2' });
  expect(either?.warnings).toMatchObject([{ code: 'podAmbiguous', subject: '10.244.2.10' }]);
});

test('an RST on a NodePort near a change is of the moment between two sets of rules, and of none far from it', () => {
  const reset = evidenceOf(
    ...legsOf({ id: 1, isAnswered: false, taps: [tap] }),
    refusalOf(1, tap, { refusal: 'reset', evidence: 'rst', reason: 'NO_SOCKET' }),
  );
  const history = withSnapshot(
    withSnapshot(EMPTY_HISTORY, objects(null), T0_US - 3600e6),
    objects('node1'),
    T0_US - 1e6,
  );
  const causeAt = (atUs: number) =>
    reconstruct(reset, {
      ...{ cluster: 'test', addressesByNode: new Map() },
      topology: topologyAsOf(history, atUs),
    })[0]?.refusal;
  expect(causeAt(T0_US)).toMatchObject({ cause: 'closedPort', transitional: true });
  expect(causeAt(T0_US)?.text).toContain('just being replaced');
  expect(causeAt(T0_US + 60e6)).toMatchObject({ cause: 'unknown' });
});

test('what a load balancer of packets sent to a NodePort is judged by the node that refused it', () => {
  const nat: readonly [string, string] = [
    '203.0.113.10:40000 > 203.0.113.2:80',
    '203.0.113.10:40000 > 192.168.50.11:30080',
  ];
  const balancer: TapSpec = { node: 'lb', role: 'uplink', direction: 'rx', tuple: nat[0], nat };
  const onward: TapSpec = { ...balancer, direction: 'tx', tuple: nat[1] };
  const evidence = evidenceOf(
    ...legsOf({ id: 1, isAnswered: false, taps: [balancer, onward, tap] }),
    refusalOf(1, tap, { refusal: 'dropped', reason: 'NETFILTER_DROP' }),
  );
  const history = withSnapshot(EMPTY_HISTORY, objects('node2'), T0_US - 3600e6);
  const topology = topologyAsOf(history, T0_US);
  const [path] = reconstruct(evidence, { cluster: 'test', topology, addressesByNode: new Map() });
  expect(path?.refusal).toMatchObject({ node: 'node1', cause: 'noLocalEndpoints' });
});

const again = (seq: number, fields: Parameters<typeof refusalOf>[2]) =>
  refusalOf(1, tap, { seq, ...fields });
const told = (...records: Parameters<typeof evidenceOf>) =>
  reconstruct(evidenceOf(...records), {
    cluster: 'test',
    topology: topologyAsOf(EMPTY_HISTORY, T0_US),
    addressesByNode: new Map(),
  });

test('of what was told of one attempt the most certain counts: an answer, then a drop, then silence', () => {
  const legs = legsOf({ id: 1, isAnswered: false, taps: [tap] });
  const silence = again(90, { evidence: 'silence', afterNs: 2_300_000_000 });
  const drop = again(91, { reason: 'NETFILTER_DROP', afterNs: 100_000 });
  const icmp = again(92, {
    ...{ refusal: 'rejected', evidence: 'icmp', icmpType: 3, icmpCode: 1, afterNs: 3_050_000_000 },
  });
  const evidenceFor = (...refusals: (typeof drop)[]) =>
    told(...legs, ...refusals)[0]?.refusal?.evidence;
  expect(evidenceFor(silence)).toBe('silence');
  expect(evidenceFor(silence, drop)).toBe('kfreeSkb');
  expect(evidenceFor(icmp, drop, silence)).toBe('icmp');
  expect(told(...legs, drop, icmp)[0]?.outcome).toBe('rejected');
});

test('a slow answer takes the drop back, at the node that told it', () => {
  const drop = again(91, { reason: 'NETFILTER_DROP' });
  const served = told(...legsOf({ id: 1, taps: [tap] }), drop);
  expect(served).toMatchObject([{ outcome: 'served', refusal: null }]);
  const elsewhere = { ...tap, node: 'node2' };
  const lostOnItsWay = told(...legsOf({ id: 1, taps: [elsewhere] }), drop);
  expect(lostOnItsWay.map(({ outcome }) => outcome)).toContain('dropped');
});

test('a reset stays one, whatever the legs say', () => {
  const reset = again(91, { refusal: 'reset', evidence: 'rst' });
  expect(told(...legsOf({ id: 1, taps: [tap] }), reset)[0]?.outcome).toBe('reset');
});

test('how often the SYN came is what the legs saw by now; of silence it is said how long it lasted', () => {
  const leg = { ...legsOf({ id: 1, isAnswered: false, taps: [tap] })[0], synCount: 4 } as const;
  const silence = again(90, { evidence: 'silence', afterNs: 2_300_000_000, synCount: 2 });
  const [path] = told(leg as Parameters<typeof evidenceOf>[0], silence);
  expect(path?.refusal?.synCount).toBe(4);
  expect(path?.refusal?.text).toContain('No answer came within 2.3 s');
});
