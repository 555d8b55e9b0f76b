/**
 * What a leg costs, and what an open leg weighs: on the collector's road; in the typed tables (domain/src/live), which the
 * collector does not use (docs/adr/0011), with 10^5 to 10^7 legs open; and in a naive join.
 */
import type { ResultRow } from '../lab/commands/output.ts';
import { type CollectorCost, measureCollectorRoad } from './collectorRoad.ts';
import { measureNaive } from './naiveRun.ts';
import { RoadRun, type Stages, typedNs } from './roadRun.ts';

const SIZES = [100_000, 1_000_000, 10_000_000];
const ROUNDS = 9;
const LEGS_PER_ROUND = 200_000;
/** Beyond this the naive join needs more heap than Node.js gives: 1.6 kB a leg. */
const MAX_NAIVE_LEGS = 1_000_000;
const TOLD_LEGS = 300_000;

export function benchStitch(maxOpenLegs: number): {
  rows: ResultRow[];
  details: Record<string, unknown>;
} {
  // First, in a young heap.
  const plain = measureCollectorRoad('links', TOLD_LEGS);
  const full = measureCollectorRoad('exchanges', TOLD_LEGS);
  const sizes = SIZES.filter((size) => size <= maxOpenLegs);
  const roads = sizes.map((size) => new RoadRun(size, false));
  // Round by round in turn: what else the machine does falls on all sizes alike.
  for (let round = 0; round < ROUNDS; round++)
    for (const road of roads) road.measure(LEGS_PER_ROUND);
  // Before the naive join: its million of objects would weigh on the collector.
  const told = new RoadRun(100_000, true);
  told.measure(TOLD_LEGS);
  const naive = sizes
    .filter((size) => size <= MAX_NAIVE_LEGS)
    .map((size) => ({ size, ...measureNaive(size) }));
  const rows = [
    ...collectorRows(plain, full),
    ...roads.flatMap((road) => [
      ...rowsOfRoad(road),
      ...naive.filter(({ size }) => size === road.openLegs).flatMap((of) => rowsOfNaive(road, of)),
    ]),
    ratioRow(roads),
    atLeast(
      'typed tables, and a path document for each path',
      1000 / toldNs(told.total),
      null,
      'M legs/CPU-s',
    ),
  ];
  const stagesPerLeg = Object.fromEntries(
    roads.map((road) => [road.openLegs, stagesOf(road.total)]),
  );
  return {
    rows,
    details: {
      collectorPerLeg: roundedCost(plain),
      collectorPerLegWithExchanges: roundedCost(full),
      stagesPerLeg,
      stagesPerLegWithPaths: stagesOf(told.total),
      pathsTold: told.total.paths,
      naiveNotRun: sizes.filter((size) => size > MAX_NAIVE_LEGS),
    },
  };
}

/** The goals are those of the road that the product takes. */
function collectorRows(plain: CollectorCost, full: CollectorCost): ResultRow[] {
  return [
    atLeast(
      "the collector's road, a path document for each path",
      1000 / plain.totalNs,
      1,
      'M legs/CPU-s',
    ),
    atLeast(
      "the collector's road, with an exchange for each leg",
      1000 / full.totalNs,
      null,
      'M legs/CPU-s',
    ),
    atMost("bytes an open leg, the collector's road", plain.bytesPerLeg, 128, 'B'),
  ];
}

function roundedCost(cost: CollectorCost): Record<string, number> {
  return Object.fromEntries(Object.entries(cost).map(([key, value]) => [key, Math.round(value)]));
}

function rowsOfRoad(road: RoadRun): ResultRow[] {
  const name = nameOf(road.openLegs);
  return [
    atLeast(
      `typed tables: join, order, checks and forgetting, ${name}`,
      1000 / typedNs(road.total),
      1,
      'M legs/CPU-s',
    ),
    atMost(`typed tables: bytes an open leg, ${name}`, road.bytesPerLeg, 128, 'B'),
  ];
}

function rowsOfNaive(
  road: RoadRun,
  { joinNs, checkNs, bytesPerLeg }: ReturnType<typeof measureNaive>,
): ResultRow[] {
  const name = nameOf(road.openLegs);
  const ns = joinNs + checkNs;
  return [
    atLeast(`naive Map of strings: join, order, checks, ${name}`, 1000 / ns, null, 'M legs/CPU-s'),
    atLeast(`naive bytes an open leg, ${name}`, bytesPerLeg, null, 'B'),
    atLeast(`typed tables: faster than naive, ${name}`, ns / typedNs(road.total), null, '×'),
  ];
}

/** The median over rounds: each compares what ran one after the other. */
function ratioRow(roads: readonly RoadRun[]): ResultRow {
  const [small, large] = [roads[0] as RoadRun, roads.at(-1) as RoadRun];
  const ratios = large.nsOfRounds.map((ns, round) => ns / (small.nsOfRounds[round] ?? ns));
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 0;
  const name = `typed tables: cost a leg, ${nameOf(large.openLegs)} over ${nameOf(small.openLegs)}`;
  return atMost(name, median, 1.5, '×');
}

function toldNs(told: Stages): number {
  return typedNs(told) + ((told.evidenceS + told.pathS) / told.legs) * 1e9;
}

function stagesOf(stages: Stages): Record<string, number> {
  const ns = (seconds: number) => Math.round((seconds / stages.legs) * 1e9);
  return {
    joinNs: ns(stages.joinS),
    checkNs: ns(stages.checkS),
    forgetNs: ns(stages.forgetS),
    evidenceNs: ns(stages.evidenceS),
    reconstructNs: ns(stages.pathS),
  };
}

function atLeast(name: string, value: number, goal: number | null, unit: string): ResultRow {
  return { name, value: round(value), goal, unit, met: goal === null || value >= goal };
}

function atMost(name: string, value: number, goal: number, unit: string): ResultRow {
  return { name, value: round(value), goal, unit, met: value <= goal };
}

function nameOf(openLegs: number): string {
  return `${openLegs.toLocaleString('en')} open`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
