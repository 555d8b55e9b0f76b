import { expect, test } from '@jest/globals';
import { legsOf, pairHashOf } from '../reconstruct/builders.ts';
import type { Leg } from '../reconstruct/evidence.ts';
import { encodeBatch } from '../wire/binary.ts';
import type { Envelope } from '../wire/v1.ts';
import { VERDICT } from './inspect.ts';
import { LiveRoad } from './liveRoad.ts';

const FRONT = '203.0.113.10:40000 > 192.168.50.11:30080';
const MID = '192.168.50.11:20000 > 10.244.2.10:80';
const legs = legsOf({
  id: 1,
  taps: [
    { node: 'node1', role: 'uplink', direction: 'rx', tuple: FRONT, nat: [FRONT, MID] },
    { node: 'node1', role: 'uplink', direction: 'tx', tuple: MID, nat: [FRONT, MID] },
    { node: 'node2', role: 'pod', direction: 'rx', tuple: MID },
  ],
});

function verdictOf(given: readonly Leg[]): number {
  const road = new LiveRoad({
    maxLegs: 64,
    maxConnections: 64,
    maxOtherRecords: 64,
    quietMs: 1,
    maxDelayMs: 1,
    keepMs: 1,
  });
  for (const leg of given) {
    const bytes = encodeBatch({} as Envelope, [leg]);
    road.addRecords(bytes, 8 + new DataView(bytes.buffer).getUint32(4, true), leg, 0);
  }
  const [root = -1] = road.takeDueRoots(10, 1);
  return road.verdictOf(root);
}

const changed = (index: number, fields: Partial<Leg>) =>
  legs.map((leg, place) => (place === index ? { ...leg, ...fields } : leg));

test.each([
  ['all in order', legs, VERDICT.complete],
  ['in another order of arrival', [...legs].reverse(), VERDICT.complete],
  ['no ACK at one tap', changed(1, { ackNs: null }), 0],
  ['a TTL that rises', changed(2, { synTtl: 65 }), VERDICT.complete | VERDICT.ttlDisagrees],
  ['a router between', changed(2, { synTtl: 61 }), VERDICT.complete | VERDICT.ttlGap],
  [
    'a tuple that nobody sent',
    changed(2, { tuple: { ...(legs[2] as Leg).tuple, src: { ip: '192.168.50.12', port: 1 } } }),
    VERDICT.complete | VERDICT.tupleDisagrees,
  ],
  [
    'a way back that costs less than nothing',
    changed(1, { ackNs: (legs[1]?.ackNs ?? 0) + 200_000 }),
    VERDICT.complete | VERDICT.impossibleTimes,
  ],
])('%s', (_, given, verdict) => {
  expect(pairHashOf(1)).toBe(given[0]?.isnPairHash);
  expect(verdictOf(given)).toBe(verdict);
});
