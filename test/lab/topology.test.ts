import { kubernetesListSchema, kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import { expect, test } from '@jest/globals';
import { clusterTopology } from './topology.ts';

const objects = kubernetesListSchema
  .parse(clusterTopology())
  .items.map((item) => kubernetesObjectSchema.parse(item));

function ofKind<K extends (typeof objects)[number]['kind']>(kind: K) {
  return objects.filter(
    (object): object is Extract<(typeof objects)[number], { kind: K }> => object.kind === kind,
  );
}

test('the topology is a list that the collector accepts, with all four kinds', () => {
  expect(ofKind('Node').map((n) => n.metadata.name)).toEqual(['node1', 'node2', 'node3']);
  expect(ofKind('Pod')).toHaveLength(5);
  expect(ofKind('Service')).toHaveLength(11);
  expect(ofKind('EndpointSlice')).toHaveLength(11);
});

test('ingress Pods carry the labels and ingress Services the annotation by which they are known', () => {
  const controllers = ofKind('Pod').filter((p) => p.metadata.namespace === 'ingress-nginx');
  expect(controllers.map((p) => [p.metadata.name, p.spec.nodeName])).toEqual([
    ['controller-node1', 'node1'],
    ['controller-node2', 'node2'],
  ]);
  for (const pod of controllers) {
    expect(pod.metadata.labels).toEqual({
      'app.kubernetes.io/name': 'ingress-nginx',
      'app.kubernetes.io/component': 'controller',
    });
  }
  for (const service of ofKind('Service')) {
    const isIngress = service.metadata.namespace === 'ingress-nginx';
    expect(service.metadata.annotations['hoptrace/load-balancer-addresses']).toBe(
      isIngress ? '192.168.50.5' : undefined,
    );
  }
});

test('NodePorts, ClusterIPs and Pod addresses are unique, and every endpoint is a Pod on its node', () => {
  const services = ofKind('Service');
  expect(new Set(services.flatMap((s) => s.spec.ports.map((p) => p.nodePort))).size).toBe(11);
  expect(new Set(services.flatMap((s) => s.spec.clusterIPs)).size).toBe(11);
  const nodeByIp = new Map(
    ofKind('Pod').flatMap((p) => p.status.podIPs.map(({ ip }) => [ip, p.spec.nodeName] as const)),
  );
  expect(nodeByIp.size).toBe(5);
  for (const slice of ofKind('EndpointSlice')) {
    for (const endpoint of slice.endpoints ?? []) {
      expect(nodeByIp.get(endpoint.addresses[0] ?? '')).toBe(endpoint.nodeName);
    }
  }
});
