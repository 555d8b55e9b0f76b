import type { Path } from '@hoptrace/domain/rest/path.ts';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { expect, jest, test } from '@jest/globals';
import { BATCH_TYPE } from '../http/postRoutes.ts';
import { envelope, leg, NOW_MS } from '../testing/builders.ts';
import { metricValue, testCollector } from '../testing/collector.ts';
import { kindOf } from '../testing/overloadLoad.ts';
import { OverloadRoad } from '../testing/overloadRoad.ts';

/** Many paths, and a machine that may be busy. */
jest.setTimeout(180_000);

const STORE_PATHS_PER_SECOND = 100;
const SMALL_HOUSE = { HOPTRACE_COLLECTOR_MAX_STITCH_RECORDS: '3000' };

/** What a store holds in the end. */
function roadWithStore(env: Record<string, string> = {}) {
  const stored = new Map<string, Path>();
  const versions = new Map<string, number>();
  const road = new OverloadRoad({
    storePathsPerSecond: STORE_PATHS_PER_SECOND,
    env: { ...SMALL_HOUSE, ...env },
    isKept: true,
    insert: async ({ paths, withdrawals }) => {
      for (const path of paths) {
        expect(path.version).toBeGreaterThan(versions.get(path.pathId) ?? 0);
        versions.set(path.pathId, path.version);
        stored.set(path.pathId, path);
      }
      for (const { pathId } of withdrawals) stored.delete(pathId);
    },
  });
  return { road, stored };
}

const weightOf = (paths: Iterable<Path>, name: string): number =>
  [...paths]
    .filter(({ service }) => service?.name === name)
    .reduce((sum, { weight = 1 }) => sum + weight, 0);

function truthOf(requests: number) {
  const kinds = Array.from({ length: requests }, (_, n) => kindOf(n));
  const count = (...wanted: string[]) => kinds.filter((kind) => wanted.includes(kind)).length;
  return {
    ...{ web: count('web', 'webExtra'), api: count('api', 'apiRefused') },
    ...{ extra: count('webExtra'), refused: count('apiRefused') },
  };
}

test('below what the store can take every path is stored, and stands for itself', async () => {
  const { road, stored } = roadWithStore();
  await road.run(60, 20);
  await road.end();
  expect(stored.size).toBe(road.requests);
  expect([...stored.values()].some((path) => 'weight' in path)).toBe(false);
  expect(road.said).toEqual([]);
  expect(road.overload.watch.warnings).toEqual([]);
});

test('at ten times as much whole paths are shed, weights add up, and no refusal or extra hop is missing', async () => {
  const { road, stored } = roadWithStore();
  const rates = new Set<number>();
  const warned = new Set<string>();
  const look = () => {
    rates.add(road.overload.watch.exponent);
    for (const warning of road.overload.watch.warnings) warned.add(warning);
  };
  await road.run(10 * STORE_PATHS_PER_SECOND, 15, look);
  expect(Math.max(...rates)).toBeGreaterThanOrEqual(3);
  expect([...warned].join()).toMatch(/one in 8 plain served paths is stored/);
  await road.run(50, 120, look);
  expect(road.overload.watch.exponent).toBe(0);
  await road.end();
  const paths = [...stored.values()];
  const truth = truthOf(road.requests);
  const { shed, unweighed } = road.overload.shedder.counts;
  expect(shed).toBe(road.requests - paths.length);
  expect(unweighed).toBe(0);
  expect(weightOf(paths, 'web')).toBe(truth.web);
  expect(weightOf(paths, 'api')).toBe(truth.api);
  const refused = paths.filter(({ refusal }) => refusal !== null);
  const extra = paths.filter(({ extraHops }) => extraHops > 0);
  expect(refused).toHaveLength(truth.refused);
  expect(extra).toHaveLength(truth.extra);
  expect([...refused, ...extra].some((path) => 'weight' in path)).toBe(false);
  expect(paths.filter(({ completeness }) => completeness < 1)).toEqual([]);
  // Both connections of the proxy.
  expect(paths.filter(({ service, hops }) => service?.name === 'web' && hops.length < 3)).toEqual(
    [],
  );
  expect(road.stitcher.counts.droppedChanges).toBe(0);
  expect(road.said).toEqual([
    'overload: of plain served paths not all are stored from now on, those that are carry weights',
    'overload is over: all paths are stored again',
  ]);
});

test('switched off, nothing is left out by choice', async () => {
  const { road, stored } = roadWithStore({ HOPTRACE_COLLECTOR_SHED: 'off' });
  await road.run(10 * STORE_PATHS_PER_SECOND, 5);
  await road.end();
  expect(road.overload.shedder.counts.shed).toBe(0);
  expect(stored.size).toBe(road.requests);
});

test('what was shed stays so after a start, and what was kept keeps its weight', async () => {
  const first = roadWithStore();
  await first.road.run(10 * STORE_PATHS_PER_SECOND, 8);
  await first.road.end();
  expect(first.road.overload.shedder.counts.shed).toBeGreaterThan(1000);
  const second = roadWithStore({ HOPTRACE_COLLECTOR_MAX_STITCH_RECORDS: '1000000' });
  for (const record of first.road.records) second.road.stitcher.add(record, NOW_MS);
  second.road.stitcher.restore(first.road.emissions, 0);
  await second.road.end();
  const weightsOf = (paths: Map<string, Path>) =>
    [...paths].map(([id, { weight = 1 }]) => `${id} ${weight}`).sort();
  expect(weightsOf(second.stored)).toEqual(weightsOf(first.stored));
});

test('a collector that is behind says so in /readyz and in its metrics, and is ready all the same', async () => {
  const env = { HOPTRACE_COLLECTOR_PORT: '0', HOPTRACE_COLLECTOR_SHED_LAG_MS: '100' };
  const collector = await testCollector(env, { nowMs: Date.now });
  await collector.start();
  try {
    const ready = async () => {
      const answer = await collector.app.inject({ url: '/readyz' });
      return { status: answer.statusCode, ...answer.json<{ warnings: string[] }>() };
    };
    expect((await ready()).warnings).toEqual([]);
    let last = await ready();
    for (let seq = 1; last.warnings.length === 0 && seq < 50_000; seq++) {
      const record = leg({ seq, startUs: Date.now() * 1000 });
      const payload = Buffer.from(encodeBatch(envelope({ firstSeq: seq }), [record]));
      const headers = { 'content-type': BATCH_TYPE };
      await collector.app.inject({ method: 'POST', url: '/v1/batches', headers, payload });
      last = await ready();
    }
    expect(last).toMatchObject({ status: 200, warnings: [expect.stringMatching(/^overload: /)] });
    await collector.app.inject({ url: '/metrics' });
    expect(await metricValue(collector, 'shed_rate')).toBeLessThan(1);
  } finally {
    await collector.close();
  }
});
