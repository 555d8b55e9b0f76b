import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clusterOf,
  evidenceOf,
  headerOf,
  legsOf,
  linkOf,
  refusalOf,
} from '../reconstruct/builders.ts';
import type { Leg, ProxyHeader, ProxyLink, Refusal } from '../reconstruct/evidence.ts';
import { reconstruct } from '../reconstruct/reconstruct.ts';
import type { Path } from '../rest/path.ts';
import { encodeBatch } from '../wire/binary.ts';
import type { Envelope } from '../wire/v1.ts';
import { LiveRoad } from './liveRoad.ts';

type Item = Leg | Refusal | ProxyLink | ProxyHeader;

const OPTIONS = {
  maxLegs: 4096,
  maxConnections: 2048,
  maxOtherRecords: 4096,
  quietMs: 500,
  maxDelayMs: 2000,
  keepMs: 30_000,
};
const context = clusterOf([
  { name: 'web', nodePort: 30080, endpoints: ['10.244.1.10:80@node1', '10.244.2.10:80@node2'] },
  { name: 'app', nodePort: 30081, endpoints: ['10.244.3.20:8080@node3'] },
]);

function add(road: LiveRoad, item: Item, nowMs: number) {
  const envelope: Envelope = {
    schemaVersion: 1,
    cluster: item.cluster,
    node: item.node,
    bootId: item.bootId,
    firstSeq: item.seq,
    count: 1,
    sentAtUs: 0,
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
    addresses: [],
  };
  const bytes = encodeBatch(envelope, [item]);
  const offset = 8 + new DataView(bytes.buffer).getUint32(4, true);
  return road.addRecords(bytes, offset, item, nowMs);
}

/** One request: client → NodePort on node1 → ingress Pod on node2 → app Pod on node3. */
function request(n: number, isIpv6: boolean): Item[] {
  const [a, b] = [n * 2 + 1, n * 2 + 2];
  const front = `203.0.113.10:${40_000 + n} > 192.168.50.11:30080`;
  const mid = `192.168.50.11:${20_000 + n} > 10.244.2.10:80`;
  const back = `10.244.2.10:${30_000 + n} > 10.244.3.20:8080`;
  const startUs = 1_790_000_000_000_000 + n * 1000;
  const inbound = legsOf({
    id: a,
    startUs,
    taps: [
      { node: 'node1', role: 'uplink', direction: 'rx', tuple: front, nat: [front, mid] },
      { node: 'node2', role: 'uplink', direction: 'rx', tuple: mid },
      { node: 'node2', role: 'pod', direction: 'rx', tuple: mid },
    ],
  });
  const outbound = legsOf({
    id: b,
    startUs,
    taps: [
      { node: 'node2', role: 'pod', direction: 'tx', tuple: back },
      { node: 'node3', role: 'podVeth', direction: 'tx', tuple: back },
    ],
  });
  const ends = { src: { ip: '2001:db8::1', port: n }, dst: { ip: '2001:db8::2', port: 80 } };
  const legs = [...inbound, ...outbound];
  return [
    ...(isIpv6 ? legs.map((leg) => ({ ...leg, tuple: ends })) : legs),
    linkOf('request', b, a, a),
    headerOf(b, front),
  ];
}

/** What the network and the agents may do to a record. */
function distort(item: Item, how: number): Item[] {
  if (item.kind !== 'leg') return how === 1 ? [] : [item];
  const bare = { isnPairHash: null, serverIsnHash: null, synAckNs: null, ackNs: null };
  switch (how) {
    case 1:
      return [];
    case 2:
      return [item, item];
    case 3:
      return [{ ...item, ...bare }];
    case 4:
      return [{ ...item, ...bare, clientIsnHash: null }];
    case 5:
      return [{ ...item, endNs: 2 ** 45, end: 'reset' }];
    case 6:
      return [item, { ...item, seq: item.seq + 50_000, revision: 1, endNs: 7_000_000 }];
    case 7:
      return [
        { ...item, ...bare },
        { ...item, seq: item.seq + 50_000, revision: 1 },
      ];
    case 8:
      return [{ ...item, ackNs: (item.synAckNs ?? 0) + 900_000, synTtl: 70 }];
    case 9:
      return [{ ...item, seq: item.seq + 50_000, endNs: 1 }, item];
    default:
      return [item];
  }
}

function liveAnswer(items: readonly Item[]): Path[] {
  const road = new LiveRoad(OPTIONS);
  for (const [index, item] of items.entries()) expect(add(road, item, index)).toEqual([]);
  const pools = road.takeDue(items.length, 10_000, true);
  return pools
    .flatMap(({ evidence }) => reconstruct(evidence, context))
    .sort((a, b) => (a.pathId < b.pathId ? -1 : 1));
}

const worlds = fc
  .array(
    fc.record({
      isIpv6: fc.boolean(),
      isRefused: fc.boolean(),
      how: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 8, maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .chain((specs) => {
    const items = specs.flatMap(({ isIpv6, isRefused, how }, n) => {
      const all: Item[] = request(n, isIpv6);
      const tuple = `203.0.113.10:${40_000 + n} > 192.168.50.11:30080`;
      const tap = { node: 'node1', role: 'uplink', direction: 'rx', tuple } as const;
      if (isRefused) all.push(refusalOf(n * 2 + 1, tap, {}));
      return all.flatMap((item, index) => distort(item, how[index] ?? 0));
    });
    return fc.shuffledSubarray(items, { minLength: items.length, maxLength: items.length });
  });

test('the typed road finds the paths that plain reconstruct finds, over random worlds', () => {
  fc.assert(
    fc.property(worlds, (items) => {
      expect(liveAnswer(items)).toEqual(reconstruct(evidenceOf(...items), context));
    }),
    { numRuns: 100 },
  );
});

test('a leg comes back as it went in: IPv4, IPv6, wide stamps, all nulls', () => {
  const legs = request(3, false).concat(request(4, true));
  const wide = legs.flatMap((item) => (item.kind === 'leg' ? [item, ...distort(item, 5)] : []));
  for (const [index, leg] of wide.entries()) {
    const road = new LiveRoad(OPTIONS);
    add(road, leg, index);
    expect(road.takeDue(index, 1, true)[0]?.evidence.legs).toEqual([leg]);
  }
});

test('nothing is due before it is quiet, and a late leg makes it due again', () => {
  const road = new LiveRoad(OPTIONS);
  const [first, second] = request(1, false) as [Leg, Leg];
  add(road, first, 1000);
  expect(road.takeDue(1400, 10)).toEqual([]);
  expect(road.takeDue(1500, 10)).toHaveLength(1);
  expect(road.takeDue(1600, 10)).toEqual([]);
  add(road, second, 1700);
  expect(road.takeDue(2200, 10)[0]?.evidence.legs).toHaveLength(2);
});

test('what never becomes quiet is due after the longest delay', () => {
  const road = new LiveRoad(OPTIONS);
  const legs = request(1, false).filter((item): item is Leg => item.kind === 'leg');
  for (let index = 0; index < 6; index++)
    add(road, { ...(legs[index % 3] as Leg), legId: index, seq: index }, index * 400);
  expect(road.takeDue(1999, 10)).toEqual([]);
  expect(road.takeDue(2000, 10)).toHaveLength(1);
});

test('what had its time is forgotten wholly: rows, connections and keys are free again', () => {
  const road = new LiveRoad(OPTIONS);
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 100; n++)
      for (const item of request(n, n % 7 === 0)) add(road, item, round * 40_000);
    road.takeDue(round * 40_000, 10_000, true);
    expect(road.table.openLegs).toBe(500);
    road.expire(round * 40_000 + 35_000, OPTIONS.maxConnections);
    expect(road.table.openLegs).toBe(0);
    expect(road.table.pools.used).toBe(0);
    expect(road.table.keys.size).toBe(0);
    expect(road.table.bytesOfRow.size).toBe(0);
  }
});

test('a full table lets the oldest go, and what they had to say is answered', () => {
  const road = new LiveRoad({ ...OPTIONS, maxLegs: 50, maxConnections: 40 });
  const items = Array.from({ length: 40 }, (_, n) => request(n, false)).flat();
  for (const [index, item] of items.entries()) add(road, item, index);
  const pools = road.takeDue(10_000, 10_000, true);
  const legs = pools.flatMap(({ evidence }) => evidence.legs);
  expect(legs).toHaveLength(200);
  expect(road.table.counts).toMatchObject({ legs: 200, full: 0, droppedPools: 0 });
});

test('illegal legs are named, their neighbours are kept', () => {
  const road = new LiveRoad(OPTIONS);
  const [leg, other] = request(1, false) as [Leg, Leg];
  const one = encodeBatch({} as Envelope, [leg, other]);
  const offset = 8 + new DataView(one.buffer).getUint32(4, true);
  one[offset + 28] = 9;
  expect(road.addRecords(one, offset, leg, 0).map(({ field }) => field)).toEqual([
    'records[0].tap',
  ]);
  expect(road.table.openLegs).toBe(1);
  expect(road.addRecords(one.subarray(0, -1), offset, leg, 0)).toHaveLength(2);
});
