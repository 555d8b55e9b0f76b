import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { EMPTY_TOPOLOGY } from '@hoptrace/domain/topology/topology.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { expect, test } from '@jest/globals';
import {
  exchange,
  hash,
  leg,
  NOW_MS,
  NOW_US,
  proxyHeader,
  proxyLink,
  refusal,
  sourced,
} from '../testing/builders.ts';
import { WINDOW_LIMITS } from './placeWindows.ts';
import { Stitcher, type StitcherOptions } from './stitcher.ts';

const T0 = NOW_MS;
const ALL = Number.POSITIVE_INFINITY;

function setUp(part: Partial<StitcherOptions> = {}) {
  const seen: Evidence[] = [];
  const stitcher = new Stitcher({
    quietMs: 300,
    maxDelayMs: 2000,
    keepMs: 60_000,
    keepOpenMs: 600_000,
    maxRecords: 1000,
    maxGroupRecords: 100,
    maxLeftChanges: 100,
    reconstruct: (evidence, context) => {
      seen.push(evidence);
      return reconstruct(evidence, context);
    },
    onError: (error) => {
      throw error;
    },
    contextOf: (cluster) => ({ cluster, topology: EMPTY_TOPOLOGY, addressesByNode: new Map() }),
    windows: { ...WINDOW_LIMITS, coverageOf: () => null },
    ...part,
  });
  return { stitcher, seen };
}

/** A leg of connection `n`; other connections share neither hashes nor ports with it. */
function legOf(n: number, part: Parameters<typeof leg>[0] = {}): Sourced {
  return sourced(
    leg({
      seq: n,
      clientIsnHash: hash(0xc000 + n),
      serverIsnHash: hash(0x5000 + n),
      isnPairHash: hash(0xa000 + n),
      tuple: { src: { ip: '203.0.113.10', port: 40_000 + n }, dst: leg().tuple.dst },
      ...part,
    }),
  );
}

const linkOf = (seq: number, upstream: number, client: number) =>
  sourced(
    proxyLink({
      seq,
      subject: { isnPairHash: hash(0xa000 + upstream), burst: 1 },
      lastRead: { isnPairHash: hash(0xa000 + client), burst: 1 },
      oldest: { isnPairHash: hash(0xa000 + client), burst: 1 },
    }),
  );

const sizes = (seen: Evidence[]) => seen.map((each) => each.legs.length + each.proxyLinks.length);

test('a refusal is told at once, and again when more is known of it', () => {
  const { stitcher } = setUp();
  const tuple = { src: { ip: '203.0.113.10', port: 40_001 }, dst: leg().tuple.dst };
  const unanswered = legOf(1, {
    ...{ serverIsnHash: null, isnPairHash: null, synAckNs: null, ackNs: null },
    ...{ firstRequestNs: null, firstResponseNs: null, endNs: null, end: 'unanswered' },
  });
  stitcher.add(unanswered, T0);
  stitcher.add(sourced(refusal({ seq: 5, clientIsnHash: hash(0xc001), tuple })), T0 + 200);
  expect(stitcher.takeDue(T0 + 249, ALL).paths).toEqual([]);
  const [told] = stitcher.takeDue(T0 + 250, ALL).paths;
  expect(told?.refusal).toMatchObject({ kind: 'rejected' });
  // What other nodes add may take its time.
  stitcher.add(sourced(unanswered, { node: 'node2', seq: 6 }), T0 + 400);
  expect(stitcher.takeDue(T0 + 600, ALL).paths).toEqual([]);
  expect(stitcher.takeDue(T0 + 700, ALL).paths).toMatchObject([{ pathId: told?.pathId }]);
});

test('a group is reconstructed when it was quiet for long enough', () => {
  const { stitcher, seen } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(sourced(legOf(1), { node: 'node2', seq: 2 }), T0 + 200);
  expect(stitcher.takeDue(T0 + 499, ALL).paths).toEqual([]);
  expect(stitcher.takeDue(T0 + 500, ALL).paths).toHaveLength(1);
  expect(sizes(seen)).toEqual([2]);
  expect(stitcher.takeDue(T0 + 10_000, ALL).paths).toEqual([]);
});

test('a group that never becomes quiet is reconstructed two seconds after its first record', () => {
  const { stitcher, seen } = setUp();
  for (let ms = 0; ms <= 1900; ms += 100) stitcher.add(linkOf(10 + ms, 2, 1), T0 + ms);
  stitcher.add(legOf(1), T0 + 1950);
  expect(stitcher.takeDue(T0 + 1999, ALL).paths).toEqual([]);
  stitcher.takeDue(T0 + 2000, ALL);
  expect(sizes(seen)).toEqual([21]);
});

test('connections that nothing joins are reconstructed apart, those that a link joins together', () => {
  const { stitcher, seen } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(legOf(2), T0);
  stitcher.add(legOf(3), T0);
  expect(stitcher.groupCount).toBe(3);
  stitcher.add(linkOf(4, 2, 1), T0);
  expect(stitcher.groupCount).toBe(2);
  stitcher.takeDue(T0 + 300, ALL);
  expect(sizes(seen).sort()).toEqual([1, 3]);
});

test('the same records in any order make the same paths', () => {
  const records = [legOf(1), legOf(2), linkOf(3, 2, 1), legOf(4), linkOf(5, 4, 1)];
  const pathsOf = (order: Sourced[]) => {
    const { stitcher } = setUp();
    for (const record of order) stitcher.add(record, T0);
    return stitcher.takeDue(T0 + 300, ALL).paths;
  };
  const forward = pathsOf(records);
  expect(forward.length).toBeGreaterThan(0);
  expect(pathsOf([...records].reverse())).toEqual(forward);
  expect(pathsOf([...records, ...records])).toEqual(forward);
});

test('a later revision replaces the earlier one, an earlier one that comes late does not', () => {
  const { stitcher, seen } = setUp();
  const open = legOf(1, { end: 'open', endNs: null, firstResponseNs: null });
  const ended = legOf(1, { seq: 9, legId: 1, revision: 1 });
  stitcher.add(ended, T0);
  stitcher.add(open, T0);
  expect(stitcher.recordCount).toBe(1);
  stitcher.takeDue(T0 + 300, ALL);
  expect(seen[0]?.legs).toEqual([ended]);
});

test('a late record writes the path again with a higher version, a repetition writes nothing', () => {
  const { stitcher } = setUp();
  const open = legOf(1, { end: 'open', endNs: null, firstResponseNs: null });
  stitcher.add(open, T0);
  const [first] = stitcher.takeDue(T0 + 300, ALL).paths;
  stitcher.add(open, T0 + 20_000);
  expect(stitcher.takeDue(T0 + 30_000, ALL).paths).toEqual([]);
  stitcher.add(legOf(1, { seq: 9, legId: 1, revision: 1 }), T0 + 40_000);
  const [second] = stitcher.takeDue(T0 + 50_000, ALL).paths;
  expect(second?.pathId).toBe(first?.pathId);
  expect(second?.version).toBeGreaterThan(first?.version ?? 0);
});

test('a path that later evidence makes part of another is withdrawn', () => {
  const { stitcher } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(legOf(2), T0);
  const alone = stitcher.takeDue(T0 + 300, ALL).paths;
  expect(alone).toHaveLength(2);
  for (const side of ['request', 'response'] as const) {
    const link = proxyLink({ seq: side === 'request' ? 3 : 4, side });
    const [subject, other] = side === 'request' ? [2, 1] : [1, 2];
    const burst = { isnPairHash: hash(0xa000 + other), burst: 1 };
    const pair = { subject: { isnPairHash: hash(0xa000 + subject), burst: 1 } };
    stitcher.add(sourced({ ...link, ...pair, lastRead: burst, oldest: burst }), T0 + 1000);
  }
  const { paths, withdrawals } = stitcher.takeDue(T0 + 2000, ALL);
  const written = new Map(alone.map((path) => [path.pathId, path.version]));
  const gone = alone.filter((path) => !paths.some(({ pathId }) => pathId === path.pathId));
  expect(paths).toHaveLength(1);
  expect(gone.length).toBeGreaterThan(0);
  expect(withdrawals.map((each) => each.pathId).sort()).toEqual(
    gone.map((each) => each.pathId).sort(),
  );
  for (const { pathId, version, cluster } of withdrawals) {
    expect(cluster).toBe('lab');
    expect(version).toBeGreaterThan(written.get(pathId) ?? 0);
  }
});

test('a path whose content changes but whose count does not still gets a higher version', () => {
  let confidence = 1;
  const { stitcher } = setUp({
    reconstruct: (evidence, context) =>
      reconstruct(evidence, context).map((path): Path => ({ ...path, version: 7, confidence })),
  });
  stitcher.add(legOf(1), T0);
  expect(stitcher.takeDue(T0 + 300, ALL).paths.map((path) => path.version)).toEqual([7]);
  confidence = 0.5;
  const tuple = { src: { ip: '203.0.113.10', port: 40_001 }, dst: leg().tuple.dst };
  stitcher.add(sourced(refusal({ seq: 5, clientIsnHash: hash(0xc001), tuple })), T0 + 400);
  expect(stitcher.takeDue(T0 + 800, ALL).paths.map((path) => path.version)).toEqual([8]);
});

test('groups are kept for a minute, those with an open connection for longer', () => {
  const { stitcher } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(legOf(2, { end: 'open', endNs: null }), T0);
  stitcher.takeDue(T0 + 300, ALL);
  stitcher.expire(T0 + 59_999);
  expect(stitcher.groupCount).toBe(2);
  stitcher.expire(T0 + 60_000);
  expect(stitcher.groupCount).toBe(1);
  stitcher.expire(T0 + 600_000);
  expect(stitcher.groupCount).toBe(0);
  expect(stitcher.recordCount).toBe(0);
});

test('a group with news is not forgotten before it was reconstructed', () => {
  const { stitcher } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.expire(T0 + 900_000);
  expect(stitcher.takeDue(T0 + 900_000, ALL).paths).toHaveLength(1);
});

test('the end of a connection that is forgotten makes no path of its own', () => {
  const { stitcher } = setUp();
  const end = { seq: 9, legId: 1, revision: 1 };
  stitcher.add(legOf(1, end), T0 + 61_000);
  expect(stitcher.groupCount).toBe(0);
  expect(stitcher.counts.orphanRevisions).toBe(1);
  stitcher.add(legOf(1, end), T0 + 1000);
  expect(stitcher.groupCount).toBe(1);
});

test('a full table lets the group go that was silent longest, and says first what it knew', () => {
  const { stitcher } = setUp({ maxRecords: 3 });
  for (const n of [1, 2, 3]) stitcher.add(legOf(n), T0 + n);
  stitcher.add(sourced(legOf(1), { node: 'node2' }), T0 + 10);
  expect(stitcher.counts.evictedRecords).toBe(1);
  expect(stitcher.recordCount).toBe(3);
  const ports = stitcher.takeDue(T0 + 11, ALL).paths.map((path) => path.client.port);
  expect(ports).toEqual([40_002]);
});

test('what evicted groups say is bounded, and the rest counted', () => {
  const { stitcher } = setUp({ maxRecords: 1, maxLeftChanges: 2 });
  for (let n = 1; n <= 6; n++) stitcher.add(legOf(n), T0);
  expect(stitcher.takeDue(T0, ALL).paths).toHaveLength(2);
  expect(stitcher.counts).toEqual({
    evictedRecords: 5,
    closedGroups: 0,
    orphanRevisions: 0,
    failedGroups: 0,
    droppedChanges: 3,
    droppedLinks: 0,
    judgedWindows: 0,
    unjudgedWindows: 0,
  });
});

test('a group that grows too large is reconstructed a last time and closed', () => {
  const { stitcher, seen } = setUp({ maxGroupRecords: 4 });
  for (let n = 1; n <= 5; n++) stitcher.add(linkOf(n, 100 + n, 99), T0);
  expect(stitcher.counts.closedGroups).toBe(1);
  expect(stitcher.groupCount).toBe(0);
  expect(sizes(seen)).toEqual([5]);
});

test('a turn takes so many groups and says that there are more; the last one takes all', () => {
  const { stitcher } = setUp();
  for (let n = 1; n <= 5; n++) stitcher.add(legOf(n), T0);
  expect(stitcher.takeDue(T0 + 300, 2)).toMatchObject({ hasMore: true });
  expect(stitcher.takeDue(T0 + 300, 3)).toMatchObject({ hasMore: false });
  stitcher.add(legOf(6), T0 + 400);
  expect(stitcher.takeDue(T0 + 401, ALL).paths).toHaveLength(0);
  expect(stitcher.takeDue(T0 + 401, ALL, true).paths).toHaveLength(1);
});

test('a tuple that is used again ties its connections together only where a header names it, and not a minute later', () => {
  const { stitcher } = setUp();
  const tuple = leg().tuple;
  stitcher.add(legOf(1, { tuple }), T0);
  stitcher.add(legOf(2, { tuple, startUs: NOW_US + 9_000_000 }), T0);
  stitcher.add(legOf(3, { tuple, startUs: NOW_US + 60_000_000 }), T0);
  expect(stitcher.groupCount).toBe(3);
  stitcher.add(sourced(proxyHeader({ seq: 9, isnPairHash: hash(0xa009), claimed: tuple })), T0);
  expect(stitcher.groupCount).toBe(2);
});

test('clusters never meet', () => {
  const { stitcher } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(sourced(legOf(1), { cluster: 'other' }), T0);
  expect(stitcher.groupCount).toBe(2);
  const { paths } = stitcher.takeDue(T0 + 300, ALL);
  expect(paths.map((path) => path.cluster).sort()).toEqual(['lab', 'other']);
});

test('a defect in reconstruction costs its own group and no other', () => {
  const errors: unknown[] = [];
  const { stitcher } = setUp({
    onError: (error) => errors.push(error),
    reconstruct: (evidence, context) => {
      if (evidence.legs.some((each) => each.seq === 2)) throw new Error('defect');
      return reconstruct(evidence, context);
    },
  });
  for (const n of [1, 2, 3]) stitcher.add(legOf(n), T0);
  const { paths } = stitcher.takeDue(T0 + 300, ALL);
  expect(paths.map((each) => each.client.port).sort()).toEqual([40_001, 40_003]);
  expect(stitcher.counts.failedGroups).toBe(1);
  expect(errors).toEqual([new Error('defect')]);
});

const exchangeOf = (n: number, requestId: number) =>
  sourced(
    exchange({
      seq: 1000 + n,
      isnPairHash: hash(0xa000 + n),
      requestIdHash: hash(0x1d00 + requestId),
    }),
  );

test('two connections that carried one request id are reconstructed together', () => {
  const { stitcher, seen } = setUp();
  for (const n of [1, 2, 3]) stitcher.add(legOf(n), T0);
  stitcher.add(exchangeOf(1, 1), T0);
  stitcher.add(exchangeOf(2, 1), T0);
  stitcher.add(exchangeOf(3, 2), T0);
  stitcher.takeDue(T0 + 1000, ALL);
  expect(seen.map((each) => each.exchanges?.length).sort()).toEqual([1, 2]);
});

test('a request id that everybody sends does not make one group of everybody', () => {
  const { stitcher, seen } = setUp({ maxRecords: 10_000, maxGroupRecords: 5000 });
  for (let n = 1; n <= 300; n++) {
    stitcher.add(legOf(n), T0);
    stitcher.add(exchangeOf(n, 1), T0);
  }
  const { paths } = stitcher.takeDue(T0 + 1000, ALL);
  expect(paths).toHaveLength(300);
  expect(Math.max(...seen.map((each) => each.exchanges?.length ?? 0))).toBe(64);
  expect(stitcher.counts.closedGroups).toBe(0);
});

test('what was left open for want of a rule is decided once the program is known', () => {
  const { stitcher } = setUp({ maxGroupRecords: 1000 });
  const classOf = (paths: readonly Path[]) => paths.find((path) => path.hops.length > 1)?.class;
  const link = (seq: number, side: 'request' | 'response', subject: number, named: number) => {
    const record = linkOf(seq, subject, named);
    return record.kind === 'proxyLink' ? { ...record, side } : record;
  };
  // One request whose response link was lost: nothing confirms it.
  for (const record of [legOf(1), legOf(2), link(10, 'request', 2, 1)]) stitcher.add(record, T0);
  expect(classOf(stitcher.takeDue(T0 + 500, ALL).paths)).toBeUndefined();
  for (let n = 100; n < 140; n += 2) {
    stitcher.add(link(1000 + n, 'request', n + 1, n), T0 + 600);
    stitcher.add(link(2000 + n, 'response', n, n + 1), T0 + 600);
  }
  stitcher.takeDue(T0 + 1000, ALL);
  expect(classOf(stitcher.takeDue(T0 + 1500, ALL).paths)).toBe('B');
});

test('a record that waits makes a lag; what is to be thought over again makes none', () => {
  const { stitcher } = setUp();
  stitcher.add(legOf(1), T0);
  stitcher.add(legOf(2), T0 + 400);
  expect(stitcher.lagMs(T0 + 450)).toBe(450);
  stitcher.takeDue(T0 + 1000, ALL);
  expect(stitcher.lagMs(T0 + 1000)).toBe(0);
  stitcher.reconsider(() => true);
  expect(stitcher.waiting).toBe(2);
  expect(stitcher.lagMs(T0 + 17_000)).toBe(0);
  stitcher.add(legOf(3), T0 + 17_000);
  expect(stitcher.lagMs(T0 + 17_100)).toBe(100);
});
