import { OUTCOMES, type Path } from '@hoptrace/domain/rest/path.ts';
import { pathFilterSchema, refusalFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listRefusals } from '@hoptrace/store/queries/listRefusals.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStore, type TestStore } from './embedded.ts';
import { hop, party, pathIdAt, refusedPath, samplePath, T0_US } from './storeSamples.ts';

jest.setTimeout(60_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
  // Background merges would hide what FINAL has to do.
  await fixture.store.command(
    'ALTER TABLE paths_v1 MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1',
  );
}, 60_000);
afterAll(() => fixture.stop(), 60_000);

const HOUR_US = 3_600_000_000;
/** Each test has an hour of its own (the range test reaches into the next), so that none sees the paths of another. */
const hourOf = (index: number) => T0_US + index * HOUR_US;
const nowUs = T0_US + 1000 * HOUR_US;

function list(fromUs: number, query: Record<string, string> = {}) {
  const filter = pathFilterSchema.parse({
    from: String(fromUs),
    to: String(fromUs + HOUR_US),
    ...query,
  });
  return listPaths(fixture.store, filter, { nowUs });
}
async function idsOf(fromUs: number, query: Record<string, string> = {}) {
  return (await list(fromUs, query)).items.map((path) => path.pathId);
}

test('a path comes back as it went in, by list and by id', async () => {
  const startedAtUs = hourOf(1);
  const path = refusedPath({
    startedAtUs,
    client: { ip: null, port: null, source: 'unknown' },
    service: null,
    warnings: [
      { code: 'noSynAck', text: 'a "quoted"\n\nblank line; DROP TABLE', subject: 'hop 1' },
    ],
  });
  await insertPaths(fixture.store, [path], 'same');
  expect(await getPath(fixture.store, path.pathId)).toEqual(path);
  expect(await list(startedAtUs)).toEqual({ items: [path], nextCursor: null });
});

test('an id that nobody stored answers null, and what is no id says so', async () => {
  expect(await getPath(fixture.store, pathIdAt(1, 1))).toBeNull();
  await expect(getPath(fixture.store, "x' OR 1")).rejects.toMatchObject({
    code: 'HOP_STORE_PATH_ID',
    field: 'pathId',
  });
});

test('a path whose id carries another time is refused before anything is stored', async () => {
  const startedAtUs = hourOf(2);
  const wrong = samplePath({ startedAtUs: startedAtUs + 1, pathId: pathIdAt(startedAtUs, 1) });
  await expect(
    insertPaths(fixture.store, [samplePath({ startedAtUs }), wrong], 'wrong'),
  ).rejects.toMatchObject({ code: 'HOP_STORE_PATH_ID' });
  expect(await idsOf(startedAtUs)).toEqual([]);
});

test('of the versions of a path the highest counts, in whatever order they arrive', async () => {
  const startedAtUs = hourOf(3);
  const at = (version: number, change: Partial<Path> = {}) =>
    samplePath({ startedAtUs, version, ...change });
  await insertPaths(fixture.store, [at(2, { extraHops: 1, class: 'B' })], 'version-2');
  await insertPaths(fixture.store, [at(10, { outcome: 'reset' }), at(9)], 'version-10');
  await insertPaths(fixture.store, [at(1)], 'version-1');
  const [only, ...others] = (await list(startedAtUs)).items;
  expect(only).toEqual(at(10, { outcome: 'reset' }));
  expect(others).toEqual([]);
  expect((await getPath(fixture.store, at(1).pathId))?.version).toBe(10);
});

test('a filter that only an outdated version meets finds nothing', async () => {
  const startedAtUs = hourOf(4);
  const before = samplePath({
    startedAtUs,
    client: { ip: '203.0.113.99', port: 1, source: 'socket' },
    outcome: 'dropped',
    extraHops: 3,
    hops: [hop({ to: party({ node: 'node-old' }) })],
  });
  await insertPaths(fixture.store, [before], 'outdated-1');
  const now = samplePath({ startedAtUs, version: 2 });
  await insertPaths(fixture.store, [now], 'outdated-2');
  const queries = [
    { client: '203.0.113.99' },
    { outcome: 'dropped' },
    { extraHops: '1' },
    { node: 'node-old' },
  ];
  for (const query of queries) expect(await idsOf(startedAtUs, query)).toEqual([]);
  expect(await idsOf(startedAtUs, { client: '198.51.100.7' })).toEqual([now.pathId]);
});

test('a withdrawn path leaves lists, look-ups and counts', async () => {
  const startedAtUs = hourOf(5);
  const path = samplePath({ startedAtUs });
  await insertPaths(fixture.store, [path], 'withdraw-1');
  await withdrawPaths(fixture.store, [{ ...path, version: 2 }], 'withdraw-2');
  expect(await idsOf(startedAtUs)).toEqual([]);
  expect(await getPath(fixture.store, path.pathId)).toBeNull();
  const window = { fromUs: startedAtUs, toUs: startedAtUs + HOUR_US };
  expect((await countPaths(fixture.store, { window })).total).toBe(0);
});

test('each filter keeps exactly the paths that meet it', async () => {
  const startedAtUs = hourOf(6);
  const at = (tail: number, change: Partial<Path>) =>
    samplePath({ tail, startedAtUs: startedAtUs + tail, ...change });
  const plain = at(1, {});
  const other = at(2, {
    service: { namespace: 'shop', name: 'web', port: '8080' },
    client: { ip: '2001:db8::5', port: 9, source: 'proxyProtocol' },
    outcome: 'unknown',
    class: 'C',
    extraHops: 2,
    hops: [hop(), hop({ index: 1, to: party({ node: 'node-b' }) })],
  });
  const third = at(3, { service: null, extraHops: 1, class: 'M' });
  await insertPaths(fixture.store, [plain, other, third], 'filters');
  const expectIds = async (query: Record<string, string>, paths: Path[]) =>
    expect(await idsOf(startedAtUs, query)).toEqual(paths.map((path) => path.pathId));
  await expectIds({}, [third, other, plain]);
  await expectIds({ service: 'shop/web' }, [other, plain]);
  await expectIds({ service: 'shop/web:http' }, [plain]);
  await expectIds({ service: 'other/web' }, []);
  await expectIds({ client: '2001:DB8:0::5' }, [other]);
  await expectIds({ client: '::ffff:198.51.100.7' }, [third, plain]);
  await expectIds({ node: 'node-b' }, [other]);
  await expectIds({ node: 'node-a' }, [third, other, plain]);
  await expectIds({ outcome: 'unknown' }, [other]);
  await expectIds({ extraHops: '1' }, [third, other]);
  await expectIds({ extraHops: '2' }, [other]);
  await expectIds({ extraHops: '70000' }, []);
  await expectIds({ class: 'M' }, [third]);
  await expectIds(
    {
      client: '2001:db8::5',
      class: 'C',
      outcome: 'unknown',
      node: 'node-b',
      extraHops: '1',
      service: 'shop/web:8080',
    },
    [other],
  );
  await expectIds({ client: '2001:db8::5', class: 'A' }, []);
});

test('the range holds its first microsecond and not its last', async () => {
  const startedAtUs = hourOf(15);
  const first = samplePath({ startedAtUs });
  const last = samplePath({ startedAtUs: startedAtUs + HOUR_US });
  await insertPaths(fixture.store, [first, last], 'range');
  expect(await idsOf(startedAtUs)).toEqual([first.pathId]);
});

test.each([3, 7, 250])('pages of %i visit every path exactly once, newest first', async (limit) => {
  const startedAtUs = hourOf(8);
  // Several paths share a microsecond, so that a page may end among them.
  const all = Array.from({ length: 250 }, (_, index) =>
    samplePath({ tail: index, startedAtUs: startedAtUs + Math.floor(index / 9) }),
  );
  for (const [part, size] of [100, 100, 50].entries()) {
    await insertPaths(fixture.store, all.slice(part * 100, part * 100 + size), `paging-${part}`);
  }
  const visited: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await list(startedAtUs, {
      limit: String(limit),
      ...(cursor === null ? {} : { cursor }),
    });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    visited.push(...page.items.map((path) => path.pathId));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(visited).toEqual(
    all
      .map((path) => path.pathId)
      .sort()
      .reverse(),
  );
});

test('the second page stays in the range of the first although now has moved', async () => {
  const startedAtUs = hourOf(9);
  const paths = [1, 2].map((tail) => samplePath({ tail, startedAtUs: startedAtUs + tail }));
  await insertPaths(fixture.store, paths, 'moving');
  const filter = pathFilterSchema.parse({ limit: '1' });
  const first = await listPaths(fixture.store, filter, { nowUs: startedAtUs + 3 });
  const next = { ...filter, cursor: first.nextCursor ?? '' };
  const second = await listPaths(fixture.store, next, { nowUs: startedAtUs + 100 * HOUR_US });
  expect([first, second].map((page) => page.items[0]?.pathId)).toEqual([
    paths[1]?.pathId,
    paths[0]?.pathId,
  ]);
  expect(second.nextCursor).toBeNull();
});

test('a cursor that is none names the field and the remedy', async () => {
  await expect(list(T0_US, { cursor: 'rubbish' })).rejects.toMatchObject({
    code: 'HOP_STORE_CURSOR',
    field: 'cursor',
    remedy: expect.stringContaining('nextCursor'),
  });
});

test('refusals are listed with the address that the refused SYN was sent to', async () => {
  const startedAtUs = hourOf(10);
  const at = (tail: number, change: Partial<Path> = {}) =>
    refusedPath({ tail, startedAtUs: startedAtUs + tail, ...change });
  const nat = hop({
    index: 1,
    kind: 'nodeForward',
    to: party({ role: 'app', ip: '10.1.0.5', port: 8080 }),
  });
  const rejected = at(1, { hops: [hop(), nat] });
  const served = samplePath({ tail: 2, startedAtUs: startedAtUs + 2 });
  const refusal = rejected.refusal;
  const dropped = at(3, {
    outcome: 'dropped',
    refusal: refusal && { ...refusal, kind: 'dropped' },
  });
  await insertPaths(fixture.store, [rejected, served, dropped], 'refusals');
  const refusals = (query: Record<string, string>) => {
    const range = { from: String(startedAtUs), to: String(startedAtUs + HOUR_US) };
    const filter = refusalFilterSchema.parse({ ...range, ...query });
    return listRefusals(fixture.store, filter, { nowUs });
  };
  const { items } = await refusals({});
  expect(items.map((item) => item.kind)).toEqual(['dropped', 'rejected']);
  expect(items[1]).toEqual({
    pathId: rejected.pathId,
    startedAtUs: startedAtUs + 1,
    cluster: 'c1',
    client: rejected.client,
    destination: { ip: '192.0.2.10', port: 30_080 },
    service: rejected.service,
    ...refusal,
  });
  expect((await refusals({ kind: 'dropped' })).items.map((item) => item.pathId)).toEqual([
    dropped.pathId,
  ]);
  const page = await refusals({ limit: '1' });
  const rest = await refusals({ limit: '1', cursor: page.nextCursor ?? '' });
  expect(rest.items.map((item) => item.pathId)).toEqual([rejected.pathId]);
  expect(rest.nextCursor).toBeNull();
});

test('counts and services take each path once, by its newest version', async () => {
  const startedAtUs = hourOf(11);
  const paths = OUTCOMES.map((outcome, tail) =>
    samplePath({ tail, startedAtUs: startedAtUs + tail, outcome, extraHops: tail % 2 }),
  );
  const other = { namespace: 'shop', name: 'api', port: '' };
  const refused = refusedPath({ tail: 9, startedAtUs: startedAtUs + 9, service: other });
  await insertPaths(fixture.store, [...paths, refused], 'counts-1');
  await insertPaths(
    fixture.store,
    paths.map((path) => ({ ...path, version: 2 })),
    'counts-2',
  );
  const window = { fromUs: startedAtUs, toUs: startedAtUs + HOUR_US };
  expect(await countPaths(fixture.store, { window })).toEqual({
    total: 6,
    byOutcome: { served: 1, reset: 1, rejected: 2, dropped: 1, unknown: 1 },
    withExtraHops: 2,
    crossings: 6,
    weighted: 0,
  });
  expect(await listServices(fixture.store, { window })).toEqual([
    {
      service: paths[0]?.service,
      paths: 5,
      refused: 0,
      withExtraHops: 2,
      lastStartedAtUs: startedAtUs + 4,
    },
    { service: other, paths: 1, refused: 1, withExtraHops: 0, lastStartedAtUs: startedAtUs + 9 },
  ]);
});

test('a look-up by id and a list of a minute read a range of the key, not the table', async () => {
  const startedAtUs = hourOf(20);
  const many = Array.from({ length: 20_000 }, (_, tail) =>
    samplePath({ tail, startedAtUs: startedAtUs + tail * 100_000 }),
  );
  await insertPaths(fixture.store, many, 'many');
  const rowsRead = async (where: string) => {
    const sql = `EXPLAIN ESTIMATE SELECT document FROM paths_v1 FINAL WHERE ${where}`;
    const rows = await fixture.store.select({ name: 'test', sql, params: {} });
    return rows.reduce<number>((sum, row) => sum + Number(Object(row).rows), 0);
  };
  const pathId = many[10_000]?.pathId ?? '';
  const at = startedAtUs + 1_000_000_000;
  expect(await rowsRead(`started_at_us = ${at} AND path_id = '${pathId}'`)).toBeLessThanOrEqual(
    2048,
  );
  const list = `started_at_us >= ${at} AND started_at_us < ${at + 60_000_000}`;
  expect(await rowsRead(list)).toBeLessThanOrEqual(3 * 1024);
  expect((await getPath(fixture.store, pathId))?.pathId).toBe(pathId);
});
