/**
 * Two shards really run. Not shown, because this engine cannot run it: statements ON CLUSTER, and copies of a shard
 * that fetch parts from each other (the DDL for both is in golden files, and store.clusterDdl.test.ts has the engine
 * read it).
 */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { pathFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { backup } from '@hoptrace/store/operate/backup.ts';
import { checkSchema } from '@hoptrace/store/operate/check.ts';
import { restore } from '@hoptrace/store/operate/restore.ts';
import { readStatus } from '@hoptrace/store/operate/status.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { legsOfConnections } from '@hoptrace/store/queries/legsOfConnections.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Cluster, type Shard, startCluster } from './cluster.ts';
import { makeTempDir, startTestStore, TEST_RETENTION, type TestStore } from './embedded.ts';
import { answersOf, CELLS, fill, HOUR_US, SECOND_OF_T0 } from './storeAnswers.ts';
import { refusal, samplePath, T0_US } from './storeSamples.ts';

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

const window = SECOND_OF_T0;
const numberOf = async (store: Store, value: string, from: string) => {
  const [row] = await store.select({
    name: 'test',
    sql: `SELECT toInt32(${value}) AS n FROM ${from}`,
    params: {},
  });
  return typeof row === 'object' && row !== null && 'n' in row ? row.n : null;
};

test('the schema of a shard is as it should be, and what is missing of it is found', async () => {
  expect(await checkSchema(first.connection, TEST_RETENTION)).toMatchObject({
    problems: [],
    notes: [],
  });
  await first.store.command('ALTER TABLE agents_v1_local RESET SETTING fsync_after_insert');
  await first.store.command('DROP TABLE exchanges_v1 SYNC');
  const { problems } = await checkSchema(first.connection, TEST_RETENTION);
  expect(problems.map(({ kind, table }) => `${kind} ${table}`)).toEqual([
    'setting agents_v1_local',
    'missingTable exchanges_v1',
  ]);
  await migrate(first.store, { retention: TEST_RETENTION, isAgain: true });
  expect(await checkSchema(first.connection, TEST_RETENTION)).toMatchObject({ ok: true });
});

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

test('both shards answer every query as one server does, and each cell lies on one of them', async () => {
  await fill(first.store, second.store);
  // The same batches with the same tokens, by the other server: stored once.
  await fill(second.store, first.store);
  await fill(single.store);
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

test('a backup of one server becomes a cluster with the same answers', async () => {
  const directory = await makeTempDir();
  await backup(single.store, { directory, now: new Date() });
  const other = await startCluster(2);
  try {
    const [a, b] = other.shards;
    if (a === undefined || b === undefined) throw new Error('two shards were asked for');
    await restore(a.store, { directory, isAddition: false });
    expect(await answersOf(b.store)).toEqual(await answersOf(single.store));
    expect(await readStatus(b.store)).toMatchObject({ ok: true, cluster: { missing: null } });
  } finally {
    await other.stop();
    await rm(directory, { recursive: true, force: true });
  }
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

/** What an insert or a query says while a shard is gone. An answer is a failure: it would be a smaller one. */
async function refusalBy(ask: () => Promise<unknown>): Promise<StoreError> {
  for (;;) {
    try {
      throw new Error(`answered without a shard: ${JSON.stringify(await ask())}`);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // The server that was asked went down with the other one (see cluster.ts) and is on its way back.
      const isItself = error.code === 'HOP_STORE_UNREACHABLE' || /ABORTED/.test(error.message);
      if (!isItself) return error;
      await delay(50);
    }
  }
}

/** What concerns the asked server alone. */
async function whenAnswering<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreError) || !error.isRetryable) throw error;
      await delay(50);
    }
  }
}

/** Both servers answer, and reach each other. */
async function settled(): Promise<void> {
  for (const { store } of [first, second])
    await insertUntilStored(() => countPaths(store, { window }).then(() => {}));
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
  expect(await refusalBy(insert)).toMatchObject({ code: 'HOP_STORE_SHARD', isRetryable: true });
  await second.start();
  await settled();
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
    expect(await refusalBy(ask)).toMatchObject({
      code: 'HOP_STORE_SHARD',
      message: expect.stringContaining('A shard is missing'),
    });
  }
  expect(await whenAnswering(() => readStatus(first.store))).toMatchObject({
    ok: false,
    cluster: { missing: expect.stringContaining('A shard is missing'), servers: [{}, {}] },
  });
  await second.start();
  await settled();
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
  await settled();
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
  await settled();
  expect(refusals).toBeGreaterThan(0);
  expect(refusedReads).toBeGreaterThan(0);
  expect([...totals]).toEqual([wanted]);
  expect(await storedOf('storm')).toEqual({ rows: written, distinct: written });
});
