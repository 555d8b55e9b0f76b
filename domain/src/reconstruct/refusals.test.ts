import { expect, test } from '@jest/globals';
import { EMPTY_HISTORY, topologyAsOf, withSnapshot } from '../kubernetes/history.ts';
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
