import { expect, test } from '@jest/globals';
import { bridge } from './bridge.ts';
import { flow, legsOf } from './builders.ts';
import type { Connection } from './connection.ts';
import type { Leg } from './evidence.ts';

const SENT = '192.168.50.5:33000 > 192.168.50.13:30080';

/** A connection through lb and node3, cut in two where a firewall draws new numbers. */
function halves(change: (leg: Leg) => Leg = (leg) => leg): [Connection, Connection] {
  const taps = [
    { node: 'lb', role: 'uplink', direction: 'tx', tuple: SENT },
    { node: 'node3', role: 'uplink', direction: 'rx', tuple: SENT },
  ] as const;
  const [before, after] = legsOf({ id: 1, taps, stepNs: 100_000 }) as [Leg, Leg];
  const behind = { ...after, synTtl: before.synTtl - 1, clientIsnHash: 'c2', isnPairHash: 'p2' };
  return [connection('p1', before), connection('p2', change(behind))];
}

function connection(key: string, leg: Leg): Connection {
  return {
    ...{ key, pairHashes: [key], legs: [leg], refusal: null, proxyHeader: null },
    ...{ joinClass: 'A', warnings: [] },
  };
}

test('a firewall that draws sequence numbers of its own is crossed, and named', () => {
  const [joined, ...rest] = bridge(halves());
  expect(rest).toEqual([]);
  expect(joined?.legs.map((leg) => leg.node)).toEqual(['lb', 'node3']);
  expect([joined?.joinClass, joined?.isBridged]).toEqual(['B', true]);
  expect(joined?.warnings.map((warning) => warning.code)).toEqual(['isnBreak']);
});

test.each([
  ['no router lies between', (leg: Leg) => ({ ...leg, synTtl: leg.synTtl + 1 })],
  ['the tuple is another one', (leg: Leg) => ({ ...leg, tuple: flow('10.0.0.1:1 > 10.0.0.2:2') })],
  ['the handshakes do not nest', (leg: Leg) => ({ ...leg, synAckNs: (leg.synAckNs ?? 0) + 9e6 })],
  ['the course is another one', (leg: Leg) => ({ ...leg, firstResponseNs: 90_000_000 })],
  ['nothing but the handshake can be compared', onlyHandshake],
])('not joined where %s', (_why, change) => {
  expect(bridge(halves(change))).toHaveLength(2);
});

function onlyHandshake(leg: Leg): Leg {
  return { ...leg, firstRequestNs: null, firstResponseNs: null };
}

test('not joined where somebody else carries the tuple too', () => {
  const [front, back] = halves();
  const [leg] = legsOf({
    id: 7,
    taps: [{ node: 'node3', role: 'uplink', direction: 'rx', tuple: SENT }],
  }) as [Leg];
  expect(bridge([front, back, connection('p7', leg)])).toHaveLength(3);
});
