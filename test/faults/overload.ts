/**
 * Ten times what the store can take: which paths are stored, and whether what they say adds up. Stitcher, writer and watch
 * are the collector's own, ClickHouse is real, and so are its roll-ups; the store's slowness is virtual time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { kindOf, type RequestKind } from '@hoptrace/collector/testing/overloadLoad.ts';
import { OverloadRoad } from '@hoptrace/collector/testing/overloadRoad.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { serviceTotals } from '@hoptrace/store/queries/serviceTotals.ts';
import { rollUpMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { z } from 'zod';
import { startTestStore } from '../integration/embedded.ts';
import type { ResultRow } from '../lab/commands/output.ts';

const STORE_PATHS_PER_SECOND = 200;
const OVERLOAD = 10;
const OVERLOAD_S = 100;
/** Half of what the store can take, until it is over. */
const CALM_S = 180;
const CALM_PER_SECOND = STORE_PATHS_PER_SECOND / 2;
const START_S = 1_790_000_000;
const HOUR_S = 3600;

const number = z.coerce.number();
const storedRow = z.object({
  ...{ paths: number, refused: number, extra: number },
  ...{ wrongly: number, incomplete: number, heaviest: number },
});
const minuteRow = z.object({ minute: number, paths: number });
const INFORMATION = { goal: null, met: true };

type Counts = Record<RequestKind, number>;

export async function runOverload() {
  const fixture = await startTestStore();
  const { store } = fixture;
  try {
    const road = new OverloadRoad({
      storePathsPerSecond: STORE_PATHS_PER_SECOND,
      insert: async ({ paths, withdrawals }, token) => {
        await insertPaths(store, paths, token);
        await withdrawPaths(store, withdrawals, `${token}-withdrawn`);
      },
    });
    await road.run(CALM_PER_SECOND, 10);
    const shedBefore = road.overload.shedder.counts.shed;
    let highest = 0;
    const look = () => {
      highest = Math.max(highest, road.overload.watch.exponent);
    };
    await road.run(STORE_PATHS_PER_SECOND * OVERLOAD, OVERLOAD_S, look);
    await road.run(CALM_PER_SECOND, CALM_S);
    const exponentAfter = road.overload.watch.exponent;
    await road.end();
    const from = START_S - (START_S % HOUR_S);
    const range = { fromS: from, toS: from + 2 * HOUR_S };
    for (const fromS of road.byMinute.keys()) await rollUp(store, fromS);
    const totals = await serviceTotals(store, range);
    const truth = truthOf(road.requests);
    const stored = await storedPaths(store);
    const worst = await worstMinute(store, road.byMinute);
    const { shed, unweighed } = road.overload.shedder.counts;
    const row = (name: string, value: number, goal: number, unit: string): ResultRow => {
      const rounded = Number(value.toPrecision(3));
      return { name, value: rounded, goal, unit, met: value <= goal };
    };
    const offBy = (
      name: string,
      wanted: number,
      pick: (one: (typeof totals)[number]) => number,
    ) => {
      const found = totals.find(({ service }) => service.name === name);
      const off = found === undefined ? 100 : (Math.abs(pick(found) - wanted) / wanted) * 100;
      return row(`10× overload: requests of ${name}, weighted, off by`, off, 1, '%');
    };
    const rows: ResultRow[] = [
      offBy('web', truth.web + truth.webExtra, ({ requests }) => requests),
      offBy('api', truth.api, ({ outcomes }) => outcomes.served),
      { ...row('10× overload: worst minute, weighted, off by', worst, 0, '%'), ...INFORMATION },
      row('10× overload: refusals shed', truth.apiRefused - stored.refused, 0, 'paths'),
      row('10× overload: paths with extra hops shed', truth.webExtra - stored.extra, 0, 'paths'),
      row('10× overload: refusals or extra hops with a weight', stored.wrongly, 0, 'paths'),
      row('10× overload: paths stored of which a part lacks', stored.incomplete, 0, 'paths'),
      row('below the overload: paths shed', shedBefore, 0, 'paths'),
      row('k of the rate 1/2^k when it is over', exponentAfter, 0, ''),
    ];
    const details = {
      requests: truth,
      stored: stored.paths,
      ...{ shed, unweighed, highestExponent: highest, heaviest: stored.heaviest, said: road.said },
    };
    return { rows, details };
  } finally {
    await fixture.stop();
  }
}

function truthOf(requests: number): Counts {
  const counts: Counts = { web: 0, webExtra: 0, api: 0, apiRefused: 0 };
  for (let n = 0; n < requests; n++) counts[kindOf(n)] += 1;
  return counts;
}

/** Tried again where the engine, which has 400 MB, merges parts at that moment: as the collector does. */
async function rollUp(store: Store, fromS: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await rollUpMinutes(store, { fromS, toS: fromS + 60 });
      return;
    } catch (error) {
      if (tries === 10 || !(error instanceof StoreError && error.isRetryable)) throw error;
      await sleep(1000);
    }
  }
}

async function storedPaths(store: Store): Promise<z.infer<typeof storedRow>> {
  const rows = await store.select({
    name: 'storedPaths',
    sql: `SELECT count() AS paths, countIf(refusal_kind != 'none') AS refused, countIf(extra_hops > 0) AS extra,
      countIf(weight > 1 AND (refusal_kind != 'none' OR extra_hops > 0)) AS wrongly,
      countIf(completeness < 1) AS incomplete, max(weight) AS heaviest FROM paths_v1 FINAL`,
    params: {},
  });
  return storedRow.parse(rows[0]);
}

/** Weights hold what came before: at the borders of minutes some stand for paths of the minute before. */
async function worstMinute(store: Store, truth: ReadonlyMap<number, number>): Promise<number> {
  const rows = await store.select({
    name: 'minutes',
    sql: 'SELECT intDiv(started_at_us, 60000000) * 60 AS minute, sum(weight) AS paths FROM paths_v1 FINAL GROUP BY minute',
    params: {},
  });
  const found = new Map(
    z
      .array(minuteRow)
      .parse(rows)
      .map(({ minute, paths }) => [minute, paths]),
  );
  const errors = [...truth].map(([minute, requests]) =>
    Math.abs(((found.get(minute) ?? 0) - requests) / requests),
  );
  return Math.max(...errors) * 100;
}
