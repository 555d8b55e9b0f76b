import { expect, test } from '@jest/globals';
import type { ServicePlan } from '../../plan.ts';
import { type Played, truthOf } from './truth.ts';

const T0_US = 1_790_000_000_000_000;
const plan = (policy: 'Cluster' | 'Local', nodes: readonly string[]): ServicePlan => ({
  ...{ namespace: 'shop', name: 'web', portName: 'http', port: 80, nodePort: 31001 },
  ...{ clusterIp: '10.96.1.1', policy },
  endpoints: nodes.map((node) => ({ pod: `shop/on-${node}`, node, ip: '10.244.1.9', port: 8080 })),
});
const before = [plan('Cluster', ['node1'])];
const after = [plan('Local', ['node1'])];
/** The API server is told at T0, node2's rules follow 1.2 s later. */
const played: Played = {
  told: [
    { atUs: T0_US - 60e6, services: before },
    { atUs: T0_US, services: after },
  ],
  programmed: [
    { node: 'node2', fromUs: T0_US - 60e6, doneUs: T0_US - 60e6, services: before },
    { node: 'node2', fromUs: T0_US + 1.2e6, doneUs: T0_US + 1.25e6, services: after },
  ],
  changes: [{ service: 'web', atUs: T0_US }],
};
const at = (afterS: number, pod: string | null = null, totalUs = 900_000) =>
  truthOf(
    {
      ...{ id: 'k-1', ip: '192.168.50.12', port: 31001, localPort: 10_001 },
      ...{ startedAtUs: T0_US + afterS * 1e6, connectUs: null, totalUs },
      ...{ pod, errorCode: pod === null ? 'ETIMEDOUT' : null },
    },
    '203.0.113.10',
    played,
  );

test('a cause is that of the rules that the node had, or of what the API server said', () => {
  expect(at(10)).toMatchObject({ service: 'web', node: 'node2', causes: ['noLocalEndpoints'] });
  expect(at(0.6).causes).toEqual(['endpointGone', 'noLocalEndpoints']);
  expect(at(-5)).toMatchObject({ causes: ['endpointGone'], isLost: true });
  expect(at(10).isLost).toBe(false);
});

test('a SYN that was sent again met the rules of a second later, too', () => {
  expect(at(-0.5).causes).toEqual(['endpointGone']);
  expect(at(-0.5, null, 1_100_000).causes).toEqual(['endpointGone', 'noLocalEndpoints']);
  expect(at(-2, null, 1_100_000).causes).toEqual(['endpointGone']);
});

test('near a change, away from all, and in between', () => {
  expect([-4, 0, 3.9, 4.1, 6.4, 6.6].map((afterS) => at(afterS).when)).toEqual([
    'near',
    'near',
    'near',
    'between',
    'between',
    'away',
  ]);
});

test('who answered is named with the node it runs on', () => {
  expect(at(1, 'on-node1')).toMatchObject({ pod: 'shop/on-node1', podNode: 'node1', causes: [] });
});
