import { expect, test } from '@jest/globals';
import { asOf } from '../topology/asOf/asOfTopology.ts';
import { TopologyIndex } from '../topology/asOf/topologyIndex.ts';
import { DATA_PLANE_ANNOTATION } from '../topology/nodes.ts';
import { buildTopology, changesNear, type Topology } from '../topology/topology.ts';
import { kubernetesObjectSchema, nodeSchema } from '../wire/kubernetes.ts';
import { type ModeHistory, modesLookup, NO_MODES, withModeReport } from './reportedModes.ts';

const T = 1_700_000_000_000_000;
const MINUTE = 60_000_000;

function topology(annotations: Record<string, string> = {}): Topology {
  const metadata = { name: 'node1', namespace: '', labels: {}, annotations };
  return buildTopology([nodeSchema.parse({ kind: 'Node', metadata, status: {} })]);
}

function reported(...reports: (readonly [number, 'iptables' | 'nftables' | 'ipvs' | null])[]) {
  return reports.reduce<ModeHistory>(
    (history, [atUs, mode]) => withModeReport(history, { node: 'node1', mode, atUs }),
    NO_MODES,
  );
}

const planeAt = (history: ModeHistory, atUs: number, of = topology()) =>
  modesLookup(history)(of, atUs).nodes.get('node1')?.dataPlane;

test('what an agent finds first counts for connections before it, too', () => {
  const history = reported([T, 'nftables']);
  expect(planeAt(history, T - MINUTE)).toBe('nftables');
  expect(planeAt(history, T + MINUTE)).toBe('nftables');
  expect(modesLookup(history)(topology(), T).changes).toEqual([]);
});

test('a change holds from its report on, and what lies around it is transitional', () => {
  const history = reported([T, 'iptables'], [T + 10 * MINUTE, 'nftables']);
  expect(planeAt(history, T + 9 * MINUTE)).toBe('iptables');
  expect(planeAt(history, T + 10 * MINUTE)).toBe('nftables');
  const near = modesLookup(history)(topology(), T + 10 * MINUTE - 20_000_000);
  expect(near.changes).toEqual([
    {
      subject: 'Node node1',
      earliestUs: T + 10 * MINUTE - 35_000_000,
      latestUs: T + 10 * MINUTE,
    },
  ]);
  expect(modesLookup(history)(topology(), T + 11 * MINUTE).changes).toEqual([]);
});

test('an annotation of the Node is believed before an agent', () => {
  const annotated = topology({ [DATA_PLANE_ANNOTATION]: 'cilium-dsr' });
  expect(planeAt(reported([T, 'iptables']), T, annotated)).toBe('cilium-dsr');
});

test('an agent that can no longer tell takes back what it said', () => {
  const history = reported([T, 'ipvs'], [T + MINUTE, null]);
  expect(planeAt(history, T + 2 * MINUTE)).toBeNull();
});

test('no news is the same history, and so is a report out of order', () => {
  const history = reported([T, 'ipvs'], [T + MINUTE, 'nftables']);
  expect(withModeReport(history, { node: 'node1', mode: 'nftables', atUs: T + 5 })).toBe(history);
  expect(withModeReport(history, { node: 'node1', mode: 'ipvs', atUs: T + 5 })).toBe(history);
});

test('a node that nobody knows is not made up', () => {
  const history = withModeReport(NO_MODES, { node: 'other', mode: 'ipvs', atUs: T });
  expect([...modesLookup(history)(topology(), T).nodes.keys()]).toEqual(['node1']);
});

test('the same instant gives the same nodes: they are asked for with every group of records', () => {
  const lookup = modesLookup(reported([T, 'ipvs']));
  const of = topology();
  expect(lookup(of, T).nodes).toBe(lookup(of, T + MINUTE).nodes);
});

test('a topology that is worked out as it is read keeps everything else that it says', () => {
  const index = new TopologyIndex({ keepUs: 60 * MINUTE, maxEnded: 10 });
  const parts = [
    {
      kind: 'Node',
      metadata: { name: 'node1' },
      status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
    },
    {
      kind: 'Pod',
      metadata: { name: 'p', namespace: 's' },
      status: { podIPs: [{ ip: '10.0.0.1' }] },
    },
    {
      kind: 'Service',
      metadata: { name: 'web', namespace: 's' },
      spec: { ports: [{ port: 80, nodePort: 30_080 }] },
    },
  ];
  for (const part of parts)
    index.put(kubernetesObjectSchema.parse({ spec: {}, ...part }), {
      ...{ atUs: T, earliestUs: T, source: 'watch', revision: '' },
    });
  const atUs = T + MINUTE;
  const seen = modesLookup(reported([T, 'ipvs']))(asOf(index, atUs), atUs);
  expect(seen.nodes.get('node1')?.dataPlane).toBe('ipvs');
  expect(seen.nodeByIp.get('192.0.2.1')).toBe('node1');
  expect(seen.podByIp.get('10.0.0.1')?.name).toBe('p');
  expect(seen.serviceByNodePort.get(30_080)?.name).toBe('web');
  expect(changesNear(modesLookup(NO_MODES)(asOf(index, T), T), ['Node node1'])).toHaveLength(1);
});

test('a mode that goes to and fro is remembered within a bound', () => {
  const history = reported(
    ...Array.from(
      { length: 1000 },
      (_, n) => [T + n * MINUTE, n % 2 === 0 ? 'ipvs' : 'iptables'] as const,
    ),
  );
  expect(history.get('node1')).toHaveLength(64);
});
