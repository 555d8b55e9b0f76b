import {
  type ConnectionSpec,
  evidenceOf,
  legsOf,
  linkOf,
} from '@hoptrace/domain/reconstruct/builders.ts';
import type { Exchange, Leg } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BASE_US,
  connection,
  context,
  INGRESS,
  MS,
  Road,
  request,
  requests,
  T0,
} from '../testing/proxyRoad.ts';

/** All there is, as the store has it in the end. */
const told = (records: readonly Sourced[]) =>
  new Road()
    .add(records, T0 + 21_000)
    .tellUpTo(30)
    .take(T0 + 30_000);

const portsOf = ({ hops }: Path) => {
  const proxied = hops.find(({ link }) => link?.method === 'timing');
  return [(hops[0]?.from.port ?? 0) - 40_000, (proxied?.from.port ?? 0) - 51_000];
};

test('no thread links, a whole window: paths through the proxy are inferred, and no such path is complete', () => {
  const road = told(requests(60));
  expect(road.inferred.length).toBeGreaterThan(50);
  for (const path of road.inferred) {
    const [client, upstream] = portsOf(path);
    expect(client).toBe(upstream);
    expect(path).toMatchObject({ class: 'C' });
    expect(path.confidence).toBeLessThan(1);
    expect(path.completeness).toBeLessThan(1);
    expect(path.warnings.map(({ code }) => code)).toContain('linkInferred');
  }
  expect(road.store.size).toBe(120 - road.inferred.length);
  expect(road.stitcher.counts).toMatchObject({ judgedWindows: 1, unjudgedWindows: 0 });
});

test('the same is inferred as where the whole world is given to reconstruct()', () => {
  const records = requests(60);
  const whole = reconstruct(evidenceOf(...(records as (Leg | Exchange)[])), {
    ...context,
    hasWholeWindow: true,
  });
  const shape = (paths: Iterable<Path>) =>
    [...paths]
      .map(({ pathId, class: letter, confidence, completeness, hops }) =>
        JSON.stringify([pathId, letter, confidence, completeness, hops.map(({ link }) => link)]),
      )
      .sort();
  expect(shape(told(records).store.values())).toEqual(shape(whole));
});

test('what the agent has not told yet, or never says that it told, infers nothing; the cause stays open', () => {
  const early = new Road()
    .add(requests(60), T0 + 21_000)
    .tellUpTo(24.9)
    .take(T0 + 25_000);
  const silent = new Road().add(requests(60), T0 + 21_000);
  silent.coverage = null;
  silent.take(T0 + 30_000);
  for (const road of [early, silent]) {
    expect(road.inferred).toEqual([]);
    expect(road.store.size).toBe(120);
    const open = [...road.store.values()].filter(({ hops }) => hops.at(-1)?.to.ip !== INGRESS);
    expect(open).toHaveLength(60);
    expect(open.every(({ warnings }) => warnings.some(({ code }) => code === 'causeNotSeen'))).toBe(
      true,
    );
    expect(open.every(({ completeness }) => completeness < 1)).toBe(true);
  }
  expect(early.tellUpTo(25.1).take(T0 + 40_000).inferred.length).toBeGreaterThan(50);
});

test('an agent that began in the middle, or lost records then, infers nothing', () => {
  const young = new Road().add(requests(60), T0 + 21_000).tellUpTo(30);
  young.coverage = { fromUs: BASE_US + 1_000_000, toUs: BASE_US + 30_000_000 };
  const lossy = new Road().add(requests(60), T0 + 21_000).tellUpTo(30);
  const window = { fromUs: BASE_US + 3_000_000, toUs: BASE_US + 4_000_000 };
  lossy.losses = new Map([['node2', [window]]]);
  for (const road of [young, lossy]) {
    expect(road.take(T0 + 30_000).inferred).toEqual([]);
    expect(road.stitcher.counts).toMatchObject({ judgedWindows: 0, unjudgedWindows: 1 });
  }
  const elsewhere = new Road().add(requests(60), T0 + 21_000).tellUpTo(30);
  elsewhere.losses = new Map([['node3', [window]]]);
  expect(elsewhere.take(T0 + 30_000).inferred.length).toBeGreaterThan(50);
});

test('somebody who was there is forgotten: nothing is inferred', () => {
  const road = new Road(requests(59).length);
  road
    .add(requests(60), T0 + 21_000)
    .tellUpTo(30)
    .take(T0 + 30_000);
  expect(road.stitcher.counts.evictedRecords).toBeGreaterThan(0);
  expect(road.inferred).toEqual([]);
});

test('an exchange whose connection is unknown was at one of the places of its node: nothing is inferred', () => {
  const [, lone] = request(7);
  const records = requests(60).filter((record) => record !== lone);
  const without = records.filter(
    (record) => !(record.kind === 'leg' && record.tuple.src.port === 40_007),
  );
  expect(without).toHaveLength(records.length - 1);
  expect(told(without).inferred).toEqual([]);
});

test('a late record opens what was inferred again: in the end it is as if it had been there at once', () => {
  const late = request(30);
  const road = told(requests(60).filter((record) => !late.some((each) => isSame(each, record))));
  const before = road.inferred.map(({ pathId }) => pathId);
  expect(before.length).toBeGreaterThan(50);
  road.add(late, T0 + 45_000).take(T0 + 46_000);
  const wanted = told(requests(60)).inferred;
  const pathIds = (paths: readonly Path[]) => paths.map(({ pathId }) => pathId).sort();
  expect(pathIds(road.inferred)).toEqual(pathIds(wanted));
  expect(pathIds(road.inferred)).not.toEqual(before.sort());
  expect(road.stitcher.counts.judgedWindows).toBe(2);
});

test('a late record where somebody is forgotten by now takes back what was inferred', () => {
  const late = request(30);
  const road = told(requests(60).filter((record) => !late.some((each) => isSame(each, record))));
  expect(road.inferred.length).toBeGreaterThan(50);
  road.losses = new Map([['node2', [{ fromUs: BASE_US, toUs: BASE_US + 1_000_000 }]]]);
  road.add(late, T0 + 45_000).take(T0 + 46_000);
  expect(road.inferred).toEqual([]);
  expect(road.store.size).toBe(120);
});

test('a thread link that comes late stands above what times said', () => {
  const road = told(requests(60));
  const links = [linkOf('request', 5003, 1003, 1003), linkOf('response', 1003, 5003, 5003)];
  road.add(links, T0 + 40_000).take(T0 + 41_000);
  const path = [...road.store.values()].find(({ hops }) => hops[0]?.from.port === 40_003);
  expect(path?.hops.map(({ link }) => link?.method ?? null)).toEqual([null, 'threadRule']);
});

test('kept connections: what two windows infer of one stands side by side', () => {
  const kept = [0, 1, 2, 3].map((n) => connection(n, false, 0));
  const records = requests(240).filter(({ kind, ...rest }) => {
    const tap = 'tap' in rest ? rest.tap : null;
    return tap?.synDirection === 'tx' || rest.node === 'node3';
  });
  const asked = requests(240).filter(
    (record): record is Exchange =>
      record.kind === 'exchange' && record.node === 'node2' && record.tap.synDirection === 'rx',
  );
  // Client n mod 4 sends request n on the connection that it has.
  const inbound = asked.map((record, n): Exchange => {
    const [leg] = legsOf(kept[n % 4] as ConnectionSpec);
    const before = Math.floor(n / 4);
    const at = { burst: before + 1, requestOffset: before * 1000, responseOffset: before * 5000 };
    return { ...record, ...at, isnPairHash: leg?.isnPairHash ?? '' };
  });
  const legs = kept.flatMap((spec) => legsOf(spec));
  const road = new Road().add([...legs, ...inbound, ...records], T0 + 40_000);
  road.tellUpTo(26).take(T0 + 46_000);
  const first = road.inferred.map(({ pathId }) => pathId);
  expect(first.length).toBeGreaterThan(100);
  road.tellUpTo(50).take(T0 + 56_000);
  const both = new Set(road.inferred.map(({ pathId }) => pathId));
  expect(both.size).toBeGreaterThan(200);
  expect(first.filter((pathId) => !both.has(pathId))).toEqual([]);
  expect(road.stitcher.counts).toMatchObject({ judgedWindows: 2, droppedLinks: 0 });
});

test('streams of equal length, which no key joins, are found in a whole window', () => {
  const asIs = requests(20).map((record): Sourced => {
    if (record.kind === 'leg') return { ...record, endNs: 20 * MS };
    if (record.kind !== 'exchange' || record.node !== 'node2') return record;
    const added = record.tap.synDirection === 'rx' ? 24 : 0;
    const { requestBytes, responseBytes } = record;
    return { ...record, requestBytes: requestBytes - added, responseBytes: responseBytes - added };
  });
  const road = told(asIs);
  const methods = [...road.store.values()].flatMap(({ hops }) =>
    hops.flatMap(({ link }) => link?.method ?? []),
  );
  expect(methods.length).toBeGreaterThan(15);
  expect(new Set(methods)).toEqual(new Set(['byteCounters']));
});

test('a group that times would make too large stays as it is, and the link is counted', () => {
  const road = new Road(100_000, 4);
  road
    .add(requests(60), T0 + 21_000)
    .tellUpTo(30)
    .take(T0 + 30_000);
  expect(road.inferred).toEqual([]);
  expect(road.stitcher.counts.droppedLinks).toBeGreaterThan(50);
});

test('after a start, paths that times joined are taken back together, above what was written', () => {
  const road = new Road().add(requests(60), T0 + 21_000).tellUpTo(30);
  road.take(T0 + 30_000);
  const [path] = road.inferred;
  const [n = -1] = path === undefined ? [] : portsOf(path);
  const again = new Road();
  for (const record of requests(60))
    again.stitcher.add(record, T0 + 50_000, { lsn: 1, isNews: false });
  again.stitcher.restore(road.emissions, 0);
  for (const [pathId, version] of road.versions) again.versions.set(pathId, version);
  const late = request(n)
    .slice(0, 1)
    .map((record) => ({ ...record, seq: 9_000_000, revision: 1 }));
  again.coverage = null;
  again.add(late as Sourced[], T0 + 51_000).take(T0 + 52_000);
  const ends = [...again.store.values()].map(({ hops }) => hops.at(-1)?.to.ip);
  expect(ends.sort()).toEqual([INGRESS, '10.244.3.20']);
  expect(again.inferred).toEqual([]);
});

test('in any order, with repetitions, at whatever time: the same in the end', () => {
  const records = requests(40);
  const shape = (road: Road) =>
    [...road.store.values()]
      .map(({ version: _, hops, ...path }) =>
        // Clocks are learnt on the way.
        JSON.stringify([path, hops.map(({ oneWay: _learnt, ...hop }) => hop)]),
      )
      .sort();
  const wanted = shape(told(records));
  fc.assert(
    fc.property(
      fc.shuffledSubarray(records, { minLength: records.length }),
      fc.nat(records.length),
      fc.boolean(),
      (shuffled, cut, isTold) => {
        const road = new Road();
        if (isTold) road.tellUpTo(30);
        road.add(shuffled.slice(0, cut), T0 + 21_000).take(T0 + 22_000);
        road.add([...shuffled.slice(cut), ...shuffled.slice(0, 10)], T0 + 30_000);
        expect(shape(road.tellUpTo(30).take(T0 + 31_000, 12))).toEqual(wanted);
      },
    ),
    { numRuns: 20 },
  );
});

function isSame(a: Sourced, b: Sourced): boolean {
  return a.seq === b.seq && a.node === b.node && a.kind === b.kind;
}
