import { expect, test } from '@jest/globals';
import { groupRefusals, type RefusalFact, readIncidentId } from './groupRefusals.ts';

const T0 = 1_788_268_800_000_000;
const S = 1_000_000;

function fact(atS: number, rest: Partial<RefusalFact> = {}): RefusalFact {
  return {
    pathId: `${(T0 + atS * S).toString(36).padStart(11, '0')}-${(rest.node ?? 'n').padStart(16, '0')}`,
    startedAtUs: T0 + atS * S,
    cluster: 'lab',
    service: { namespace: 'shop', name: 'web', port: 'http' },
    destination: { ip: '192.168.50.13', port: 30_081 },
    kind: 'dropped',
    node: 'node3',
    cause: 'noLocalEndpoints',
    clientIp: '203.0.113.10',
    nodes: ['node3'],
    ...rest,
  };
}

test('refusals of one cause at one place are one incident until a silence longer than the gap', () => {
  const groups = groupRefusals([fact(0), fact(30), fact(90), fact(151)], 60 * S);
  expect(groups.map(({ startUs, endUs, refusals }) => [startUs, endUs, refusals])).toEqual([
    [T0 + 151 * S, T0 + 151 * S, 1],
    [T0, T0 + 90 * S, 3],
  ]);
});

test('clients, machines and kinds are counted once each', () => {
  const facts = [
    fact(0),
    fact(1, { clientIp: '203.0.113.11', kind: 'reset', nodes: ['node1', 'node3'] }),
    fact(2, { clientIp: null }),
  ];
  expect(groupRefusals(facts, 60 * S)).toMatchObject([
    {
      clients: 2,
      clientExamples: ['203.0.113.10', '203.0.113.11'],
      nodes: ['node1', 'node3'],
      kinds: { reset: 1, rejected: 0, dropped: 2 },
      destination: null,
    },
  ]);
});

test.each<[string, Partial<RefusalFact>]>([
  ['another cause', { cause: 'noEndpoints' }],
  ['another node', { node: 'node2' }],
  ['another service', { service: { namespace: 'shop', name: 'api', port: 'http' } }],
  ['another cluster', { cluster: 'prod' }],
  ['no service', { service: null }],
])('%s is another incident', (_, rest) => {
  const ids = groupRefusals([fact(0), fact(1, { ...rest, pathId: 'other' })], 60 * S).map(
    ({ incidentId }) => incidentId,
  );
  expect(new Set(ids).size).toBe(2);
});

test('without a service, the destination tells incidents apart', () => {
  const to = (port: number) => ({ service: null, destination: { ip: '192.168.50.12', port } });
  const groups = groupRefusals(
    [fact(0, to(1)), fact(1, { ...to(2), pathId: 'b' }), fact(2, { ...to(1), pathId: 'c' })],
    60 * S,
  );
  expect(groups.map(({ destination, refusals }) => [destination?.port, refusals])).toEqual([
    [2, 1],
    [1, 2],
  ]);
});

test('order, repetition and later refusals do not change the id; the input stays as it was', () => {
  const facts = [fact(0), fact(10), fact(20)];
  const before = structuredClone(facts);
  const [whole] = groupRefusals(facts, 60 * S);
  const [shuffled] = groupRefusals([...facts].reverse().concat(facts), 60 * S);
  expect(shuffled).toEqual(whole);
  expect(groupRefusals([fact(0)], 60 * S)[0]?.incidentId).toBe(whole?.incidentId);
  expect(readIncidentId(whole?.incidentId ?? '')?.startUs).toBe(T0);
  expect(facts).toEqual(before);
  expect(groupRefusals([], 60 * S)).toEqual([]);
});
