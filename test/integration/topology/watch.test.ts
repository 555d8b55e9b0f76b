import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { TopologyBook } from '@hoptrace/collector/topology/topologyBook.ts';
import { ClusterWatch, type Unreadable } from '@hoptrace/collector/topology/watch/clusterWatch.ts';
import { watchTargets } from '@hoptrace/collector/topology/watch/kinds.ts';
import { KubeAccess, type KubeSettings } from '@hoptrace/collector/topology/watch/kubeAccess.ts';
import { asOf } from '@hoptrace/domain/topology/asOf/asOfTopology.ts';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type ApiObject, ApiServer } from './apiServer.ts';

const PATIENCE_MS = 60_000;
const KINDS = watchTargets([]).length;
jest.setTimeout(2 * PATIENCE_MS);

let server: ApiServer;
let url = '';
let directory = '';
const opened: ClusterWatch[] = [];

beforeEach(async () => {
  server = new ApiServer();
  url = await server.listen();
  directory = await mkdtemp(path.join(os.tmpdir(), 'hoptrace-watch-'));
});
afterEach(async () => {
  for (const watch of opened.splice(0)) await watch.close();
  await server.close();
  await rm(directory, { recursive: true });
});

interface Part {
  readonly settings?: KubeSettings;
  readonly idleMs?: number;
  readonly pageSize?: number;
  readonly configMaps?: readonly string[];
}

function start(part: Part = {}) {
  const book = new TopologyBook({ keepUs: 3600e6, maxEnded: 1_000_000 });
  const unreadable: Unreadable[] = [];
  const settings = part.settings ?? { kind: 'server', url, tokenFile: null, caFile: null };
  const told: {
    key: string;
    revision: string;
    source: string;
    earliestUs: number;
    atUs: number;
  }[] = [];
  const index = book.indexOf('lab');
  if (index === null) throw new Error('no index');
  book.listen((_, events) => {
    for (const { key, opened: version, closed } of events)
      told.push({
        key,
        revision: version === null ? 'gone' : (index.revisionOf(key) ?? ''),
        source: version?.source ?? '',
        earliestUs: version?.earliestUs ?? closed?.earliestToUs ?? 0,
        atUs: version?.fromUs ?? closed?.toUs ?? 0,
      });
  });
  const watch = new ClusterWatch({
    ...{ book, cluster: 'lab', access: new KubeAccess(settings), nowMs: Date.now },
    ...{ pageSize: part.pageSize ?? 50, watchSeconds: 300, idleMs: part.idleMs ?? 30_000 },
    ...{ minBackoffMs: 20, maxBackoffMs: 500, absentMs: 50 },
    configMaps: part.configMaps ?? [],
    onUnreadable: (each) => unreadable.push(each),
  });
  opened.push(watch);
  watch.start();
  return { book, index, watch, unreadable, told };
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const pod = (name: string, ip: string, part: Record<string, unknown> = {}): ApiObject => ({
  kind: 'Pod',
  metadata: {
    ...{ name, namespace: 'shop', uid: `uid-${name}` },
    managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': { 'f:phase': {} } } }],
  },
  spec: { nodeName: 'a', containers: [] },
  status: { phase: 'Running', podIPs: [{ ip }], ...part },
});
const nameAt = (book: TopologyBook, ip: string, atMs = Date.now()) =>
  book.topologyAt('lab', atMs * 1000).podByIp.get(ip)?.name;
const stateOf = (watch: ClusterWatch, name = 'Pod') =>
  watch.states.find((each) => each.name === name);

test('a list in pages, then every change as it happens', async () => {
  for (let n = 0; n < 120; n += 1) server.put(pod(`p${n}`, `10.0.0.${n}`));
  const { book, watch } = start();
  await until(() => nameAt(book, '10.0.0.119') === 'p119', 'all pages');
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  const lists = server.requests.filter(
    ({ path: at, query }) => at.endsWith('/pods') && query.has('limit'),
  );
  expect(lists).toHaveLength(3);
  const beforeMs = Date.now();
  server.remove('Pod', 'p7', 'shop');
  server.put(pod('next', '10.0.0.7'));
  await until(() => nameAt(book, '10.0.0.7') === 'next', 'the next holder');
  expect(nameAt(book, '10.0.0.7', beforeMs - 1)).toBe('p7');
  expect(stateOf(watch)).toMatchObject({ isListed: true, error: null, lists: 1 });
});

test('bookmarks move the revision on: a quiet kind does not come too late after a cut', async () => {
  server.put(pod('p', '10.0.0.1'));
  const { watch, book } = start();
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  // Others change, and this kind's own last change is compacted away.
  for (let n = 0; n < 50; n += 1)
    server.put({ kind: 'Service', metadata: { name: `s${n}`, namespace: 'shop' }, spec: {} });
  server.compact();
  const { revision } = server;
  await until(() => server.requests.length >= 8, 'lists and watches');
  await new Promise((resolve) => setTimeout(resolve, 3 * server.bookmarkMs));
  server.cutWatches('Pod', 0);
  await until(
    () =>
      server.requests.some(
        ({ path: at, query }) =>
          at.endsWith('/pods') && Number(query.get('resourceVersion')) >= revision,
      ),
    'a watch from the bookmark',
  );
  expect(stateOf(watch)).toMatchObject({ lists: 1, gone: 0 });
  expect(nameAt(book, '10.0.0.1')).toBe('p');
});

test.each([
  ['as the status of the answer', { kind: 'status', status: 410 } as const],
  ['as an event', { kind: 'goneEvent' } as const],
  ['and a line that is no JSON', { kind: 'garbage', text: '{"type":"MODI\n' } as const],
])('410 %s: everything is listed again, the gap is marked', async (_, fault) => {
  server.put(pod('p', '10.0.0.1'));
  const { book, watch, told } = start();
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  server.failNext('Pod', fault);
  const cutUs = Date.now() * 1000;
  server.cutWatches('Pod', 0);
  server.put(pod('q', '10.0.0.2'));
  server.remove('Pod', 'p', 'shop');
  await until(() => nameAt(book, '10.0.0.2') === 'q', 'the new list');
  await until(() => nameAt(book, '10.0.0.1') === undefined, 'the end of p');
  expect(stateOf(watch)).toMatchObject({ lists: 2, gone: 1 });
  const ended = told.find(({ key, revision }) => key === 'Pod shop/p' && revision === 'gone');
  expect(ended?.earliestUs).toBeLessThanOrEqual(cutUs + 1000);
  expect(ended?.atUs).toBeGreaterThan(ended?.earliestUs ?? 0);
});

test('silence is taken for a cut, with and without the head of an answer', async () => {
  server.put(pod('p', '10.0.0.1'));
  server.bookmarkMs = 100;
  server.failNext('Pod', { kind: 'silent', withHead: true });
  const { book } = start({ idleMs: 500 });
  await until(() => nameAt(book, '10.0.0.1') === 'p', 'the list after the silent one');
});

test('no permission is said, and the rest goes on; once there is one, the watch goes on', async () => {
  server.put(pod('p', '10.0.0.1'));
  for (let n = 0; n < 3; n += 1) server.failNext('Pod', { kind: 'status', status: 403 });
  server.failNext('Pod', { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
  const { book, watch } = start();
  await until(() => (stateOf(watch)?.error ?? '').includes('403'), 'the refusal');
  await until(() => stateOf(watch, 'Service')?.isListed === true, 'the other kinds');
  await until(() => nameAt(book, '10.0.0.1') === 'p', 'the permission');
  await until(() => stateOf(watch)?.error === null, 'no error');
});

test('a token that expired is read again from its file', async () => {
  server.put(pod('p', '10.0.0.1'));
  server.token = 'old-token';
  const tokenFile = path.join(directory, 'token');
  await writeFile(tokenFile, 'old-token');
  const { book, watch } = start({ settings: { kind: 'server', url, tokenFile, caFile: null } });
  await until(() => nameAt(book, '10.0.0.1') === 'p', 'the list');
  server.token = 'new-token';
  server.cutWatches('Pod', 0);
  await until(() => (stateOf(watch)?.error ?? '').includes('401'), 'the refusal');
  await writeFile(tokenFile, 'new-token');
  server.put(pod('q', '10.0.0.2'));
  await until(() => nameAt(book, '10.0.0.2') === 'q', 'the new token');
});

test('an object that cannot be read is counted and named, keeps what is known, and harms no other', async () => {
  const bad = (name: string): ApiObject => ({
    ...pod(name, '10.0.0.9'),
    status: { podIPs: 'none' },
  });
  server.put(bad('listed'));
  server.put(pod('p', '10.0.0.1'));
  const { book, watch, unreadable } = start();
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  server.put(bad('p'));
  server.put(pod('q', '10.0.0.2'));
  await until(() => nameAt(book, '10.0.0.2') === 'q', 'what comes after it');
  expect(nameAt(book, '10.0.0.1')).toBe('p');
  expect(unreadable.map(({ key }) => key)).toEqual(['Pod shop/listed', 'Pod shop/p']);
  expect(unreadable[0]?.problem).toContain('status.podIPs');
  expect(stateOf(watch)?.unreadable).toBe(2);
  server.failNext('Pod', { kind: 'goneEvent' });
  server.cutWatches('Pod', 0);
  await until(() => stateOf(watch)?.lists === 2, 'the second list');
  expect(nameAt(book, '10.0.0.1')).toBe('p');
});

test('10,000 changes with cuts and 410s: each is seen, or lies in a gap that is marked', async () => {
  const changes = 10_000;
  let seed = 20_261_123;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const { index, watch, told } = start();
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  for (let n = 0; n < changes; n += 1) {
    const name = `p${random(200)}`;
    if (random(5) === 0) server.remove('Pod', name, 'shop');
    else server.put(pod(name, `10.0.${n >> 8}.${n & 255}`));
    if (n % 400 === 399) server.cutWatches('Pod', random(2000));
    if (n % 2000 === 1999) {
      server.compact();
      server.cutWatches('Pod', 0);
    }
    // The watcher has its turn; at 410 it is let fall behind.
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const now = () => [...index.openKeys()].filter((key) => key.startsWith('Pod ')).sort();
  const wanted = () =>
    server
      .objectsOf('Pod')
      .map(({ metadata }) => `Pod shop/${metadata.name}`)
      .sort();
  const revisions = () =>
    server
      .objectsOf('Pod')
      .every(
        ({ metadata }) =>
          index.revisionOf(`Pod shop/${metadata.name}`) === metadata.resourceVersion,
      );
  await until(() => revisions() && now().length === wanted().length, 'the last state');
  expect(now()).toEqual(wanted());
  const seen = new Set(told.map(({ key, revision }) => `${key} ${revision}`));
  // A list marks since when its objects may have been so; what was watched is certain.
  const gaps = told.filter(
    ({ source, earliestUs, atUs }) => source === 'list' && earliestUs < atUs,
  );
  const isInGap = (atMs: number) =>
    gaps.some((gap) => gap.earliestUs / 1000 <= atMs + 1 && atMs <= gap.atUs / 1000 + 1);
  const happened = server.history.filter(({ key }) => key.startsWith('Pod '));
  const certain = happened.filter(({ atMs }) => !isInGap(atMs));
  const puts = certain.filter(({ type }) => type !== 'DELETED');
  expect(puts.filter(({ key, revision }) => !seen.has(`${key} ${revision}`))).toEqual([]);
  const removals = told.filter(({ revision }) => revision === 'gone').length;
  expect(removals).toBeGreaterThanOrEqual(certain.length - puts.length);
  // Or else gaps would excuse everything.
  expect(certain.length).toBeGreaterThan(happened.length / 2);
  const state = stateOf(watch);
  expect(state?.gone).toBeGreaterThanOrEqual(1);
  expect(state?.reconnects).toBeGreaterThanOrEqual(5);
  expect(asOf(index, Date.now() * 1000).podByIp.size).toBeGreaterThan(0);
});

test('cuts alone hide nothing: every one of 3,000 changes is seen, in order', async () => {
  const { watch, told } = start();
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  for (let n = 0; n < 3000; n += 1) {
    server.put(pod(`p${n % 40}`, `10.${n >> 8}.${n & 255}.1`));
    if (n % 97 === 0) server.cutWatches('Pod', (n * 31) % 3000);
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => told.length >= 3000, 'all changes');
  expect(told.map(({ revision }) => Number(revision))).toEqual(
    server.history.map(({ revision }) => revision),
  );
  expect(stateOf(watch)).toMatchObject({ lists: 1, gone: 0 });
});

const ingress = (name: string, host: string): ApiObject => ({
  kind: 'Ingress',
  metadata: { name, namespace: 'shop' },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host,
        http: {
          paths: [
            {
              ...{ path: '/cart', pathType: 'Prefix' },
              backend: { service: { name: 'cart', port: { number: 80 } } },
            },
          ],
        },
      },
    ],
  },
  status: { loadBalancer: {} },
});
const route = (name: string): ApiObject => ({
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'shop' },
  spec: {
    parentRefs: [{ name: 'edge', namespace: 'gateways' }],
    hostnames: ['shop.example'],
    rules: [{ matches: [{ path: { value: '/cart' } }], backendRefs: [{ name: 'cart', port: 80 }] }],
  },
});

test('Ingresses and routes are kept as intervals, and their changes are told', async () => {
  server.put(ingress('cart', 'a.example'));
  const { index, told } = start();
  await until(() => index.revisionOf('Ingress shop/cart') !== null, 'the Ingress');
  await until(() => server.watcherCount === KINDS, 'a watch of each kind');
  server.put(ingress('cart', 'b.example'));
  server.put(route('cart'));
  await until(() => index.revisionOf('HTTPRoute shop/cart') !== null, 'the route');
  server.remove('HTTPRoute', 'cart', 'shop');
  await until(() => index.revisionOf('HTTPRoute shop/cart') === null, 'its end');
  await until(() => told.length === 4, 'the change of the Ingress');
  const ofKind = (kind: string) =>
    told.filter(({ key }) => key === `${kind} shop/cart`).map(({ source }) => source);
  expect([ofKind('Ingress'), ofKind('HTTPRoute')]).toEqual([
    ['list', 'watch'],
    ['watch', ''],
  ]);
});

test('a cluster without Gateway API has no routes and no fault, until its definitions are installed', async () => {
  for (const kind of ['Gateway', 'HTTPRoute']) server.absentKinds.add(kind);
  server.put(route('cart'));
  const { index, watch } = start();
  await until(() => server.watcherCount === KINDS - 2, 'the kinds that are served');
  await until(() => stateOf(watch, 'HTTPRoute')?.isAbsent === true, 'known as absent');
  expect(stateOf(watch, 'HTTPRoute')).toMatchObject({ isListed: false, error: null });
  server.absentKinds.clear();
  await until(() => index.revisionOf('HTTPRoute shop/cart') !== null, 'the route');
  expect(stateOf(watch, 'HTTPRoute')).toMatchObject({ isListed: true, isAbsent: false });
  // The definition is deleted, and all its objects with it.
  server.absentKinds.add('HTTPRoute');
  server.cutWatches('HTTPRoute', 0);
  await until(() => index.revisionOf('HTTPRoute shop/cart') === null, 'it is gone');
  expect(stateOf(watch, 'HTTPRoute')).toMatchObject({ isAbsent: true, error: null });
});

test('that Pods are not served is a fault: no cluster is without', async () => {
  server.absentKinds.add('Pod');
  const { watch } = start();
  await until(() => stateOf(watch)?.error != null, 'the fault');
  expect(stateOf(watch)).toMatchObject({ isAbsent: false });
});

const configMap = (name: string, data: Record<string, string>): ApiObject => ({
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ingress-nginx' },
  data,
});

test('of ConfigMaps only those that are named are asked for, and of these only what is read is kept', async () => {
  server.put(configMap('secrets', { 'use-proxy-protocol': 'true' }));
  server.put(configMap('controller', { 'use-proxy-protocol': 'true', 'tls-key': 'PRIVATE' }));
  const place = 'ingress-nginx/controller';
  const { book, told, watch } = start({ configMaps: [place] });
  const objects: unknown[] = [];
  book.listen((_, events) => {
    for (const { opened: version } of events) objects.push(version?.object);
  });
  await until(() => server.watcherCount === KINDS + 1, 'a watch of each kind');
  expect(objects.at(-1)).toMatchObject({ data: { 'use-proxy-protocol': 'true' } });
  server.put(configMap('secrets', { 'use-proxy-protocol': 'false' }));
  server.put(configMap('controller', { 'use-proxy-protocol': 'false', 'tls-key': 'PRIVATE' }));
  await until(() => objects.length === 2, 'the change');
  expect(objects[1]).toMatchObject({ data: { 'use-proxy-protocol': 'false' } });
  expect(JSON.stringify(objects)).not.toContain('PRIVATE');
  expect(told.map(({ key }) => key)).toEqual([`ConfigMap ${place}`, `ConfigMap ${place}`]);
  expect(stateOf(watch, `ConfigMap ${place}`)).toMatchObject({ changes: 1, error: null });
});

test('a ConfigMap that no role lets be read is no fault, and is found once one does', async () => {
  server.forbiddenKinds.add('ConfigMap');
  server.put(configMap('controller', { 'use-proxy-protocol': 'true' }));
  const place = 'ingress-nginx/controller';
  const { index, watch } = start({ configMaps: [place] });
  await until(() => stateOf(watch, `ConfigMap ${place}`)?.isAbsent === true, 'known as absent');
  expect(stateOf(watch, `ConfigMap ${place}`)).toMatchObject({ error: null });
  server.forbiddenKinds.clear();
  await until(() => index.revisionOf(`ConfigMap ${place}`) !== null, 'the ConfigMap');
});
