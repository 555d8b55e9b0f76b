/**
 * A live road with so many legs open, and what a leg more costs it: each batch is joined, what is due is checked
 * (and told, if asked for), what is old is forgotten, so that the number of open legs stays.
 * CPU time by process.cpuUsage; making the batches is not counted.
 */
import { LiveRoad } from '@hoptrace/domain/live/liveRoad.ts';
import type { Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import { benchContext, LEGS_PER_REQUEST, makeBatches } from './batches.ts';

const REQUESTS_PER_BATCH = 500;
const QUIET_MS = 500;
const KEEP_MS = 30_000;
const HAND_PASSES = 50;
const OTHER_ROOM = 4_000_000;

export interface Stages {
  legs: number;
  joinS: number;
  checkS: number;
  forgetS: number;
  evidenceS: number;
  pathS: number;
  paths: number;
}

export function noStages(): Stages {
  return { legs: 0, joinS: 0, checkS: 0, forgetS: 0, evidenceS: 0, pathS: 0, paths: 0 };
}

/** Nanoseconds of CPU a leg for join, order, checks and forgetting. */
export function typedNs({ legs, joinS, checkS, forgetS }: Stages): number {
  return ((joinS + checkS + forgetS) / legs) * 1e9;
}

export function cpuS(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export class RoadRun {
  readonly openLegs: number;
  readonly total = noStages();
  /** Of every call of measure(), in their order. */
  readonly nsOfRounds: number[] = [];
  readonly #road: LiveRoad;
  readonly #makesPaths: boolean;
  readonly #requests: number;
  readonly #batchMs: number;
  readonly #handSteps: number;
  #from = 0;

  /** Fills the road and lets it forget for a while, so that every place was taken twice. */
  constructor(openLegs: number, makesPaths: boolean) {
    this.openLegs = openLegs;
    this.#makesPaths = makesPaths;
    const openRequests = Math.ceil(openLegs / LEGS_PER_REQUEST);
    // Few legs open: smaller batches, or the one in hand would be a large part of them.
    this.#requests = Math.min(REQUESTS_PER_BATCH, Math.ceil(openRequests / 100));
    const batchesOpen = Math.ceil(openRequests / this.#requests);
    this.#batchMs = KEEP_MS / batchesOpen;
    // What is old is found once a pass of the hand: so much room is needed beside what is young.
    const room = 1 + 1 / HAND_PASSES + 4 / batchesOpen;
    const maxConnections = Math.ceil(openRequests * 2 * room);
    this.#handSteps = Math.ceil((maxConnections * HAND_PASSES) / batchesOpen);
    this.#road = new LiveRoad({
      maxLegs: Math.ceil(openLegs * room),
      maxConnections,
      maxOtherRecords: OTHER_ROOM,
      quietMs: QUIET_MS,
      maxDelayMs: QUIET_MS * 4,
      keepMs: KEEP_MS,
    });
    const warm = Math.ceil(openRequests * 1.05) + 10_000;
    while (this.#from < warm) this.#step();
  }

  /** Bytes of the typed tables over the legs open in them. */
  get bytesPerLeg(): number {
    return this.#road.table.byteLength / this.#road.table.openLegs;
  }

  measure(legs: number): void {
    const round = noStages();
    while (round.legs < legs) addTo(round, this.#step());
    addTo(this.total, round);
    this.nsOfRounds.push(typedNs(round));
    const { counts, keys } = this.#road.table;
    if (counts.full + counts.evictedConnections + keys.refused > 0)
      throw new Error(`the table was too small: ${JSON.stringify(counts)}, ${keys.refused} keys`);
  }

  #step(): Stages {
    const road = this.#road;
    const nowMs = Math.floor((this.#from / this.#requests) * this.#batchMs);
    const batches = makeBatches(this.#from, this.#requests, this.#makesPaths ? 'links' : 'legs');
    this.#from += this.#requests;
    const stages = { ...noStages(), legs: this.#requests * LEGS_PER_REQUEST };
    let roots: number[] = [];
    stages.joinS = cpuS(() => {
      for (const { bytes, offset, node } of batches)
        road.addRecords(bytes, offset, { cluster: 'test', node, bootId: 'boot-1' }, nowMs);
    });
    stages.checkS = cpuS(() => {
      roots = road.takeDueRoots(nowMs, Number.MAX_SAFE_INTEGER);
      for (const root of roots) road.verdictOf(root);
    });
    if (this.#makesPaths) this.#tell(roots, stages);
    stages.forgetS = cpuS(() => {
      road.expire(nowMs, this.#handSteps);
    });
    return stages;
  }

  #tell(roots: readonly number[], stages: Stages): void {
    let evidence: Evidence[] = [];
    stages.evidenceS = cpuS(() => {
      evidence = roots.map((root) => this.#road.evidenceOf(root));
    });
    stages.pathS = cpuS(() => {
      for (const each of evidence) stages.paths += reconstruct(each, benchContext).length;
    });
  }
}

function addTo(sum: Stages, one: Stages): void {
  for (const key of Object.keys(one) as (keyof Stages)[]) sum[key] += one[key];
}
