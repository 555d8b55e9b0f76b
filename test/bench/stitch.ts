/**
 * What a leg costs on the live road, stage by stage, beside the naive join; and what an open leg weighs.
 * CPU time by process.cpuUsage; making the batches is not counted.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LiveRoad } from '@hoptrace/domain/live/liveRoad.ts';
import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { ResultRow } from '../lab/commands/output.ts';
import { benchContext, LEGS_PER_REQUEST, makeBatches } from './batches.ts';
import { NaiveJoin } from './naive.ts';

const REQUESTS_PER_BATCH = 500;
const QUIET_MS = 500;
const KEEP_MS = 30_000;
const HAND_PASSES = 20;
const OTHER_ROOM = 4_000_000;

interface Stages {
  legs: number;
  joinS: number;
  checkS: number;
  forgetS: number;
  evidenceS: number;
  pathS: number;
  paths: number;
  bytesPerLeg: number;
}

function cpuS(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/**
 * A table with `openLegs` open, and then as many more as are measured: each batch is joined, what is due is
 * checked (and told, if `makesPaths`), what is old is forgotten, so that the number of open legs stays.
 */
function measureRoad(openLegs: number, measuredLegs: number, makesPaths: boolean): Stages {
  const openRequests = Math.ceil(openLegs / LEGS_PER_REQUEST);
  const batchesOpen = Math.ceil(openRequests / REQUESTS_PER_BATCH);
  const batchMs = Math.ceil(KEEP_MS / batchesOpen);
  // What is old is found once a pass of the hand: so much room is needed beside what is young.
  const room = 1 + 1 / HAND_PASSES + 4 / batchesOpen;
  const maxConnections = Math.ceil(openRequests * 2 * room);
  const handSteps = Math.ceil((maxConnections * HAND_PASSES) / batchesOpen);
  const road = new LiveRoad({
    maxLegs: Math.ceil(openLegs * room),
    maxConnections,
    maxOtherRecords: OTHER_ROOM,
    quietMs: QUIET_MS,
    maxDelayMs: QUIET_MS * 4,
    keepMs: KEEP_MS,
  });
  const stages = {
    legs: 0,
    joinS: 0,
    checkS: 0,
    forgetS: 0,
    evidenceS: 0,
    pathS: 0,
    paths: 0,
    bytesPerLeg: 0,
  };
  const warmUp = openRequests + 20 * REQUESTS_PER_BATCH;
  const end = warmUp + Math.ceil(measuredLegs / LEGS_PER_REQUEST);
  for (let from = 0; from < end; from += REQUESTS_PER_BATCH) {
    const nowMs = (from / REQUESTS_PER_BATCH) * batchMs;
    const one = step(road, from, nowMs, handSteps, makesPaths);
    if (from < warmUp) continue;
    for (const key of Object.keys(one) as (keyof Stages)[]) stages[key] += one[key];
  }
  if (road.table.counts.full + road.table.counts.evictedConnections > 0)
    throw new Error(`the table was too small: ${JSON.stringify(road.table.counts)}`);
  stages.bytesPerLeg = road.table.byteLength / road.table.openLegs;
  return stages;
}

function step(
  road: LiveRoad,
  from: number,
  nowMs: number,
  handSteps: number,
  makesPaths: boolean,
): Stages {
  const batches = makeBatches(from, REQUESTS_PER_BATCH, makesPaths);
  let roots: number[] = [];
  let evidence: Evidence[] = [];
  let paths = 0;
  const joinS = cpuS(() => {
    for (const { bytes, offset, node } of batches)
      road.addRecords(bytes, offset, { cluster: 'test', node, bootId: 'boot-1' }, nowMs);
  });
  const checkS = cpuS(() => {
    roots = road.takeDueRoots(nowMs, Number.MAX_SAFE_INTEGER);
    for (const root of roots) road.verdictOf(root);
  });
  const evidenceS = !makesPaths
    ? 0
    : cpuS(() => {
        evidence = roots.map((root) => road.evidenceOf(root));
      });
  const pathS = !makesPaths
    ? 0
    : cpuS(() => {
        for (const each of evidence) paths += reconstruct(each, benchContext).length;
      });
  const forgetS = cpuS(() => {
    road.expire(nowMs, handSteps);
  });
  return {
    legs: REQUESTS_PER_BATCH * LEGS_PER_REQUEST,
    joinS,
    checkS,
    forgetS,
    evidenceS,
    pathS,
    paths,
    bytesPerLeg: 0,
  };
}

function measureNaive(legs: number): {
  joinS: number;
  checkS: number;
  bytesPerLeg: number;
  legs: number;
} {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const join = new NaiveJoin();
  let joinS = 0;
  let requests = 0;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (; requests * LEGS_PER_REQUEST < legs; requests += REQUESTS_PER_BATCH) {
    const batches = makeBatches(requests, REQUESTS_PER_BATCH, false);
    joinS += cpuS(() => {
      for (const batch of batches) join.add(batch);
    });
  }
  collect();
  const count = requests * LEGS_PER_REQUEST;
  const bytesPerLeg = (process.memoryUsage().heapUsed - before) / count;
  const checkS = cpuS(() => join.inspectAll());
  return { joinS, checkS, bytesPerLeg, legs: count };
}

const M = 1e6;

export function benchStitch(maxOpenLegs: number): {
  rows: ResultRow[];
  details: Record<string, unknown>;
} {
  const naive = measureNaive(100_000);
  const sizes = [100_000, 1_000_000, 10_000_000].filter((size) => size <= maxOpenLegs);
  const roads = sizes.map((size) => measureRoad(size, 1_000_000, false));
  const told = measureRoad(100_000, 300_000, true);
  const costNs = (road: Stages) => ((road.joinS + road.checkS + road.forgetS) / road.legs) * 1e9;
  const [small, large] = [roads[0] as Stages, roads.at(-1) as Stages];
  const perS = (legs: number, seconds: number) => legs / seconds / M;
  const checkedRate = perS(large.legs, large.joinS + large.checkS + large.forgetS);
  const naiveRate = perS(naive.legs, naive.joinS + naive.checkS);
  const toldS = told.joinS + told.checkS + told.forgetS + told.evidenceS + told.pathS;
  const atLeast = (name: string, value: number, goal: number | null, unit: string): ResultRow => ({
    name,
    value: round(value),
    goal,
    unit,
    met: goal === null || value >= goal,
  });
  const atMost = (name: string, value: number, goal: number, unit: string): ResultRow => ({
    name,
    value: round(value),
    goal,
    unit,
    met: value <= goal,
  });
  const size = sizes.at(-1)?.toLocaleString('en') ?? '';
  const rows = [
    atLeast(`join alone, ${size} open`, perS(large.legs, large.joinS), null, 'M legs/CPU-s'),
    ...roads.map((road, index) =>
      atLeast(
        `join, order, checks and forgetting, ${sizes[index]?.toLocaleString('en')} open`,
        1000 / costNs(road),
        1,
        'M legs/CPU-s',
      ),
    ),
    atLeast('the whole road with a path document each', perS(told.legs, toldS), 1, 'M legs/CPU-s'),
    atMost(`bytes an open leg, ${size} open`, large.bytesPerLeg, 128, 'B'),
    atMost(`cost a leg at ${size} over 100,000 open`, costNs(large) / costNs(small), 1.5, '×'),
    atLeast(
      'naive Map of strings: join alone',
      perS(naive.legs, naive.joinS),
      null,
      'M legs/CPU-s',
    ),
    atLeast('naive Map of strings: join, order, checks', naiveRate, null, 'M legs/CPU-s'),
    atLeast('faster than naive (join, order, checks)', checkedRate / naiveRate, null, '×'),
    atLeast('naive bytes an open leg', naive.bytesPerLeg, null, 'B'),
  ];
  const ns = (seconds: number, legs: number) => Math.round((seconds / legs) * 1e9);
  const stage = (road: Stages) => ({
    joinNs: ns(road.joinS, road.legs),
    checkNs: ns(road.checkS, road.legs),
    forgetNs: ns(road.forgetS, road.legs),
    evidenceNs: ns(road.evidenceS, road.legs),
    reconstructNs: ns(road.pathS, road.legs),
  });
  return {
    rows,
    details: {
      stagesPerLeg: Object.fromEntries(
        sizes.map((each, index) => [each, stage(roads[index] as Stages)]),
      ),
      stagesPerLegWithPaths: stage(told),
      pathsTold: told.paths,
    },
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
