/**
 * Two shards really run. Not shown, because this engine cannot run it: statements ON CLUSTER, and copies of a shard
 * that fetch parts from each other (the DDL for both is in golden files, and store.clusterDdl.test.ts has the engine
 * read it).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { pathFilterSchema, refusalFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { exchangeRecords } from '@hoptrace/store/queries/exchangeRecords.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { legsOfConnections } from '@hoptrace/store/queries/legsOfConnections.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listRefusals } from '@hoptrace/store/queries/listRefusals.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { proxyHeaderRecords, proxyLinkRecords } from '@hoptrace/store/queries/proxyRecords.ts';
import { refusalRecords } from '@hoptrace/store/queries/refusalRecords.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Cluster, type Shard, startCluster } from './cluster.ts';
import { startTestStore, TEST_RETENTION, type TestStore } from './embedded.ts';
import {
  exchange,
  leg,
  proxyHeader,
  proxyLink,
  refusal,
  refusedPath,
  samplePath,
  T0_US,
} from './storeSamples.ts';

jest.setTimeout(300_000);
let cluster: Cluster;
let single: TestStore;
let first: Shard;
let second: Shard;
beforeAll(async () => {
  [cluster, single] = await Promise.all([startCluster(2), startTestStore()]);
  const [a, b] = cluster.shards;
  if (a === undefined || b === undefined) throw new Error('two shards were asked for');
  [first, second] = [a, b];
}, 300_000);
afterAll(() => Promise.all([cluster.stop(), single.stop()]), 120_000);

const HOUR_US = 3_600_000_000;
const CELLS = ['cell-0', 'cell-1', 'cell-2', 'cell-3', 'cell-4', 'cell-5'];
const window = { fromUs: T0_US - 1_000_000, toUs: T0_US + 1_000_000 };
const numberOf = async (store: Store, value: string, from: string) => {
  const [row] = await store.select({
    name: 'test',
    sql: `SELECT toInt32(${value}) AS n FROM ${from}`,
    params: {},
  });
  return typeof row === 'object' && row !== null && 'n' in row ? row.n : null;
};

test('a table of both forms is told apart', async () => {
  expect(await migrate(first.store, { retention: TEST_RETENTION })).toEqual({
    applied: [],
    newer: [],
  });
  for (const [store, isCluster] of [
    [first.store, false],
    [single.store, true],
  ] as const) {
    const wrong = { ...store, cluster: isCluster ? { name: 'shards', hasKeeper: false } : null };
    await expect(migrate(wrong, { retention: TEST_RETENTION })).rejects.toMatchObject({
      code: 'HOP_STORE_FORM',
      field: 'CLICKHOUSE_CLUSTER',
    });
  }
});

/** Every kind of row, versions that replace and withdraw each other included, from six Kubernetes clusters. */
async function fill(store: Store, other: Store): Promise<void> {
  for (const [index, cell] of CELLS.entries()) {
    const at = { startedAtUs: T0_US + index, cluster: cell };
    const paths = [1, 2, 3].map((tail) => samplePath({ ...at, tail, extraHops: tail - 1 }));
    await insertPaths(store, [...paths, refusedPath({ ...at, tail: 4 })], `paths-${cell}`);
    await insertPaths(
      other,
      [samplePath({ ...at, tail: 2, version: 2, class: 'C' })],
      `v2-${cell}`,
    );
    const gone = paths[2]?.pathId ?? '';
    await withdrawPaths(store, [{ pathId: gone, version: 2, cluster: cell }], `gone-${cell}`);
    const source = { cluster: cell, seq: 100 + index, startUs: T0_US + index };
    await insertRecords(
      store,
      [
        leg({ ...source, legId: index }),
        leg({ ...source, legId: index, seq: 200 + index, revision: 1, end: 'reset' }),
        refusal(source),
        proxyLink(source),
        proxyHeader(source),
        exchange(source),
      ],
      `records-${cell}`,
    );
    const losses = { ringEvents: index, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
    const beat = { cluster: cell, node: 'node-a', bootId: 'b', seenUs: T0_US, losses };
    await insertHeartbeat(other, { ...beat, addresses: [], facts: null });
  }
}

/** What every query of the product answers; lists page by page. */
async function answersOf(store: Store): Promise<unknown> {
  const range = { from: String(T0_US), to: String(T0_US + HOUR_US) };
  const pages: string[][] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = { ...range, limit: '5', ...(cursor === '' ? {} : { cursor }) };
    const filter = pathFilterSchema.parse(page);
    const list: Awaited<ReturnType<typeof listPaths>> = await listPaths(store, filter, {
      nowUs: T0_US,
    });
    pages.push(list.items.map(({ pathId, version }) => `${pathId} ${version}`));
    cursor = list.nextCursor;
  }
  const filtered = pathFilterSchema.parse({ ...range, class: 'C', service: 'shop/web:http' });
  const hashes = ['fedcba9876543210', '1111111111111111'];
  const recordsOf = { isnPairHashes: hashes };
  return {
    pages,
    filtered: (await listPaths(store, filtered, { nowUs: T0_US })).items,
    refusals: (await listRefusals(store, refusalFilterSchema.parse(range), { nowUs: T0_US })).items,
    path: await getPath(store, samplePath({ startedAtUs: T0_US + 3, tail: 2 }).pathId),
    withdrawn: await getPath(store, samplePath({ startedAtUs: T0_US + 3, tail: 3 }).pathId),
    counts: await countPaths(store, { window }),
    services: await listServices(store, { window }),
    agents: await listAgents(store, { sinceUs: T0_US }),
    legs: await legsOfConnections(store, recordsOf, { window }),
    refused: await refusalRecords(store, ['0000000000000abc'], { window }),
    links: await proxyLinkRecords(store, hashes, { window }),
    headers: await proxyHeaderRecords(store, hashes, { window }),
    exchanges: await exchangeRecords(store, hashes, { window }),
  };
}

test('both shards answer every query as one server does, and each cell lies on one of them', async () => {
  await fill(first.store, second.store);
  // The same batches with the same tokens, by the other server: stored once.
  await fill(second.store, first.store);
  await fill(single.store, single.store);
  const wanted = await answersOf(single.store);
  expect(wanted).toMatchObject({ counts: { total: 3 * CELLS.length }, withdrawn: null });
  expect(await answersOf(first.store)).toEqual(wanted);
  expect(await answersOf(second.store)).toEqual(wanted);
  const local = 'paths_v1_local';
  const [onFirst, onSecond] = [
    await numberOf(first.store, 'count()', local),
    await numberOf(second.store, 'count()', local),
  ];
  expect(Number(onFirst) + Number(onSecond)).toBeGreaterThanOrEqual(4 * CELLS.length);
  expect(onFirst).toBeGreaterThan(0);
  expect(onSecond).toBeGreaterThan(0);
  const cells = (shard: Shard) =>
    shard.store.select({
      name: 'test',
      sql: 'SELECT DISTINCT cluster FROM legs_v1_local',
      params: {},
    });
  const spread = [...(await cells(first)), ...(await cells(second))].map((row) =>
    JSON.stringify(row),
  );
  expect(spread.sort()).toEqual(CELLS.map((cell) => JSON.stringify({ cluster: cell })));
});

/** As the collector does: the same batch with the same token until it is stored. Answers how often it was refused. */
async function insertUntilStored(insert: () => Promise<void>): Promise<number> {
  for (let refusals = 0; ; refusals += 1) {
    try {
      await insert();
      return refusals;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.isRetryable) throw error;
      await delay(100);
    }
  }
}

const batchOf = (bootId: string, batch: number, rows = 60) =>
  Array.from({ length: rows }, (_, index) =>
    refusal({
      bootId,
      cluster: CELLS[index % CELLS.length] ?? '',
      seq: batch * rows + index,
      startUs: T0_US + HOUR_US,
    }),
  );
const storedOf = async (bootId: string) => {
  const from = `refusals_v1 WHERE boot_id = '${bootId}'`;
  const rows = await numberOf(first.store, 'count()', from);
  return { rows, distinct: await numberOf(first.store, 'uniqExact(cluster, seq)', from) };
};

test('a batch that only one shard took is refused, and stored once when it comes again', async () => {
  const batch = batchOf('half', 0);
  const insert = () => insertRecords(first.store, batch, 'half');
  const onFirst = () =>
    numberOf(first.store, 'count()', "refusals_v1_local WHERE boot_id = 'half'");
  // A table that takes no row stands for whatever happens to one shard at the last moment: the other one has its share.
  await second.store.command('ALTER TABLE refusals_v1_local ADD CONSTRAINT none CHECK seq < 0');
  await expect(insert()).rejects.toMatchObject({ isRetryable: true });
  const share = await onFirst();
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(batch.length);
  await second.kill();
  await expect(insert()).rejects.toMatchObject({ code: 'HOP_STORE_SHARD', isRetryable: true });
  await second.start();
  await second.store.command('ALTER TABLE refusals_v1_local DROP CONSTRAINT none');
  await insertUntilStored(insert);
  expect(await onFirst()).toBe(share);
  expect(await storedOf('half')).toEqual({ rows: batch.length, distinct: batch.length });
});

test('while a shard is gone every query says so instead of answering less, and tells all when it is back', async () => {
  const wanted = await answersOf(first.store);
  await second.kill();
  const filter = pathFilterSchema.parse({ from: String(T0_US), to: String(T0_US + HOUR_US) });
  const queries: readonly (() => Promise<unknown>)[] = [
    () => listPaths(first.store, filter, { nowUs: T0_US }),
    () => countPaths(first.store, { window }),
    () => listServices(first.store, { window }),
    () => listAgents(first.store, { sinceUs: T0_US }),
    () => getPath(first.store, samplePath({ startedAtUs: T0_US, tail: 1 }).pathId),
    () => legsOfConnections(first.store, { isnPairHashes: ['fedcba9876543210'] }, { window }),
  ];
  for (const ask of queries) {
    await expect(ask()).rejects.toMatchObject({
      code: 'HOP_STORE_SHARD',
      message: expect.stringContaining('A shard is missing'),
    });
  }
  await second.start();
  expect(await answersOf(first.store)).toEqual(wanted);
});

test('shards are killed with -9 again and again while batches are written and read: nothing lost, nothing twice, no smaller count', async () => {
  const ROUNDS = 4;
  let isOver = false;
  let written = 0;
  let refusals = 0;
  const write = async (store: Store, name: string) => {
    for (let batch = 0; !isOver; batch += 1) {
      const records = batchOf('storm', name === 'a' ? 2 * batch : 2 * batch + 1);
      refusals += await insertUntilStored(() =>
        insertRecords(store, records, `storm-${name}-${batch}`),
      );
      written += records.length;
    }
  };
  const wanted = (await countPaths(first.store, { window })).total;
  const totals = new Set<number>();
  let refusedReads = 0;
  const read = async (store: Store) => {
    while (!isOver) {
      try {
        totals.add((await countPaths(store, { window })).total);
      } catch (error) {
        if (!(error instanceof StoreError) || !error.isRetryable) throw error;
        refusedReads += 1;
        await delay(20);
      }
    }
  };
  const storm = async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = round % 2 === 0 ? second : first;
      await delay(300 + Math.random() * 400);
      await victim.kill();
      await delay(100 + Math.random() * 300);
      await victim.start();
    }
  };
  const others = Promise.all([
    write(first.store, 'a'),
    write(second.store, 'b'),
    read(first.store),
    read(second.store),
  ]);
  // What fails ends the storm as well; the end of the storm ends the rest.
  await Promise.race([storm(), others]).finally(() => {
    isOver = true;
  });
  await others;
  expect(refusals).toBeGreaterThan(0);
  expect(refusedReads).toBeGreaterThan(0);
  expect([...totals]).toEqual([wanted]);
  expect(await storedOf('storm')).toEqual({ rows: written, distinct: written });
});
