/** The watch in a whole collector with a genuine ClickHouse: names that come late, intervals that outlive it. */

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildCollector, type Collector } from '@hoptrace/collector/app.ts';
import { readConfig } from '@hoptrace/collector/config.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import { watchTargets } from '@hoptrace/collector/topology/watch/kinds.ts';
import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { topologyAt } from '@hoptrace/store/queries/topologyAt.ts';
import { topologyVersions } from '@hoptrace/store/queries/topologyVersions.ts';
import type { StoredVersion } from '@hoptrace/store/rows/topologyRow.ts';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from '../embedded.ts';
import { type ApiObject, ApiServer } from './apiServer.ts';

const PATIENCE_MS = 60_000;
jest.setTimeout(3 * PATIENCE_MS);

let fixture: TestStore;
const running: { stop(): Promise<unknown> }[] = [];
beforeAll(async () => {
  fixture = await startTestStore();
}, PATIENCE_MS);
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});
afterAll(() => fixture.stop(), PATIENCE_MS);

async function apiServer(): Promise<ApiServer & { url: string }> {
  const server = new ApiServer();
  const url = await server.listen();
  running.push({ stop: () => server.close() });
  return Object.assign(server, { url });
}

async function collectorWith(
  env: Record<string, string>,
): Promise<{ collector: Collector; url: string }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hoptrace-topology-'));
  const config = readConfig(
    { HOPTRACE_COLLECTOR_PORT: '0', HOPTRACE_COLLECTOR_DATA_DIR: directory, ...env },
    () => '',
  );
  const collector = buildCollector({ config, store: collectorStoreOf(fixture.store) });
  const { url } = await collector.start();
  running.push({ stop: () => collector.close().then(() => rm(directory, { recursive: true })) });
  return { collector, url };
}

async function until<T>(look: () => Promise<T | null> | T | null, what: string): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > endMs) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const hex = (n: number) => n.toString(16).padStart(16, '0');
const tap = { netns: 4_026_532_001, ifindex: 2, role: 'uplink', synDirection: 'rx' };
async function sendLeg(url: string, cluster: string, dst: string, startUs: number, n: number) {
  const envelope = {
    ...{ schemaVersion: 1, cluster, node: 'a', bootId: hex(n), firstSeq: 1, count: 1 },
    sentAtUs: Date.now() * 1000,
    losses: { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 },
    addresses: [{ ip: '192.168.50.1', ifname: 'eth0' }],
  };
  const leg = {
    ...{ kind: 'leg', seq: 1, startUs, tap, original: null, reply: null, legId: 1, revision: 0 },
    tuple: { src: { ip: '203.0.113.10', port: 40_000 + n }, dst: { ip: dst, port: 8080 } },
    ...{ clientIsnHash: hex(n + 1), serverIsnHash: hex(n + 2), isnPairHash: hex(n + 3) },
    ...{ synTtl: 63, synCount: 1, synNs: 0, synAckNs: 81_000, ackNs: 140_000 },
    ...{ firstRequestNs: 150_000, firstResponseNs: 900_000, endNs: 1_000_000, end: 'fin' },
  };
  const answer = await fetch(`${url}/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `${JSON.stringify(envelope)}\n${JSON.stringify(leg)}\n`,
  });
  expect(answer.status).toBeLessThan(300);
}

async function pathsOf(cluster: string): Promise<Path[]> {
  const rows = await fixture.store.select({
    name: 'test',
    sql: 'SELECT document FROM paths_v1 FINAL WHERE cluster = {cluster:String}',
    params: { cluster },
  });
  return rows.map((row) =>
    pathSchema.parse(JSON.parse(String(Reflect.get(Object(row), 'document')))),
  );
}
async function versionsOf(cluster: string): Promise<StoredVersion[]> {
  const found: StoredVersion[] = [];
  for await (const rows of topologyVersions(fixture.store, { sinceUs: 0 }))
    found.push(...rows.filter((each) => each.cluster === cluster));
  return found;
}

const CONFIG_MAP = 'ingress-nginx/ingress-nginx-controller';
const TARGETS = watchTargets([CONFIG_MAP]).length;

const pod = (name: string, ip: string, startMs: number): ApiObject => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: name },
  spec: { nodeName: 'a', containers: [] },
  status: {
    ...{ phase: 'Running', podIPs: [{ ip }] },
    startTime: new Date(Math.floor(startMs / 1000) * 1000).toISOString(),
  },
});

test('a Pod that is told after its first connection gets its name: the path is written again', async () => {
  const server = await apiServer();
  server.put(pod('other', '10.0.0.1', Date.now() - 60_000));
  const { url } = await collectorWith({
    HOPTRACE_KUBERNETES: server.url,
    HOPTRACE_KUBERNETES_CLUSTER: 'late',
  });
  await until(() => (server.watcherCount === TARGETS ? true : null), 'a watch of each kind');
  const startedMs = Date.now() - 1000;
  await sendLeg(url, 'late', '10.0.0.9', (startedMs + 500) * 1000, 16);
  const first = await until(async () => (await pathsOf('late'))[0] ?? null, 'the path');
  expect(first.hops.at(-1)?.to.name).toBeNull();
  server.put(pod('web', '10.0.0.9', startedMs));
  const second = await until(async () => {
    const [found] = await pathsOf('late');
    return found !== undefined && found.version > first.version ? found : null;
  }, 'the path with a name');
  expect(second.pathId).toBe(first.pathId);
  expect(second.hops.at(-1)?.to.name).toBe('shop/web');
});

test('states are stored as intervals, and a collector that starts again knows what was before', async () => {
  const server = await apiServer();
  const env = { HOPTRACE_KUBERNETES: server.url, HOPTRACE_KUBERNETES_CLUSTER: 'restart' };
  server.put(pod('old', '10.0.0.1', Date.now() - 60_000));
  server.put(pod('stays', '10.0.0.2', Date.now() - 60_000));
  await collectorWith(env);
  await until(() => (server.watcherCount === TARGETS ? true : null), 'a watch of each kind');
  const beforeUs = Date.now() * 1000;
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.remove('Pod', 'old', 'shop');
  server.put(pod('new', '10.0.0.1', Date.now()));
  const stored = await until(async () => {
    const versions = await versionsOf('restart');
    const ended = versions.find(({ name, toUs }) => name === 'old' && Number.isFinite(toUs));
    return ended !== undefined && versions.some(({ name }) => name === 'new') ? versions : null;
  }, 'three states');
  expect(stored.map(({ name, source }) => [name, source]).sort()).toEqual([
    ['new', 'watch'],
    ['old', 'list'],
    ['stays', 'list'],
  ]);
  const afterUs = Date.now() * 1000;
  const at = async (atUs: number) => {
    const filter = { atUs, cluster: 'restart', kind: 'Pod', namespace: '', name: '' };
    const found = await topologyAt(fixture.store, filter, { after: null, limit: 100 });
    return found.map(({ name }) => name);
  };
  expect(await at(beforeUs)).toEqual(['old', 'stays']);
  expect(await at(afterUs)).toEqual(['new', 'stays']);

  await running.pop()?.stop();
  server.remove('Pod', 'stays', 'shop');
  const { url } = await collectorWith(env);
  // A connection from before the restart: what the API server no longer has, the store has.
  await sendLeg(url, 'restart', '10.0.0.1', beforeUs, 32);
  const found = await until(async () => (await pathsOf('restart'))[0] ?? null, 'the path');
  expect(found.hops.at(-1)?.to.name).toBe('shop/old');
  const ended = await until(
    async () =>
      (await versionsOf('restart')).find(
        ({ name, toUs }) => name === 'stays' && Number.isFinite(toUs),
      ) ?? null,
    'the end that nobody watched',
  );
  // Between the last state that was seen and the list after the start.
  expect(ended.earliestToUs).toBeLessThan(ended.toUs);
});

test('a topology by POST: whole, in parts, refused by name; a watch keeps others out', async () => {
  const { url } = await collectorWith({ HOPTRACE_KUBERNETES: 'off' });
  const post = async (body: unknown, query = '') => {
    const answer = await fetch(`${url}/api/v1/topology?cluster=posted${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const service = { kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: {} };
  expect(await post([service, pod('a', '10.0.0.1', 0), pod('b', '10.0.0.2', 0)])).toEqual({
    status: 200,
    body: { objects: 3, changes: 3 },
  });
  await sendLeg(url, 'posted', '10.0.0.2', Date.now() * 1000, 48);
  const found = await until(async () => (await pathsOf('posted'))[0] ?? null, 'the path');
  expect(found.hops.at(-1)?.to.name).toBe('shop/b');
  // Of the Pods only: the Service stays.
  expect((await post([pod('a', '10.0.0.1', 0)], '&kinds=Pod')).body).toEqual({
    objects: 1,
    changes: 1,
  });
  expect(await post([service], '&kinds=Pod')).toMatchObject({
    status: 400,
    body: { code: 'HOP_REQUEST_INVALID' },
  });
  expect(await post([{ kind: 'Pod', metadata: {} }])).toMatchObject({
    status: 400,
    body: { code: 'HOP_TOPOLOGY_INVALID' },
  });
  expect(await post([], '&colour=red')).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'colour' }] },
  });
  const server = await apiServer();
  const watching = await collectorWith({ HOPTRACE_KUBERNETES: server.url });
  const refused = await fetch(`${watching.url}/api/v1/topology`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[]',
  });
  expect(refused.status).toBe(409);
});

test('what does not work is said: in /readyz by kind, in metrics', async () => {
  const server = await apiServer();
  for (let n = 0; n < 1000; n += 1) server.failNext('Pod', { kind: 'status', status: 403 });
  const { url } = await collectorWith({ HOPTRACE_KUBERNETES: server.url });
  const answer = await until(async () => {
    const body = (await (await fetch(`${url}/readyz`)).json()) as { warnings: string[] };
    return body.warnings.length === 1 && body.warnings[0]?.includes('403') === true ? body : null;
  }, 'the warning');
  expect(answer.warnings[0]).toContain('the watch of Pod objects fails');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('hoptrace_collector_watch_up{kind="Pod"} 0');
  expect(metrics).toContain('hoptrace_collector_watch_up{kind="Service"} 1');
  expect(metrics).toMatch(/watch_events\{kind="Pod",what="reconnects"\} [1-9]/);
});
