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

const TRAFFIC = {
  clientBytes: 77,
  serverBytes: 2 ** 32 - 1,
  clientRetransmits: 1,
  serverRetransmits: 65_535,
  closedBy: 'server',
} as const;

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
    case 10:
      return [{ ...item, traffic: { ...TRAFFIC, clientBytes: 0, closedBy: 'client' } }];
    case 11:
      return [{ ...item, traffic: { ...TRAFFIC, serverBytes: null } }];
    case 12:
      return [
        { ...item, traffic: { ...TRAFFIC, clientRetransmits: 70_000, serverBytes: 2 ** 33 } },
      ];
    default:
      return [{ ...item, traffic: TRAFFIC }];
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
      how: fc.array(fc.integer({ min: 0, max: 13 }), { minLength: 8, maxLength: 8 }),
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

/** All that the road holds, told or not. */
function heldBy(road: LiveRoad) {
  const { pools } = road.table;
  const roots = Array.from({ length: pools.capacity }, (_, id) => id).filter(
    (id) => pools.isUsed(id) && pools.rootOf(id) === id,
  );
  return roots.map((root) => road.evidenceOf(root));
}

/** Strangers come all the time, are told and forgotten; `items` come between them, one a second of 8 to 17. */
function answerAmongStrangers(items: readonly Item[]): Path[] {
  const road = new LiveRoad({ ...OPTIONS, maxLegs: 1200, maxConnections: 500, keepMs: 10_000 });
  const pending = items.map((item, index) => ({
    item,
    atMs: 8000 + Math.floor((index * 9000) / items.length),
  }));
  for (let nowMs = 0; nowMs < 17_500; nowMs += 50) {
    for (const stranger of request(1000 + nowMs / 50, nowMs % 7 === 0))
      add(road, { ...stranger, cluster: 'strangers' }, nowMs);
    while ((pending[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const next = pending.shift();
      if (next !== undefined) add(road, next.item, nowMs);
    }
    road.takeDue(nowMs, 1000);
    road.expire(nowMs, 100);
  }
  expect(road.table.counts).toMatchObject({ full: 0, evictedConnections: 0 });
  expect(road.table.openLegs).toBeLessThan(1200);
  return heldBy(road)
    .filter(({ legs, refusals, proxyLinks, proxyHeaders }) =>
      [...legs, ...refusals, ...proxyLinks, ...proxyHeaders].some(
        ({ cluster }) => cluster !== 'strangers',
      ),
    )
    .flatMap((evidence) => reconstruct(evidence, context))
    .sort((a, b) => (a.pathId < b.pathId ? -1 : 1));
}

test('late records meet what is old, among strangers whose places were freed and taken again', () => {
  fc.assert(
    fc.property(worlds, (items) => {
      expect(answerAmongStrangers(items)).toEqual(reconstruct(evidenceOf(...items), context));
    }),
    { numRuns: 10 },
  );
});

test('what outlives thousands of others is still found by its pair and by its tuples', () => {
  const road = new LiveRoad({ ...OPTIONS, maxLegs: 200, maxConnections: 64, keepMs: 2000 });
  const [first, second, third] = request(0, false) as [Leg, Leg, Leg];
  add(road, first, 0);
  for (let round = 1; round <= 250; round++) {
    add(road, { ...first, revision: round, endNs: round }, round * 500);
    for (let n = 0; n < 4; n++)
      for (const item of request(round * 4 + n, false)) add(road, item, round * 500);
    road.takeDue(round * 500, 1000, true);
    road.expire(round * 500, 64);
  }
  const bare = { isnPairHash: null, clientIsnHash: null, serverIsnHash: null };
  add(road, { ...second, ...bare, synAckNs: null, ackNs: null }, 125_100);
  add(road, third, 125_100);
  add(road, headerOf(2, '203.0.113.10:40000 > 192.168.50.11:30080'), 125_100);
  const [pool, ...others] = road.takeDue(125_200, 1000, true);
  expect(others).toEqual([]);
  expect(pool?.evidence.legs).toHaveLength(3);
  expect(pool?.evidence.legs.some(({ revision }) => revision === 250)).toBe(true);
  expect(pool?.evidence.proxyHeaders).toHaveLength(1);
  expect(road.table.keys.refused).toBe(0);
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

test('one batch that fills the table: a leg whose connection left on its account makes a new one', () => {
  const road = new LiveRoad({ ...OPTIONS, maxLegs: 20, maxConnections: 24 });
  const legsOfRequest = (n: number) => request(n, false).slice(0, 3) as [Leg, Leg, Leg];
  for (let n = 0; n < 10; n++) for (const leg of legsOfRequest(n).slice(0, 2)) add(road, leg, n);
  road.takeDue(10, 1000, true);
  const batch = Array.from({ length: 10 }, (_, n) => [
    legsOfRequest(50 + n)[0],
    legsOfRequest(n)[2],
  ]);
  const bytes = encodeBatch({} as Envelope, batch.flat());
  const offset = 8 + new DataView(bytes.buffer).getUint32(4, true);
  expect(road.addRecords(bytes, offset, legsOfRequest(0)[0], 20)).toEqual([]);
  expect(road.table.counts.evictedConnections).toBeGreaterThan(5);
  const pairs = heldBy(road).map(({ legs }) => new Set(legs.map((leg) => leg.isnPairHash)).size);
  expect(new Set(pairs)).toEqual(new Set([1]));
  const held = heldBy(road).flatMap(({ legs }) => legs);
  expect(held).toHaveLength(road.table.openLegs);
  const told = road.takeDue(20, 1000, true).flatMap(({ evidence }) => evidence.legs);
  expect(new Set(told.map(({ tuple }) => tuple.src.port)).size).toBeGreaterThanOrEqual(20);
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
