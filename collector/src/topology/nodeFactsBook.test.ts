import { buildTopology } from '@hoptrace/domain/topology/topology.ts';
import { nodeSchema, podSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import type { KubeProxyMode, Workload } from '@hoptrace/domain/wire/nodeFacts.ts';
import { expect, test } from '@jest/globals';
import { envelope } from '../testing/builders.ts';
import { NodeFactsBook } from './nodeFactsBook.ts';

const T = 1_700_000_000_000_000;
const MINUTE = 60_000_000;
const id = (n: number) => n.toString(16).padStart(64, '0');
const runs = (netns: number, n: number): Workload => ({ netns, podUid: 'ab', container: id(n) });

const metadata = (name: string) => ({ name, namespace: 'shop', labels: {}, annotations: {} });
const topology = buildTopology([
  nodeSchema.parse({ kind: 'Node', metadata: metadata('node1'), status: {} }),
  podSchema.parse({
    kind: 'Pod',
    metadata: metadata('ingress'),
    spec: { nodeName: 'node1' },
    status: {
      containerStatuses: [
        { containerID: `containerd://${id(1)}`, image: 'proxy:1', imageID: 'proxy@sha256:aa' },
        { containerID: `containerd://${id(2)}`, image: 'sidecar:1', imageID: '' },
        { containerID: '', image: 'waits:1', imageID: '' },
      ],
    },
  }),
]);

function told(workloads: readonly Workload[], mode: KubeProxyMode | null = null) {
  const facts = {
    kernel: '6.1.0',
    kubeProxy: { mode, note: '' },
    sysctls: [],
    workloads: [...workloads],
    workloadsLeftOut: 0,
  };
  return envelope({ node: 'node1', facts });
}

test('an image is known where the agent names the container and Kubernetes its image', () => {
  const book = new NodeFactsBook();
  book.note(told([runs(7, 1), runs(7, 2), runs(8, 3), runs(9, 2)]), T);
  expect([...book.images('lab', topology)]).toEqual([
    ['node1|7', 'proxy@sha256:aa+sidecar:1'],
    ['node1|9', 'sidecar:1'],
  ]);
  expect(book.images('other', topology).size).toBe(0);
});

test('the answer is one object until something changes: it is asked for with every group of records', () => {
  const book = new NodeFactsBook();
  book.note(told([runs(7, 1)]), T);
  const images = book.images('lab', topology);
  expect(book.images('lab', topology)).toBe(images);
  book.note(told([runs(7, 2)]), T + MINUTE);
  expect(book.images('lab', topology).get('node1|7')).toBe('sidecar:1');
});

test('a container that is gone is known for as long as its records may come', () => {
  const book = new NodeFactsBook();
  book.note(told([runs(7, 1)]), T);
  book.note(told([]), T + 10 * MINUTE);
  expect(book.images('lab', topology).size).toBe(1);
  book.note(told([]), T + 16 * MINUTE);
  expect(book.images('lab', topology).size).toBe(0);
});

test('the mode of kube-proxy is that of the time asked for', () => {
  const book = new NodeFactsBook();
  const planeAt = (atUs: number) =>
    book.applied('lab', topology, atUs).nodes.get('node1')?.dataPlane;
  expect(planeAt(T)).toBeNull();
  book.note(told([], 'iptables'), T);
  book.note(envelope({ node: 'node1' }), T + MINUTE);
  book.note(told([], 'nftables'), T + 10 * MINUTE);
  expect([planeAt(T), planeAt(T + 10 * MINUTE)]).toEqual(['iptables', 'nftables']);
});
