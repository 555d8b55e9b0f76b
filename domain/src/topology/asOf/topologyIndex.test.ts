import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_HISTORY, topologyAsOf, withSnapshot } from '../../kubernetes/history.ts';
import { type KubernetesObject, kubernetesObjectSchema } from '../../wire/kubernetes.ts';
import type { Topology } from '../topology.ts';
import { asOf } from './asOfTopology.ts';
import { applySnapshot } from './snapshot.ts';
import { TopologyIndex } from './topologyIndex.ts';
import { objectKey, type Told } from './version.ts';

const MS = 1000;
const S = 1_000_000;
const T = 1_790_000_000 * S;
const LIMITS = { keepUs: 3600 * S, maxEnded: 1_000_000 };
const iso = (atUs: number) => new Date(atUs / MS).toISOString();

const parse = (object: object): KubernetesObject => kubernetesObjectSchema.parse(object);
const pod = (name: string, ip: string | null, part: { startUs?: number; phase?: string } = {}) =>
  parse({
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { 'pod-template-hash': 'x' } },
    spec: { nodeName: 'a' },
    status: {
      podIPs: ip === null ? [] : [{ ip }],
      phase: part.phase ?? 'Running',
      ...(part.startUs === undefined ? {} : { startTime: iso(part.startUs) }),
    },
  });
const watched = (atUs: number): Told => ({ atUs, earliestUs: atUs, source: 'watch', revision: '' });

test('an address that is used again names its Pod to the millisecond', () => {
  const index = new TopologyIndex(LIMITS);
  const changes = 1000;
  for (let n = 0; n < changes; n += 1) {
    const atUs = T + 2 * n * MS;
    index.put(pod(`p${n}`, '10.0.0.1'), watched(atUs));
    index.remove(`Pod shop/p${n}`, watched(atUs + MS));
  }
  for (let n = 0; n < changes; n += 1) {
    const atUs = T + 2 * n * MS;
    expect(index.podAt('10.0.0.1', atUs - 1)).toBeUndefined();
    expect(index.podAt('10.0.0.1', atUs)?.name).toBe(`p${n}`);
    expect(index.podAt('10.0.0.1', atUs + MS - 1)?.name).toBe(`p${n}`);
    expect(index.podAt('10.0.0.1', atUs + MS)).toBeUndefined();
  }
});

test('the next Pod has the address although the end of the last one is told later', () => {
  const index = new TopologyIndex(LIMITS);
  index.put(pod('old', '10.0.0.1'), watched(T));
  index.put(pod('new', '10.0.0.1', { startUs: T + 10 * S }), watched(T + 12 * S));
  index.remove('Pod shop/old', watched(T + 13 * S));
  const named = [9, 11, 12, 13, 14].map((s) => index.podAt('10.0.0.1', T + s * S)?.name);
  expect(named).toEqual(['old', 'old', 'new', 'new', 'new']);
});

test('between a Pod that was heard of and one whose end is told late, neither is claimed', () => {
  const index = new TopologyIndex(LIMITS);
  index.put(pod('old', '10.0.0.1'), watched(T));
  index.put(pod('new', null), watched(T + 10 * S));
  index.put(pod('new', '10.0.0.1', { startUs: T + 9 * S }), watched(T + 12 * S));
  index.remove('Pod shop/old', watched(T + 13 * S));
  const at = (s: number) => index.podAt('10.0.0.1', T + s * S);
  expect(at(9.5)).toMatchObject({ name: 'old' });
  expect(at(9.5)).not.toHaveProperty('orElse');
  expect(at(11)).toMatchObject({ name: 'old', orElse: 'shop/new' });
  expect(at(12)).toMatchObject({ name: 'new' });
  expect(at(12)).not.toHaveProperty('orElse');
});

test('a Pod whose address is told late had it since the kubelet took it on, if nobody else did', () => {
  const index = new TopologyIndex(LIMITS);
  index.put(pod('web', null, { startUs: T + 10 * S }), watched(T + 10 * S + 100 * MS));
  index.put(pod('web', '10.0.0.1', { startUs: T + 10 * S }), watched(T + 12 * S));
  expect(index.podAt('10.0.0.1', T + 10 * S - 1)).toBeUndefined();
  expect(index.podAt('10.0.0.1', T + 10 * S + 500 * MS)?.name).toBe('web');
});

test('a Pod that has ended, and one in its node’s network, hold no address', () => {
  const index = new TopologyIndex(LIMITS);
  index.put(pod('job', '10.0.0.1'), watched(T));
  index.put(pod('job', '10.0.0.1', { phase: 'Succeeded' }), watched(T + S));
  expect(index.podAt('10.0.0.1', T)?.name).toBe('job');
  expect(index.podAt('10.0.0.1', T + S)).toBeUndefined();
});

test('what ended is forgotten by age and by number, what holds never', () => {
  const index = new TopologyIndex({ keepUs: 60 * S, maxEnded: 10 });
  index.put(pod('stays', '10.0.0.9'), watched(T));
  for (let n = 0; n < 100; n += 1) index.put(pod('moves', `10.0.1.${n}`), watched(T + (n + 1) * S));
  expect(index.endedCount).toBe(99);
  index.forget(T + 100 * S);
  expect(index.endedCount).toBeLessThanOrEqual(10);
  expect([...index.podIps()].length).toBeLessThanOrEqual(12);
  index.forget(T + 1000 * S);
  expect(index.endedCount).toBe(0);
  expect(index.objectCount).toBe(2);
  expect([...index.podIps()].sort()).toEqual(['10.0.0.9', '10.0.1.99']);
});

test('an object that stays what it was, and one that changed and changed back unseen', () => {
  const index = new TopologyIndex(LIMITS);
  const object = parse({ kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: {} });
  const list = (atUs: number, sinceUs: number, revision: string) =>
    applySnapshot(index, [{ object, revision }], {
      ...{ atUs, sinceUs, source: 'list', isCovered: () => true },
    });
  list(T, T, '5');
  expect(list(T + 60 * S, T + 20 * S, '5')).toEqual([]);
  expect(asOf(index, T + 40 * S).changes).toEqual([]);
  expect(list(T + 90 * S, T + 70 * S, '7')).toEqual([]);
  expect(asOf(index, T + 80 * S).changes).toHaveLength(1);
});

const IPS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const anIp = fc.constantFrom(...IPS);
const aPod = fc
  .tuple(fc.constantFrom('p', 'q', 'r'), fc.option(anIp), fc.boolean())
  .map(([name, ip, isHost]) =>
    parse({
      kind: 'Pod',
      metadata: { name, namespace: 'shop' },
      spec: {
        nodeName: 'a',
        containers: [{ ports: [{ containerPort: 80, ...(isHost ? { hostPort: 81 } : {}) }] }],
      },
      status: {
        podIPs: ip === null ? [] : [{ ip }],
        containerStatuses: [{ containerID: `containerd://${name}`, image: `i${ip}` }],
      },
    }),
  );
const aService = fc
  .tuple(
    fc.constantFrom(0, 1),
    fc.constantFrom('Cluster', 'Local'),
    fc.option(fc.constantFrom(0, 1)),
  )
  .map(([n, externalTrafficPolicy, offset]) =>
    parse({
      kind: 'Service',
      metadata: { name: `s${n}`, namespace: 'shop' },
      spec: {
        ...{ externalTrafficPolicy, clusterIPs: [`10.96.0.${n}`] },
        ports: [{ port: 80, ...(offset === null ? {} : { nodePort: 30_000 + 2 * n + offset }) }],
      },
    }),
  );
const aSlice = fc
  .tuple(fc.constantFrom('x', 'y'), fc.array(fc.tuple(anIp, fc.boolean()), { maxLength: 3 }))
  .map(([name, endpoints]) =>
    parse({
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 's0' } },
      ports: [{ port: 8080 }],
      endpoints: endpoints.map(([ip, ready]) => ({ addresses: [ip], conditions: { ready } })),
    }),
  );
const aNode = fc.constantFrom('iptables', 'nftables').map((plane) =>
  parse({
    kind: 'Node',
    metadata: { name: 'a', annotations: { 'hoptrace/data-plane': plane } },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  }),
);
const aCluster = fc
  .array(fc.oneof(aPod, aService, aSlice, aNode), { maxLength: 8 })
  .map((objects) => [...new Map(objects.map((each) => [objectKey(each), each])).values()])
  // An address is one Pod's at a time here: whose it is otherwise, the tests above say.
  .map((objects) => {
    const taken = new Set<string>();
    return objects.filter((each) => {
      if (each.kind !== 'Pod') return true;
      const ip = each.status.podIPs[0]?.ip;
      if (ip !== undefined && taken.has(ip)) return false;
      if (ip !== undefined) taken.add(ip);
      return true;
    });
  });

/** Everything that a topology says, in an order of its own. */
function said(topology: Topology) {
  const sorted = (values: Iterable<unknown>) =>
    [...values].map((each) => JSON.stringify(each)).sort();
  return {
    ...{ nodes: sorted(topology.nodes), nodeByIp: sorted(topology.nodeByIp) },
    ...{ pods: sorted(topology.podByIp), images: sorted(topology.imageByContainer) },
    ...{ nodePorts: sorted(topology.serviceByNodePort), services: sorted(topology.services) },
    ...{ addresses: sorted(topology.serviceByAddress), hostPorts: sorted(topology.hostPorts) },
    ...{ clusterIps: sorted(topology.serviceByClusterIp), changes: sorted(topology.changes) },
    endpoints: sorted(topology.serviceByEndpoint),
  };
}

test('at every instant the index says what a plain list of intervals says', () => {
  fc.assert(
    fc.property(fc.array(aCluster, { minLength: 1, maxLength: 6 }), (clusters) => {
      const certain = new TopologyIndex(LIMITS);
      // Knows when it looked last, so that it names what may have begun by then.
      const careful = new TopologyIndex(LIMITS);
      let history = EMPTY_HISTORY;
      for (const [n, objects] of clusters.entries()) {
        const atUs = T + n * 7 * S;
        history = withSnapshot(history, objects, atUs);
        const listed = objects.map((object) => ({ object, revision: '' }));
        const first = Number.NEGATIVE_INFINITY;
        for (const [index, sinceUs] of [
          [certain, atUs],
          [careful, atUs - 7 * S],
        ] as const)
          applySnapshot(index, listed, {
            ...(n === 0 ? { atUs: first, sinceUs: first } : { atUs, sinceUs }),
            ...{ source: 'file', isCovered: () => true },
          });
      }
      for (let half = -3; half <= 14 * clusters.length + 12; half += 1)
        for (const offsetUs of [-1, 0, 1]) {
          const atUs = T + (half * S) / 2 + offsetUs;
          const { changes, ...names } = said(topologyAsOf(history, atUs));
          expect(said(asOf(certain, atUs))).toMatchObject(names);
          expect(said(asOf(careful, atUs)).changes).toEqual(
            changes.filter((each) => !each.includes('"Pod ')),
          );
        }
    }),
    { numRuns: 25 },
  );
});
