/** A cluster of the size that the index is measured with, as an API server lists it, and changes of it. */
import { type KubernetesObject, kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';

export const PODS = 100_000;
export const SERVICES = 10_000;
const NODES = 1000;
const ENDPOINTS = PODS / SERVICES;

const ipOf = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
/** As it comes from the wire: every text a copy of its own. */
const parse = (object: object): KubernetesObject =>
  kubernetesObjectSchema.parse(JSON.parse(JSON.stringify(object)));
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

/** Which address a Pod of this birth has: a place is used again by every later Pod of it. */
export const podIp = (place: number): string => ipOf(place);

export function nodeObject(n: number): KubernetesObject {
  return parse({
    kind: 'Node',
    metadata: { name: `node-${n}`, labels: { 'topology.kubernetes.io/zone': `zone-${n % 3}` } },
    spec: { podCIDRs: [`10.${n >> 8}.${n & 255}.0/24`] },
    status: { addresses: [{ type: 'InternalIP', address: `172.16.${n >> 8}.${n & 255}` }] },
  });
}

/** `birth` counts the Pods that had this place before. */
export function podObject(place: number, birth: number, isReady: boolean): KubernetesObject {
  const service = place % SERVICES;
  return parse({
    kind: 'Pod',
    metadata: {
      name: `service-${service}-5d8f7c9b6d-${hex(place, 5)}${hex(birth, 3)}`,
      namespace: `team-${service % 100}`,
      uid: `${hex(birth, 8)}-0000-4000-8000-${hex(place, 12)}`,
      labels: { app: `service-${service}`, 'pod-template-hash': '5d8f7c9b6d', release: 'stable' },
      annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-01T00:00:00Z' },
      creationTimestamp: '2026-11-01T00:00:00Z',
      ownerReferences: [
        { kind: 'ReplicaSet', name: `service-${service}-5d8f7c9b6d`, controller: true },
      ],
    },
    spec: {
      nodeName: `node-${place % NODES}`,
      containers: [{ ports: [{ containerPort: 8080 }] }],
    },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: isReady ? 'True' : 'False' },
        { type: 'PodScheduled', status: 'True' },
      ],
      podIPs: [{ ip: ipOf(place) }],
      containerStatuses: [
        {
          containerID: `containerd://${hex(birth, 8)}${hex(place, 56)}`,
          image: `registry.example/team/service-${service}:1.2.3`,
          imageID: `registry.example/team/service-${service}@sha256:${hex(service, 64)}`,
        },
      ],
    },
  });
}

export function podKey(place: number, birth: number): string {
  const service = place % SERVICES;
  return `Pod team-${service % 100}/service-${service}-5d8f7c9b6d-${hex(place, 5)}${hex(birth, 3)}`;
}

export function serviceObject(n: number): KubernetesObject {
  return parse({
    kind: 'Service',
    metadata: { name: `service-${n}`, namespace: `team-${n % 100}` },
    spec: {
      type: 'NodePort',
      clusterIPs: [`10.200.${n >> 8}.${n & 255}`],
      externalTrafficPolicy: n % 2 === 0 ? 'Cluster' : 'Local',
      ports: [{ name: 'http', port: 80, nodePort: 30_000 + n }],
    },
  });
}

/** `notReady`: the one of the Service's endpoints that is not ready; -1: none. */
export function sliceObject(n: number, notReady: number): KubernetesObject {
  return parse({
    kind: 'EndpointSlice',
    metadata: {
      name: `service-${n}-abcde`,
      namespace: `team-${n % 100}`,
      labels: { 'kubernetes.io/service-name': `service-${n}` },
    },
    ports: [{ name: 'http', port: 8080 }],
    endpoints: Array.from({ length: ENDPOINTS }, (_, index) => ({
      addresses: [ipOf(n + index * SERVICES)],
      nodeName: `node-${(n + index * SERVICES) % NODES}`,
      zone: `zone-${n % 3}`,
      conditions: { ready: index !== notReady, serving: index !== notReady, terminating: false },
    })),
  });
}

export function* wholeCluster(): Iterable<KubernetesObject> {
  for (let n = 0; n < NODES; n += 1) yield nodeObject(n);
  for (let n = 0; n < SERVICES; n += 1) yield serviceObject(n);
  for (let n = 0; n < SERVICES; n += 1) yield sliceObject(n, -1);
  for (let place = 0; place < PODS; place += 1) yield podObject(place, 0, true);
}
