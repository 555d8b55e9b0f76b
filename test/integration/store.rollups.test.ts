import type { Path } from '@hoptrace/domain/rest/path.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { rollUpHour, rollUpMinutes, staleMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { samplePaths } from '../samples/paths.ts';
import { startTestStore, type TestStore } from './embedded.ts';
import { samplePath } from './storeSamples.ts';

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
