/**
 * What the topology's index costs: memory at 100,000 Pods, 10,000 Services and a history of 1,000 changes a second,
 * the processor time of those changes, and look-ups of a Pod by address as of a time. CPU time of this process by
 * process.cpuUsage, memory by what the garbage collector leaves.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asOf } from '@hoptrace/domain/topology/asOf/asOfTopology.ts';
import { TopologyIndex } from '@hoptrace/domain/topology/asOf/topologyIndex.ts';
import type { Told } from '@hoptrace/domain/topology/asOf/version.ts';
import type { ResultRow } from '../../lab/commands/output.ts';
import { PODS, podIp, podKey, podObject, SERVICES, sliceObject, wholeCluster } from './cluster.ts';

import { slowestRecovery } from './recovery.ts';

const S = 1_000_000;
const T = 1_790_000_000 * S;
const CHANGES_PER_SECOND = 1000;
const SECONDS = 300;
/** As the collector's defaults. */
const LIMITS = { keepUs: 3600 * S, maxEnded: 300_000 };
const LOOK_UPS = 4_000_000;

const told = (atUs: number): Told => ({ atUs, earliestUs: atUs, source: 'watch', revision: '1' });

export async function benchTopology(): Promise<{
  rows: ResultRow[];
  details: Record<string, unknown>;
}> {
  const beforeMb = heapMb();
  const index = new TopologyIndex(LIMITS);
  const listS = cpuSeconds(() => {
    for (const object of wholeCluster()) index.put(object, told(T));
  });
  const listedMb = heapMb() - beforeMb;
  const births = new Uint16Array(PODS);
  const changesS = cpuSeconds(() => change(index, births));
  const changedMb = heapMb() - beforeMb;
  const { perSecond, found } = lookUp(index);
  const viewsPerSecond = readViews(index);
  const round = (value: number) => Math.round(value * 100) / 100;
  const changes = CHANGES_PER_SECOND * SECONDS;
  const recoveryS = await slowestRecovery();
  return {
    rows: [
      row('Pod of an address as of a time', round(perSecond / 1e6), 8, 'M look-ups/CPU-s', 'least'),
      row('memory with its history', Math.round(changedMb), 500, 'MB', 'most'),
      row('watch up to date again after 410, slowest of 10', round(recoveryS), 5, 's', 'most'),
      row('memory as first listed', Math.round(listedMb), null, 'MB', 'most'),
      row(
        'changes, checked and taken in',
        Math.round(changes / changesS),
        1000,
        'changes/CPU-s',
        'least',
      ),
      row('list, checked and taken in', round(listS), null, 'CPU-s', 'most'),
      row(
        'NodePort to Service with endpoints',
        Math.round(viewsPerSecond / 1000),
        null,
        'k look-ups/CPU-s',
        'least',
      ),
    ],
    details: {
      ...{ pods: PODS, services: SERVICES, changes, ended: index.endedCount, lookUps: LOOK_UPS },
      foundShare: found / LOOK_UPS,
    },
  };
}

/** A fifth of the changes replaces a Pod by one with the same address; the others flip readiness, of Pod and slice. */
function change(index: TopologyIndex, births: Uint16Array): void {
  for (let n = 0; n < CHANGES_PER_SECOND * SECONDS; n += 1) {
    const at = told(T + n * (S / CHANGES_PER_SECOND));
    const place = (n * 7919) % PODS;
    const birth = births[place] ?? 0;
    if (n % 10 === 0) {
      births[place] = birth + 1;
      index.remove(podKey(place, birth), at);
      index.put(podObject(place, birth + 1, true), at);
    } else if (n % 2 === 0) index.put(podObject(place, birth, n % 4 === 0), at);
    else index.put(sliceObject(place % SERVICES, n % 11), at);
    if (n % CHANGES_PER_SECOND === 0) index.forget(at.atUs);
  }
}

/** Half of the look-ups are of now, half of any time of the history. The texts are not the index's own. */
function lookUp(index: TopologyIndex): { perSecond: number; found: number } {
  const ips = Array.from({ length: PODS }, (_, n) =>
    Buffer.from(podIp((n * 7919) % PODS)).toString(),
  );
  const times = Float64Array.from({ length: 4096 }, (_, n) =>
    n % 2 === 0 ? T + SECONDS * S : T + ((n * 104_729) % (SECONDS * S)),
  );
  let found = 0;
  const run = (count: number) => {
    for (let n = 0; n < count; n += 1)
      if (index.podAt(ips[n % PODS] ?? '', times[n & 4095] ?? 0) !== undefined) found += 1;
  };
  run(200_000);
  found = 0;
  const seconds = cpuSeconds(() => run(LOOK_UPS));
  return { perSecond: LOOK_UPS / seconds, found };
}

function readViews(index: TopologyIndex): number {
  const count = 200_000;
  let endpoints = 0;
  const seconds = cpuSeconds(() => {
    for (let n = 0; n < count; n += 1) {
      // Traffic is of some Services at a time, and nearly of now.
      const topology = asOf(index, T + SECONDS * S - (n % 1000) * 1000);
      endpoints +=
        topology.serviceByNodePort.get(30_000 + ((n * 31) % 1000))?.endpoints.length ?? 0;
    }
  });
  if (endpoints === 0) throw new Error('no Service was found: nothing was measured');
  return count / seconds;
}

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function heapMb(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

function row(
  name: string,
  value: number,
  goal: number | null,
  unit: string,
  bound: 'least' | 'most',
): ResultRow {
  const isMet = goal === null || (bound === 'least' ? value >= goal : value <= goal);
  return { name, value, goal, unit, met: isMet };
}
