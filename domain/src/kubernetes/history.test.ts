import { expect, test } from '@jest/globals';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import { EMPTY_HISTORY, type TopologyHistory, topologyAsOf, withSnapshot } from './history.ts';

const S = 1_000_000;
const node = (dataPlane: string) => ({
  kind: 'Node',
  metadata: { name: 'a', annotations: { 'hoptrace/data-plane': dataPlane } },
  status: { addresses: [{ type: 'InternalIP', address: '192.168.50.1' }] },
});
const service = (externalTrafficPolicy: string) => ({
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { externalTrafficPolicy, ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
});
const slice = (...ips: string[]) => ({
  kind: 'EndpointSlice',
  metadata: { name: 'w', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  ports: [{ name: 'http', port: 8080 }],
  endpoints: ips.map((ip) => ({ addresses: [ip], nodeName: 'a' })),
});
const snapshot = (history: TopologyHistory, atS: number, ...objects: object[]) =>
  withSnapshot(
    history,
    objects.map((object) => kubernetesObjectSchema.parse(object)),
    atS * S,
  );

let history = snapshot(EMPTY_HISTORY, 100, node('iptables'), service('Cluster'), slice('10.0.0.1'));
history = snapshot(history, 200, node('iptables'), service('Local'), slice('10.0.0.1'));
history = snapshot(history, 230, node('nftables'), service('Local'), slice('10.0.0.2'));
history = snapshot(history, 260, node('nftables'));

const at = (seconds: number) => topologyAsOf(history, seconds * S);
const policyAt = (seconds: number) =>
  at(seconds).serviceByNodePort.get(30080)?.externalTrafficPolicy ?? null;

test('each instant shows what held then: policy, endpoints and the node’s data plane', () => {
  expect([50, 150, 210, 240, 270].map(policyAt)).toEqual([
    'Cluster',
    'Cluster',
    'Local',
    'Local',
    null,
  ]);
  expect(at(210).services[0]?.endpoints[0]?.ip).toBe('10.0.0.1');
  expect(at(240).services[0]?.endpoints[0]?.ip).toBe('10.0.0.2');
  expect(at(210).nodes.get('a')?.dataPlane).toBe('iptables');
  expect(at(270).nodes.get('a')?.dataPlane).toBe('nftables');
});

test('a change is near from the last look before it until the window after it', () => {
  const changed = (seconds: number) => at(seconds).changes.map(({ subject }) => subject);
  expect(changed(94)).toEqual([]);
  expect(changed(150)).toEqual(['Service shop/web']);
  expect(changed(204)).toContain('Service shop/web');
  expect(changed(210)).toEqual(['Node a', 'Service shop/web']);
  expect(changed(226)).toEqual(['Node a', 'Service shop/web', 'Service shop/web']);
  expect(changed(266)).toEqual([]);
  expect(changed(300)).toEqual([]);
  expect(topologyAsOf(history, 300 * S, 60 * S).changes.length).toBeGreaterThan(0);
});

test('an equal, an empty or an older snapshot rewrites nothing', () => {
  const again = snapshot(history, 300, node('nftables'));
  expect([...again.versions]).toEqual([...history.versions]);
  expect(snapshot(history, 10)).toBe(history);
  expect(history.versions.get('Service shop/web')).toHaveLength(2);
});
