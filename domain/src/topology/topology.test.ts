import { expect, test } from '@jest/globals';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import { buildTopology, serviceOfEndpoint, usableEndpoints } from './topology.ts';

const parse = (...objects: unknown[]) =>
  buildTopology(objects.map((object) => kubernetesObjectSchema.parse(object)));

const service = {
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'shop',
    annotations: { 'hoptrace/load-balancer-addresses': '192.0.2.5, nonsense' },
  },
  spec: {
    externalTrafficPolicy: 'Local',
    ports: [
      { name: 'http', port: 80, nodePort: 30080 },
      { name: 'dns', protocol: 'UDP', port: 53 },
    ],
  },
};
const slice = (endpoints: unknown[], name = 'http') => ({
  kind: 'EndpointSlice',
  metadata: {
    name: `web-${name}`,
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  ports: [{ name, port: 8080 }],
  endpoints,
});
const endpoint = (ip: string, nodeName: string, conditions: object = {}) => ({
  addresses: [ip],
  nodeName,
  conditions,
});

test('slices of one Service add up, ports match by name, other protocols are left out', () => {
  const topology = parse(
    service,
    slice([endpoint('10.244.1.2', 'a')]),
    slice([endpoint('10.244.2.2', 'b')]),
    slice([endpoint('10.244.9.9', 'b')], 'metrics'),
  );
  expect(topology.services).toHaveLength(1);
  expect(topology.serviceByNodePort.get(30080)?.endpoints.map((each) => each.ip)).toEqual([
    '10.244.1.2',
    '10.244.2.2',
  ]);
  expect(serviceOfEndpoint(topology, '10.244.2.2', 8080)?.name).toBe('web');
  expect(serviceOfEndpoint(topology, '10.244.2.2', 81)).toBeNull();
  expect([...topology.loadBalancerByIp.keys()]).toEqual(['192.0.2.5']);
});

test('ready endpoints first; without any, those that terminate but still serve; never the unready', () => {
  const usable = (...endpoints: unknown[]) => {
    const port = parse(service, slice(endpoints)).serviceByNodePort.get(30080);
    return port === undefined ? [] : usableEndpoints(port, 'a').map((each) => each.ip);
  };
  const leaving = endpoint('10.0.0.2', 'a', { ready: false, serving: true, terminating: true });
  const unready = endpoint('10.0.0.3', 'a', { ready: false, serving: false, terminating: false });
  expect(usable(endpoint('10.0.0.1', 'a'), leaving, unready)).toEqual(['10.0.0.1']);
  expect(usable(leaving, unready)).toEqual(['10.0.0.2']);
  expect(usable(unready, endpoint('10.0.0.4', 'b'))).toEqual([]);
  expect(
    usable(endpoint('10.0.0.5', 'a', { ready: null, serving: null, terminating: null })),
  ).toEqual(['10.0.0.5']);
});

test('a hostNetwork Pod is not named by the address that it shares with its node', () => {
  const topology = parse(
    {
      kind: 'Node',
      metadata: { name: 'a' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.11' },
          { type: 'Hostname', address: 'a' },
        ],
      },
    },
    {
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'x' },
      spec: { nodeName: 'a', hostNetwork: true },
      status: { podIPs: [{ ip: '192.0.2.11' }] },
    },
    {
      kind: 'Pod',
      metadata: { name: 'q', namespace: 'x' },
      spec: { nodeName: 'a' },
      status: { podIPs: [{ ip: '10.244.1.9' }, { ip: '2001:db8::9' }] },
    },
  );
  expect([...topology.podByIp.keys()]).toEqual(['10.244.1.9', '2001:db8::9']);
  expect([...topology.nodeByIp]).toEqual([['192.0.2.11', 'a']]);
});
