/**
 * Times on the live road: the records of a world without thread links and PROXY headers go through the collector's
 * stitcher as they arrive, and what a store holds in the end is judged. Nothing here says which records belong together,
 * or when a window is whole: the stitcher has to find out.
 */
import { WINDOW_LIMITS } from '@hoptrace/collector/stitch/placeWindows.ts';
import { Stitcher } from '@hoptrace/collector/stitch/stitcher.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { EPOCH_US } from '../simulator/clock.ts';
import type { World } from '../simulator/world.ts';
import { PathJudge } from './judge.ts';
import { Sightings } from './sightings.ts';
import { Tally } from './tally.ts';

/** As the collector's own, but for the table: a world is to fit into it. */
const LIMITS = {
  quietMs: 300,
  maxDelayMs: 2000,
  keepMs: 60_000,
  keepOpenMs: 600_000,
  maxRecords: 1_000_000,
  maxGroupRecords: 5000,
  maxLeftChanges: 10_000,
};
const EPOCH_MS = EPOCH_US / 1000;
const RECORDS_A_TURN = 2000;
const TURN_MS = 500;
/** Enough for what was inferred to be reconstructed, and looked at once more. */
const LAST_TURNS = 30;
const LONG_US = 3_600_000_000;

export function judgeLiveRoad(world: World, tally: Tally): void {
  if (!world.plan.taps.hasExchanges) return;
  const blind = world.records.filter(({ kind }) => kind !== 'proxyLink' && kind !== 'proxyHeader');
  const { paths, stitcher } = drive(world, blind);
  const own = new Tally();
  const judge = new PathJudge(world, new Sightings({ ...world, records: blind }), own, () => {});
  for (const path of paths) judge.judge(path);
  judge.countUnseen();
  tally.add('live worlds');
  tally.add('live claims', own.get('proxy links class C'));
  tally.add('live claims right', own.get('proxy links right class C'));
  tally.add('live falsely complete', own.get('falsely complete'));
  tally.add('live windows judged', stitcher.counts.judgedWindows);
  const isLossy = world.plan.faults.recordLoss > 0;
  if (isLossy) tally.add('live claims under losses', own.get('proxy links class C'));
  else tally.add('live links to be found', own.get('true proxy links seen'));
}

function drive(world: World, records: readonly Sourced[]) {
  let isTold = false;
  const boots = bootsOf(records);
  const stitcher = new Stitcher({
    ...LIMITS,
    reconstruct,
    contextOf: () => world.context,
    onError: (error) => {
      throw error;
    },
    windows: {
      ...WINDOW_LIMITS,
      // An agent that began anew within the world has not seen what was open before.
      coverageOf: (_cluster, node) =>
        isTold && boots.get(node)?.size === 1
          ? { fromUs: EPOCH_US - LONG_US, toUs: EPOCH_US + LONG_US }
          : null,
    },
  });
  const store = new Map<string, Path>();
  let nowMs = EPOCH_MS;
  const turn = () => {
    nowMs += TURN_MS;
    const { paths, withdrawals } = stitcher.takeDue(nowMs, Number.POSITIVE_INFINITY);
    for (const { pathId } of withdrawals) store.delete(pathId);
    for (const path of paths) store.set(path.pathId, path);
  };
  for (const [index, record] of records.entries()) {
    stitcher.add(record, nowMs);
    if (index % RECORDS_A_TURN === RECORDS_A_TURN - 1) turn();
  }
  isTold = true;
  for (let last = 0; last < LAST_TURNS; last++) turn();
  return { paths: [...store.values()], stitcher };
}

function bootsOf(records: readonly Sourced[]): Map<string, Set<string>> {
  const boots = new Map<string, Set<string>>();
  for (const { node, bootId } of records)
    boots.set(node, (boots.get(node) ?? new Set()).add(bootId));
  return boots;
}
