/** What a leg costs the naive join with as many legs open, and what an open leg weighs there. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LEGS_PER_REQUEST, makeBatches } from './batches.ts';
import { NaiveJoin } from './naive.ts';
import { cpuS } from './roadRun.ts';

const REQUESTS_PER_BATCH = 500;
const MEASURED_LEGS = 100_000;

export interface NaiveCost {
  readonly joinNs: number;
  readonly checkNs: number;
  readonly bytesPerLeg: number;
}

/** Joining the last 100,000 legs, and checking as many: it forgets nothing, which is in its favour. */
export function measureNaive(openLegs: number): NaiveCost {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const join = new NaiveJoin();
  const add = (from: number) => {
    const batches = makeBatches(from, REQUESTS_PER_BATCH, 'legs');
    return cpuS(() => {
      for (const batch of batches) join.add(batch);
    });
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  let requests = 0;
  let joinS = 0;
  let measured = 0;
  for (; requests * LEGS_PER_REQUEST < openLegs; requests += REQUESTS_PER_BATCH) {
    const seconds = add(requests);
    if (requests * LEGS_PER_REQUEST < openLegs - MEASURED_LEGS) continue;
    joinS += seconds;
    measured += REQUESTS_PER_BATCH * LEGS_PER_REQUEST;
  }
  collect();
  const bytesPerLeg = (process.memoryUsage().heapUsed - before) / (requests * LEGS_PER_REQUEST);
  let checked = 0;
  const checkS = cpuS(() => {
    checked = join.inspect(MEASURED_LEGS);
  });
  return {
    joinNs: (joinS / measured) * 1e9,
    checkNs: (checkS / checked) * 1e9,
    bytesPerLeg,
  };
}
