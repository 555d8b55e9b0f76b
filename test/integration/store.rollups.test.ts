import type { RollupStore } from '@hoptrace/collector/collectorStore.ts';
import { createMetrics } from '@hoptrace/collector/metrics.ts';
import { RollupKeeper } from '@hoptrace/collector/rollups/rollupKeeper.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { serviceHops, servicePoints } from '@hoptrace/store/queries/serviceStats.ts';
import { countedUntilUs, serviceTotals } from '@hoptrace/store/queries/serviceTotals.ts';
import {
  forgetReplacedRuns,
  rollUpHour,
  rollUpMinutes,
  staleMinutes,
} from '@hoptrace/store/rollups/rollUp.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { randomOf } from '../faults/random.ts';
import { samplePaths } from '../samples/paths.ts';
import { startTestStore, type TestStore } from './embedded.ts';
import { hop, refusedPath, samplePath } from './storeSamples.ts';

jest.setTimeout(120_000);
let fixture: TestStore;
beforeAll(async () => {
  fixture = await startTestStore();
}, 60_000);
afterAll(() => fixture.stop(), 60_000);

/** A whole hour in 2026. */
const HOUR_S = 1_790_002_800;
const select = (sql: string, params: object = {}) =>
  fixture.store.select({ name: 'test', sql, params });

test('what a path says of roll-ups is the same, given beside the document or read from it', async () => {
  const paths: Path[] = samplePaths(HOUR_S * 1e6 - 3_600_000_000);
  await insertPaths(fixture.store, paths, 'given');
  const columns =
    'path_id, entry_node, ingress, source_scenario, response_ns, hop_kinds, hop_from_roles, hop_to_roles, hop_from_nodes, hop_to_nodes, hop_extra, hop_rtt_ns, hop_request_cost_ns, hop_proxy_time_ns';
  const given = await select(`SELECT ${columns} FROM paths_v1 ORDER BY path_id`);
  expect(given).toHaveLength(paths.length);
  const old =
    'path_id, version, is_deleted, cluster, started_at_us, service_namespace, service_name, service_port, client_source, outcome, class, refusal_kind, document';
  await fixture.store.command('CREATE TABLE before_v1 AS paths_v1');
  await fixture.store.command(`INSERT INTO before_v1 (${old}) SELECT ${old} FROM paths_v1`);
  expect(await select(`SELECT ${columns} FROM before_v1 ORDER BY path_id`)).toEqual(given);
  expect(given.slice(0, 2)).toMatchObject([
    {
      entry_node: 'node3',
      ingress: 'default/ingress-2',
      hop_rtt_ns: [null, null, '240000', '4100000'],
    },
    { entry_node: 'node2', response_ns: expect.any(String) },
  ]);
});

test('a late version and a withdrawal count once the minute is counted again, and never twice', async () => {
  const at = (offset: number, tail: number) =>
    samplePath({ startedAtUs: HOUR_S * 1e6 + offset * 1e6, tail });
  const range = { fromS: HOUR_S, toS: HOUR_S + 3600 };
  const minutes = async () =>
    select(
      `SELECT start_s, sum(requests) AS requests, sum(extra_hops) AS extra FROM service_minutes_v1
       WHERE (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 GROUP BY start_s) AND start_s >= {from:UInt32}
       GROUP BY start_s ORDER BY start_s`,
      { from: HOUR_S },
    );
  await insertPaths(fixture.store, [at(1, 1), at(2, 2), at(61, 3)], 'first');
  expect(await staleMinutes(fixture.store, range)).toEqual([HOUR_S, HOUR_S + 60]);
  expect(await rollUpMinutes(fixture.store, range)).toBe(2);
  expect(await staleMinutes(fixture.store, range)).toEqual([]);
  await insertPaths(fixture.store, [{ ...at(1, 1), version: 2, extraHops: 3 }], 'late');
  await withdrawPaths(
    fixture.store,
    [{ pathId: at(2, 2).pathId, version: 2, cluster: 'c1' }],
    'withdrawn',
  );
  expect(await staleMinutes(fixture.store, range)).toEqual([HOUR_S]);
  await rollUpMinutes(fixture.store, { fromS: HOUR_S, toS: HOUR_S + 60 });
  await rollUpMinutes(fixture.store, { fromS: HOUR_S, toS: HOUR_S + 60 });
  expect(await staleMinutes(fixture.store, range)).toEqual([]);
  expect(await minutes()).toEqual([
    { start_s: HOUR_S, requests: '1', extra: '3' },
    { start_s: HOUR_S + 60, requests: '1', extra: '0' },
  ]);
  await rollUpHour(fixture.store, HOUR_S);
  expect(
    await select(
      'SELECT sum(requests) AS requests FROM service_hours_v1 WHERE start_s = {s:UInt32}',
      {
        s: HOUR_S,
      },
    ),
  ).toEqual([{ requests: '2' }]);
});

test('a path that stands for others counts as many times, in counts and in roll-ups', async () => {
  const fromS = HOUR_S + 24 * 3600;
  const service = { namespace: 'shop', name: 'weighted', port: 'http' };
  const at = (tail: number, part: Partial<Path>) =>
    samplePath({ startedAtUs: (fromS + tail) * 1e6, tail, service, ...part });
  const hops = [hop({ extra: false }), hop({ index: 1, kind: 'proxy' })];
  const made = [
    at(1, { hops, extraHops: 0, crossings: 1, weight: 7 }),
    at(2, { hops, extraHops: 0, crossings: 2 }),
    { ...refusedPath({ startedAtUs: (fromS + 3) * 1e6, tail: 3 }), service },
  ];
  await insertPaths(fixture.store, made, 'weighted');
  const range = { fromS, toS: fromS + 3600 };
  const window = { fromUs: fromS * 1e6, toUs: (fromS + 3600) * 1e6 };
  const counts = await countPaths(fixture.store, { window });
  expect(counts).toMatchObject({ total: 9, weighted: 1, byOutcome: { served: 8 } });
  const [listed] = await listServices(fixture.store, { window });
  expect(listed).toMatchObject({ service, paths: 9, refused: 1 });
  await rollUpMinutes(fixture.store, range);
  await rollUpHour(fixture.store, fromS);
  const crossings = 7 + 2 + (made[2]?.crossings ?? 0);
  expect(await serviceTotals(fixture.store, range)).toMatchObject([
    { service, requests: 9, outcomes: { served: 8 }, crossings },
  ]);
  const query = { serviceNamespace: 'shop', serviceName: 'weighted', stepS: 3600, ...range };
  const series = await serviceHops(fixture.store, query);
  const proxies = series.filter(({ kind }) => kind === 'proxy');
  expect(proxies.flatMap(({ points }) => points)[0]?.hops).toBe(8);
  expect(await getPath(fixture.store, made[0]?.pathId ?? '')).toMatchObject({ weight: 7 });
});

test('what is read from minutes and hours is what the paths say, and quantiles are at most 1 % off', async () => {
  const fromS = HOUR_S + 48 * 3600;
  const rttNs = (index: number) => Math.round(50_000 * 1.011 ** (index % 700));
  const made = Array.from({ length: 2000 }, (_, index) => {
    const startedAtUs = (fromS + index * 9) * 1e6;
    const value = rttNs(index);
    const rtt = {
      valueNs: value,
      lowNs: value,
      highNs: value,
      method: 'handshakeDifference',
    } as const;
    const hops = [hop({ rtt, extra: index % 5 === 0 }), hop({ index: 1, kind: 'proxy' })];
    const rest = { tail: index, hops, extraHops: index % 5 === 0 ? 1 : 0 };
    return index % 7 === 0
      ? refusedPath({ startedAtUs, ...rest })
      : samplePath({ startedAtUs, ...rest });
  });
  await insertPaths(fixture.store, made, 'stats');
  for (let hour = 0; hour < 5; hour++) {
    await rollUpMinutes(fixture.store, {
      fromS: fromS + hour * 3600,
      toS: fromS + (hour + 1) * 3600,
    });
    // The last hour is told from its minutes.
    if (hour < 4) await rollUpHour(fixture.store, fromS + hour * 3600);
  }
  const window = { fromS, toS: fromS + 5 * 3600 };
  const query = { ...window, serviceNamespace: 'shop', serviceName: 'web' };
  for (const stepS of [60, 900, 3600]) {
    const points = await servicePoints(fixture.store, { ...query, stepS, servicePort: 'http' });
    const requests = new Map<number, number>();
    for (const { startedAtUs } of made) {
      const startUs = Math.floor(startedAtUs / stepS / 1e6) * stepS * 1e6;
      requests.set(startUs, (requests.get(startUs) ?? 0) + 1);
    }
    expect(new Map(points.map((point) => [point.startUs, point.requests]))).toEqual(requests);
    const sum = (pick: (point: (typeof points)[number]) => number) =>
      points.reduce((total, point) => total + pick(point), 0);
    expect(sum((point) => point.withExtraHops)).toBe(400);
    expect(sum((point) => point.refusals.noEndpoints ?? 0)).toBe(286);
    expect(sum((point) => point.outcomes.rejected)).toBe(286);
  }
  const day = { ...query, stepS: 86_400, fromS: Math.floor(fromS / 86_400) * 86_400 };
  const [first, second] = await serviceHops(fixture.store, { ...day, toS: day.fromS + 86_400 });
  expect(second).toMatchObject({ index: 1, kind: 'proxy', points: [{ hops: 2000, rtt: null }] });
  const [point] = first?.points ?? [];
  expect(point).toMatchObject({ hops: 2000, extra: 400, rtt: { count: 2000 } });
  const sorted = made.map((_, index) => rttNs(index)).sort((a, b) => a - b);
  const exact = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
  for (const [value, q] of [
    [point?.rtt?.p50Ns, 0.5],
    [point?.rtt?.p95Ns, 0.95],
    [point?.rtt?.p99Ns, 0.99],
  ] as const)
    expect(Math.abs((value ?? 0) / exact(q) - 1)).toBeLessThanOrEqual(0.01);
  const [web] = await serviceTotals(fixture.store, window);
  // Every row belongs to a cluster, and who asks for another one gets nothing of it.
  expect(await serviceTotals(fixture.store, { ...window, clusters: ['c1'] })).toEqual([web]);
  expect(await serviceTotals(fixture.store, { ...window, clusters: ['other'] })).toEqual([]);
  const asked = { ...window, stepS: 60, serviceNamespace: 'shop', serviceName: 'web' };
  for (const query of [servicePoints, serviceHops]) {
    const all = await query(fixture.store, asked);
    expect(all.length).toBeGreaterThan(0);
    expect(await query(fixture.store, { ...asked, clusters: ['c1'] })).toEqual(all);
    expect(await query(fixture.store, { ...asked, clusters: ['other'] })).toEqual([]);
  }
  expect(web).toMatchObject({ service: { name: 'web' }, requests: 2000, withExtraHops: 400 });
  expect(await countedUntilUs(fixture.store, window)).toBe(window.toS * 1e6);
  expect(await countedUntilUs(fixture.store, { fromS: 60, toS: 120 })).toBeNull();
});

test('after replaced runs are forgotten the counts are the same, of fewer rows', async () => {
  const range = { fromS: HOUR_S + 48 * 3600, toS: HOUR_S + 49 * 3600 };
  const query = { ...range, stepS: 60, serviceNamespace: 'shop', serviceName: 'web' };
  const before = await servicePoints(fixture.store, query);
  const [late] = await select(
    'SELECT path_id FROM paths_v1 WHERE started_at_us >= {us:UInt64} ORDER BY started_at_us LIMIT 1',
    { us: range.fromS * 1e6 },
  );
  const { path_id: pathId } = late as { path_id: string };
  await withdrawPaths(fixture.store, [{ pathId, version: 9, cluster: 'c1' }], 'gone');
  await rollUpMinutes(fixture.store, range);
  const rows = () => select('SELECT count() AS n FROM service_minutes_v1');
  const [all] = (await rows()) as { n: string }[];
  await forgetReplacedRuns(fixture.store, range);
  const [left] = (await rows()) as { n: string }[];
  expect(Number(left?.n)).toBeLessThan(Number(all?.n));
  const after = await servicePoints(fixture.store, query);
  expect(after[0]?.requests).toBe((before[0]?.requests ?? 0) - 1);
  expect(after.slice(1)).toEqual(before.slice(1));
});

test('cut off at any statement, and again at the next start: in the end each path is counted once', async () => {
  const fromS = HOUR_S + 96 * 3600;
  const random = randomOf(3);
  let statements = Number.POSITIVE_INFINITY;
  /** Dies as a killed process does: the statement that was under way may have come to pass. */
  const mortal = new Proxy(fixture.store, {
    get(target, name: 'command' | 'insert' | 'select') {
      const call = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const isLast = --statements < 0;
        if (isLast && random(2) === 0) throw new Error('killed before it came to pass');
        const answer = await call.apply(target, args);
        if (isLast) throw new Error('killed after it came to pass');
        return answer;
      };
    },
  });
  const versions = new Map<number, number>();
  for (let round = 0; round < 60; round++) {
    statements = random(40);
    // What a collector does: mark, write, count, mark; a new one each time.
    const keeper = new RollupKeeper({
      store: collectorStoreOf(mortal).rollups as RollupStore,
      collector: 'mortal',
      intervalMs: 0,
      metrics: createMetrics(),
      nowMs: () => (fromS + 30 * 3600 + round) * 1000,
      log: { info: () => {} },
      onFailure: () => {},
    });
    for (let write = 0; write < 4; write++) {
      const tails = Array.from({ length: 5 }, () => random(200));
      const paths = tails.map((tail) => {
        versions.set(tail, (versions.get(tail) ?? 0) + 1);
        const version = versions.get(tail) ?? 1;
        return samplePath({ startedAtUs: (fromS + tail * 7) * 1e6, tail, version });
      });
      const changes = { paths, withdrawals: [] };
      try {
        await keeper.before(changes);
        await insertPaths(mortal, paths, `round ${round}, write ${write}`);
      } catch {
        // Dead: this one does nothing any more, and its memory is gone.
      }
      keeper.after(changes);
      await keeper.turn();
    }
    await keeper.flush();
  }
  statements = Number.POSITIVE_INFINITY;
  const last = new RollupKeeper({
    store: collectorStoreOf(fixture.store).rollups as RollupStore,
    collector: 'mortal',
    intervalMs: 0,
    metrics: createMetrics(),
    nowMs: () => (fromS + 31 * 3600) * 1000,
    log: { info: () => {} },
    onFailure: (error) => {
      throw error;
    },
  });
  await last.turn();
  await last.flush();
  const range = { fromS, toS: fromS + 3600 };
  expect(await staleMinutes(fixture.store, range)).toEqual([]);
  const query = { ...range, stepS: 3600, serviceNamespace: 'shop', serviceName: 'web' };
  const [point] = await servicePoints(fixture.store, query);
  const [truth] = (await select(
    'SELECT count() AS n FROM paths_v1 FINAL WHERE started_at_us >= {us:UInt64}',
    { us: fromS * 1e6 },
  )) as { n: string }[];
  expect(point?.requests).toBe(Number(truth?.n));
  expect(point?.requests).toBeGreaterThan(100);
});
