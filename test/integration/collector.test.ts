/** The collector as a process would run it, on a genuine ClickHouse: real sockets, real clock. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildCollector, type Collector } from '@hoptrace/collector/app.ts';
import { readConfig } from '@hoptrace/collector/config.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { pathFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { Envelope, LegRecord, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { openStore } from '@hoptrace/store/client.ts';
import { startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { startTestStore, type TestStore } from './embedded.ts';

const POLL_MS = 50;
const PATIENCE_MS = 20_000;

let fixture: TestStore;
let directory: string;
beforeAll(async () => {
  fixture = await startTestStore();
  directory = await mkdtemp(path.join(tmpdir(), 'hoptrace-collector-'));
}, 60_000);
afterAll(async () => {
  await fixture.stop();
  await rm(directory, { recursive: true });
}, 60_000);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
}, 60_000);

const NODES = {
  node1: { address: '192.168.50.11', bootId: 'boot-of-node-1' },
  node2: { address: '192.168.50.12', bootId: 'boot-of-node-2' },
};
type NodeName = keyof typeof NODES;

async function startCollector(
  part: { env?: Record<string, string>; store?: TestStore['store'] } = {},
): Promise<{ collector: Collector; url: string }> {
  // Its own log, so that nothing is known of what an earlier collector stored.
  const dataDir = await mkdtemp(path.join(directory, 'log-'));
  const env = { HOPTRACE_COLLECTOR_PORT: '0', HOPTRACE_COLLECTOR_DATA_DIR: dataDir, ...part.env };
  const config = readConfig(env, () => '');
  const store = collectorStoreOf(part.store ?? fixture.store);
  const collector = buildCollector({ config, store });
  const { url } = await collector.start();
  closers.push(() => collector.close());
  return { collector, url };
}

interface Answer {
  readonly type: string;
  readonly firstSeq: number | null;
  readonly stored?: number;
  readonly duplicates?: number;
}

/** One agent's connection. `send` resolves to the collector's answer for that batch. */
async function connect(url: string, cluster: string, node: NodeName) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream`);
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as Answer;
    waiting.get(answer.firstSeq ?? -1)?.(answer);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  closers.push(() => socket.terminate());
  return {
    send(records: readonly WireRecord[]): Promise<Answer> {
      const firstSeq = records[0]?.seq ?? 0;
      const answer = new Promise<Answer>((resolve) => waiting.set(firstSeq, resolve));
      socket.send(encodeBatch(envelope(cluster, node, firstSeq), records));
      return answer;
    },
  };
}

function envelope(cluster: string, node: NodeName, firstSeq: number): Envelope {
  return {
    schemaVersion: 1,
    cluster,
    node,
    bootId: NODES[node].bootId,
    firstSeq,
    count: 0,
    sentAtUs: Date.now() * 1000,
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
    addresses: [{ ip: NODES[node].address, ifname: 'eth0' }],
  };
}

const POD = { ip: '10.244.2.7', port: 8080 };
const hash = (kind: number, n: number) =>
  `${kind.toString(16).padStart(8, '0')}${n.toString(16).padStart(8, '0')}`;

/** Request `n` under externalTrafficPolicy Cluster: in at node1, masqueraded to a Pod on node2. */
function crossNodeLegs(n: number, startUs: number): Record<NodeName, LegRecord[]> {
  const client = { ip: '203.0.113.10', port: 20_000 + n };
  const nodePort = { ip: NODES.node1.address, port: 30_080 };
  const masqueraded = { ip: NODES.node1.address, port: 50_000 + n };
  const outer = { src: client, dst: nodePort };
  const inner = { src: masqueraded, dst: POD };
  const nat = { original: outer, reply: { src: POD, dst: masqueraded } };
  const plain = { original: inner, reply: { src: POD, dst: masqueraded } };
  const make = (index: number, part: Partial<LegRecord>): LegRecord => ({
    kind: 'leg',
    seq: n * 10 + index,
    legId: n * 10 + index,
    startUs: startUs + index * 30,
    tap: { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'rx' },
    tuple: inner,
    original: null,
    reply: null,
    clientIsnHash: hash(0xc, n),
    serverIsnHash: hash(0x5, n),
    isnPairHash: hash(0xa, n),
    synTtl: 64 - index,
    synCount: 1,
    synNs: 0,
    synAckNs: 400_000 - index * 80_000,
    ackNs: 500_000,
    firstRequestNs: 510_000,
    firstResponseNs: 2_000_000,
    endNs: 3_000_000,
    end: 'fin',
    revision: 0,
    ...part,
  });
  const tx = { netns: 1, ifindex: 2, role: 'uplink', synDirection: 'tx' } as const;
  const veth = { netns: 1, ifindex: 9, role: 'podVeth', synDirection: 'tx' } as const;
  return {
    node1: [make(0, { tuple: outer, ...nat }), make(1, { tap: tx, ...nat })],
    node2: [make(2, { ...plain }), make(3, { tap: veth, ...plain })],
  };
}

async function pathsOf(cluster: string): Promise<Path[]> {
  const nowUs = Date.now() * 1000;
  const { items } = await listPaths(fixture.store, pathFilterSchema.parse({ limit: '1000' }), {
    nowUs: nowUs + 1_000_000,
  });
  return items.filter((each) => each.cluster === cluster);
}

async function countRows(table: string, cluster: string): Promise<number> {
  const rows = await fixture.store.select({
    name: 'countRows',
    sql: `SELECT count() AS rows FROM ${table} WHERE cluster = {cluster:String}`,
    params: { cluster },
  });
  return Number(Reflect.get(Object(rows[0]), 'rows'));
}

/** Asks again until `isDone`; answers the last value, so that the test's own expectation explains a failure. */
async function poll<T>(ask: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (isDone(value) || Date.now() > endMs) return value;
    await delay(POLL_MS);
  }
}

test('batches of two nodes become rows and one path, and a resend changes nothing', async () => {
  const { collector, url } = await startCollector();
  const first = await connect(url, 'once', 'node1');
  const second = await connect(url, 'once', 'node2');
  const legs = crossNodeLegs(1, Date.now() * 1000);
  expect(await first.send(legs.node1)).toMatchObject({ type: 'stored', stored: 2, duplicates: 0 });
  expect(await second.send(legs.node2)).toMatchObject({ type: 'stored', stored: 2 });
  const paths = await poll(
    () => pathsOf('once'),
    (each) => each.length > 0,
  );
  expect(paths).toHaveLength(1);
  expect(paths[0]).toMatchObject({
    cluster: 'once',
    outcome: 'served',
    client: { ip: '203.0.113.10', port: 20_001 },
    crossings: 2,
  });

  expect(await first.send(legs.node1)).toMatchObject({ stored: 0, duplicates: 2 });
  // A collector that knows nothing of the batch: the token is what ClickHouse recognises.
  await collector.close();
  const again = await startCollector();
  const third = await connect(again.url, 'once', 'node1');
  expect(await third.send(legs.node1)).toMatchObject({ type: 'stored', stored: 2 });
  await again.collector.close();
  expect(await countRows('legs_v1', 'once')).toBe(4);
  expect(await countRows('agents_v1', 'once')).toBeGreaterThanOrEqual(2);
}, 60_000);

test('legs that come late complete the path instead of making a second one', async () => {
  const { url } = await startCollector();
  const first = await connect(url, 'late', 'node1');
  const second = await connect(url, 'late', 'node2');
  const legs = crossNodeLegs(2, Date.now() * 1000);
  await first.send(legs.node1);
  const early = await poll(
    () => pathsOf('late'),
    (each) => each.length > 0,
  );
  expect(early).toHaveLength(1);
  await second.send(legs.node2);
  const whole = await poll(
    () => pathsOf('late'),
    ([each]) => (each?.version ?? 0) > (early[0]?.version ?? 0),
  );
  expect(whole).toHaveLength(1);
  expect(early[0]?.hops.at(-1)?.to).toMatchObject({ ip: POD.ip, observed: false });
  expect(whole[0]?.hops.at(-1)?.to).toMatchObject({ ip: POD.ip, observed: true });
}, 60_000);

test('200 requests from two nodes, in any order and half of them twice, are 200 paths', async () => {
  const { collector, url } = await startCollector();
  const streams = {
    node1: await connect(url, 'many', 'node1'),
    node2: await connect(url, 'many', 'node2'),
  };
  const startUs = Date.now() * 1000;
  const numbers = Array.from({ length: 200 }, (_, index) => index + 100);
  const send = (node: NodeName, ns: readonly number[]) =>
    Promise.all(ns.map((n) => streams[node].send(crossNodeLegs(n, startUs + n * 100)[node])));
  await Promise.all([send('node1', numbers), send('node2', [...numbers].reverse())]);
  await send('node2', numbers.slice(0, 100));
  await poll(
    () => pathsOf('many'),
    (each) => each.length >= 200,
  );
  await collector.close();
  const paths = await pathsOf('many');
  expect(new Set(paths.map((each) => each.client.port)).size).toBe(200);
  expect(paths).toHaveLength(200);
  expect(paths.filter((each) => each.outcome !== 'served' || each.crossings !== 2)).toEqual([]);
  expect(await countRows('legs_v1', 'many')).toBe(800);
}, 60_000);

test('an orderly end writes the paths of what was just stored', async () => {
  const { collector, url } = await startCollector();
  const stream = await connect(url, 'end', 'node1');
  await stream.send(crossNodeLegs(3, Date.now() * 1000).node1);
  await collector.close();
  expect(await pathsOf('end')).toHaveLength(1);
}, 60_000);

test('names come from the topology file', async () => {
  const file = path.join(directory, 'topology.json');
  const node = (name: NodeName) => ({
    kind: 'Node',
    metadata: { name },
    status: { addresses: [{ type: 'InternalIP', address: NODES[name].address }] },
  });
  const pod = {
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'shop' },
    spec: { nodeName: 'node2' },
    status: { podIPs: [{ ip: POD.ip }] },
  };
  await writeFile(
    file,
    JSON.stringify({ kind: 'List', items: [node('node1'), node('node2'), pod] }),
  );
  const { url } = await startCollector({ env: { HOPTRACE_TOPOLOGY_FILE: file } });
  const legs = crossNodeLegs(4, Date.now() * 1000);
  await (await connect(url, 'named', 'node1')).send(legs.node1);
  await (await connect(url, 'named', 'node2')).send(legs.node2);
  const [found] = await poll(
    () => pathsOf('named'),
    ([each]) => each?.hops.at(-1)?.to.name === 'shop/web-1',
  );
  expect(found?.hops.at(-1)?.to).toMatchObject({ name: 'shop/web-1', node: 'node2' });
}, 60_000);

test('while ClickHouse is away nothing is said to be stored; when it is back everything is', async () => {
  const own = await startTestStore();
  closers.push(() => own.stop());
  const { collector, url } = await startCollector({ store: own.store });
  const stream = await connect(url, 'away', 'node1');
  expect(
    await stream.send([crossNodeLegs(5, Date.now() * 1000).node1[0] as LegRecord]),
  ).toMatchObject({
    type: 'stored',
  });
  process.kill(own.engine.pid, 'SIGKILL');
  await own.engine.exited;
  let answer: Answer | null = null;
  const waiting = stream.send(crossNodeLegs(6, Date.now() * 1000).node1).then((each) => {
    answer = each;
  });
  const failures = async () => (await collector.metrics.insertFailures.get()).values.length;
  expect(await poll(failures, (each) => each > 0)).toBeGreaterThan(0);
  expect(answer).toBeNull();
  const health = await fetch(`${url}/readyz`);
  expect(health.status).toBe(503);

  const httpPort = Number(new URL(own.engine.url).port);
  const engine = await startEmbedded({ dataDir: own.dataDir, httpPort });
  // Behind the collector, which still writes when it closes, and before the directory goes.
  closers.splice(1, 0, () => engine.stop());
  await waiting;
  expect(answer).toMatchObject({ type: 'stored', stored: 2 });
  const store = openStore(engine);
  const rows = await store.select({
    name: 'n',
    sql: 'SELECT count() AS n FROM legs_v1',
    params: {},
  });
  await store.close();
  expect(rows).toEqual([{ n: '3' }]);
}, 120_000);
