import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { LegRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { exchangeRecords } from '@hoptrace/store/queries/exchangeRecords.ts';
import { legsOfConnections } from '@hoptrace/store/queries/legsOfConnections.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { proxyHeaderRecords, proxyLinkRecords } from '@hoptrace/store/queries/proxyRecords.ts';
import { refusalRecords } from '@hoptrace/store/queries/refusalRecords.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from './embedded.ts';
import { exchange, leg, proxyHeader, proxyLink, refusal, T0_US } from './storeSamples.ts';

jest.setTimeout(60_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
}, 60_000);
afterAll(() => fixture.stop(), 60_000);

const window = { fromUs: T0_US - 1_000_000, toUs: T0_US + 1_000_000 };
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** Nothing but what the SYN shows, and the largest and smallest numbers. */
const bareLeg = leg({
  seq: MAX_SAFE,
  legId: MAX_SAFE,
  bootId: 'boot-bare',
  tuple: {
    src: { ip: '2001:db8::1', port: 65_535 },
    dst: { ip: 'fe80::1', port: 0 },
  },
  original: null,
  reply: null,
  clientIsnHash: '8000000000000001',
  serverIsnHash: null,
  isnPairHash: null,
  synNs: 0,
  synAckNs: null,
  ackNs: null,
  firstRequestNs: null,
  firstResponseNs: null,
  endNs: MAX_SAFE,
  end: 'unanswered',
  synCount: 65_535,
  synTtl: 255,
  revision: 255,
  traffic: undefined,
  tap: { netns: 0xffff_ffff, ifindex: 0, role: 'pod', synDirection: 'tx' },
});

test('a leg comes back as it went in, with every field set and with every optional field missing', async () => {
  const { store } = fixture;
  await insertRecords(store, [leg(), bareLeg], 'legs-1');
  const full = await legsOfConnections(store, { isnPairHashes: ['fedcba9876543210'] }, { window });
  const bare = await legsOfConnections(
    store,
    { clientIsnHashes: ['8000000000000001'] },
    { window },
  );
  expect(full).toEqual([leg()]);
  expect(bare).toEqual([bareLeg]);
});

test('refusals, proxy links, PROXY headers and exchanges of one mixed batch come back as they went in', async () => {
  const { store } = fixture;
  const records = [
    refusal(),
    refusal({ seq: 12, refusal: 'dropped', evidence: 'silence', reason: '', icmpType: 0 }),
    proxyLink(),
    proxyLink({
      seq: 13,
      side: 'response',
      subject: { isnPairHash: '3333333333333333', burst: 1 },
      lastRead: null,
      oldest: { isnPairHash: '1111111111111111', burst: 2 },
    }),
    proxyHeader(),
    proxyHeader({ seq: 14, command: 'local', claimed: null, version: 1 }),
    exchange(),
    exchange({
      seq: 15,
      burst: 0xffff_ffff,
      requestOffset: MAX_SAFE,
      responseBytes: MAX_SAFE,
      requestFirstNs: null,
      requestLastNs: null,
      responseFirstNs: 0,
      responseLastNs: MAX_SAFE,
      method: '',
      status: 0,
      requestIdHash: null,
      traceIdHash: null,
      protocol: 'tls',
      firstFlightHash: null,
    }),
  ];
  await insertRecords(store, records, 'mixed-1');
  const keys = ['fedcba9876543210', '1111111111111111'];
  const read = [
    ...(await refusalRecords(store, ['0000000000000abc'], { window })),
    ...(await proxyLinkRecords(store, keys, { window })),
    ...(await proxyHeaderRecords(store, keys, { window })),
    ...(await exchangeRecords(store, keys, { window })),
  ];
  expect(read).toEqual(records);
});

test('legs outside of the window and of other connections are not read', async () => {
  const { store } = fixture;
  const hash = 'aaaaaaaaaaaaaaaa';
  const at = (startUs: number, seq: number) => leg({ startUs, seq, legId: seq, isnPairHash: hash });
  await insertRecords(store, [at(window.fromUs - 1, 21), at(window.toUs, 22)], 'outside');
  await insertRecords(store, [at(window.fromUs, 23), at(window.toUs - 1, 24)], 'inside');
  const read = await legsOfConnections(store, { isnPairHashes: [hash] }, { window });
  expect(read.map((each) => each.seq)).toEqual([23, 24]);
});

test('a later revision of a leg replaces the earlier one, in whatever order they arrive', async () => {
  const { store } = fixture;
  const hash = 'bbbbbbbbbbbbbbbb';
  const at = (revision: number, change: Partial<Sourced<LegRecord>> = {}) =>
    leg({ legId: 31, seq: 31 + revision, revision, isnPairHash: hash, ...change });
  await insertRecords(store, [at(2, { end: 'reset' })], 'revision-2');
  await insertRecords(store, [at(0, { end: 'open' }), at(1)], 'revision-0-1');
  const read = await legsOfConnections(store, { isnPairHashes: [hash] }, { window });
  expect(read).toEqual([at(2, { end: 'reset' })]);
});

test('a batch that is sent again with its token is stored once, and with another token its records count once', async () => {
  const { store } = fixture;
  const count = async () => {
    const sql = "SELECT count() AS rows FROM refusals_v1 WHERE boot_id = 'boot-again'";
    return store.select({ name: 'test', sql, params: {} });
  };
  const batch = [refusal({ bootId: 'boot-again', clientIsnHash: 'cccccccccccccccc' })];
  await insertRecords(store, batch, 'again');
  await insertRecords(store, batch, 'again');
  expect(await count()).toEqual([{ rows: '1' }]);
  await insertRecords(store, batch, 'another token');
  expect(await count()).toEqual([{ rows: '2' }]);
  expect(await refusalRecords(store, ['cccccccccccccccc'], { window })).toEqual(batch);
});

test('a batch with a value that has no place inserts nothing, and says which; mended it is stored', async () => {
  const { store } = fixture;
  const good = refusal({ bootId: 'boot-half', clientIsnHash: 'dddddddddddddddd' });
  const bad = proxyLink({ bootId: 'boot-half', pid: -1 });
  await expect(insertRecords(store, [good, bad], 'half')).rejects.toMatchObject({
    code: 'HOP_STORE_ROW',
    field: 'pid',
    isRetryable: false,
  });
  // As if the same call had failed between the two tables.
  await insertRecords(store, [good], 'half');
  const mended = { ...bad, pid: 1 };
  await insertRecords(store, [good, mended], 'half');
  const sql = "SELECT count() AS rows FROM refusals_v1 WHERE boot_id = 'boot-half'";
  expect(await store.select({ name: 'test', sql, params: {} })).toEqual([{ rows: '1' }]);
});

test('one batch may span many days', async () => {
  const { store } = fixture;
  const dayUs = 86_400_000_000;
  const batch = Array.from({ length: 150 }, (_, day) =>
    refusal({ bootId: 'boot-days', seq: day, startUs: T0_US - day * dayUs }),
  );
  await insertRecords(store, batch, 'days');
  await insertRecords(store, batch, 'days');
  const sql = "SELECT count() AS rows FROM refusals_v1 WHERE boot_id = 'boot-days'";
  expect(await store.select({ name: 'test', sql, params: {} })).toEqual([{ rows: '150' }]);
});

test('an unknown column is refused, not swallowed', async () => {
  const { store } = fixture;
  const unknown = store.insert('refusals_v1', [{ nonsense: 1 }], { dedupToken: 'unknown' });
  await expect(unknown).rejects.toMatchObject({ isRetryable: false });
});

const FACTS: NodeFacts = {
  kernel: '6.1.0-28-cloud-amd64',
  kubeProxy: { mode: 'nftables', note: 'the nftables table kube-proxy is there' },
  sysctls: [{ name: 'net.core.somaxconn', value: '4096' }],
  workloads: [{ netns: 4026532001, podUid: '0a1b2c3d', container: 'ab'.repeat(32) }],
  workloadsLeftOut: 0,
};

test('of an agent the last heartbeat counts, its losses add up, and its facts stay until it tells others', async () => {
  const { store } = fixture;
  const losses = { ringEvents: 1, badFrames: 2, evictedLegs: 3, unsentRecords: 4, ringRefusals: 0 };
  const addresses = [
    { ip: '192.0.2.10', ifname: 'eth0' },
    { ip: '2001:db8::10', ifname: 'eth0' },
  ];
  const beat = {
    cluster: 'c1',
    node: 'node-a',
    bootId: 'boot-1',
    seenUs: T0_US,
    losses,
    addresses,
    facts: FACTS,
  };
  const later = { ...beat, bootId: 'boot-2', seenUs: T0_US + 10, addresses: [], facts: null };
  await insertHeartbeat(store, later);
  await insertHeartbeat(store, beat);
  await insertHeartbeat(store, beat);
  await insertHeartbeat(store, { ...beat, node: 'node-b', facts: null });
  expect(await listAgents(store, { sinceUs: T0_US })).toEqual([
    {
      cluster: 'c1',
      node: 'node-a',
      bootId: 'boot-2',
      lastSeenUs: T0_US + 10,
      losses: { ringEvents: 2, badFrames: 4, evictedLegs: 6, unsentRecords: 8, ringRefusals: 0 },
      addresses: [],
      facts: FACTS,
    },
    {
      cluster: 'c1',
      node: 'node-b',
      bootId: 'boot-1',
      lastSeenUs: T0_US,
      losses,
      addresses,
      facts: null,
    },
  ]);
  expect(await listAgents(store, { sinceUs: T0_US + 11 })).toEqual([]);
});
