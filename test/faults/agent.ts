/** Agents with a spool, a collector with a log, a ClickHouse: one of them is killed or stopped, again and again. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../lab/commands/output.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { randomOf } from './random.ts';
import { NODES, type NodeName } from './records.ts';
import { killChild, type Rig, startRig, until } from './rig.ts';

const REQUESTS_PER_SECOND = 250;
const SETTLE_MS = 120_000;

export interface FaultOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Agents are spared. */
  readonly sparesAgents?: boolean;
}

export interface AgentPart {
  readonly node: NodeName;
  child: ChildProcess;
  /** Resolves once a signal ends it in order. */
  ready: Promise<void>;
}

/** Kills and stops at random; then lets everything settle and asks the oracle. */
export async function runFaults({
  rounds,
  seed,
  sparesAgents = false,
}: FaultOptions): Promise<{ rows: ResultRow[]; details: Record<string, unknown> }> {
  const rig = await startRig({
    env: {
      HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: '262144',
      // So that many a fault meets a count under way.
      HOPTRACE_COLLECTOR_ROLLUP_INTERVAL_MS: '200',
    },
  });
  const oracle = new Oracle();
  const random = randomOf(seed);
  const counts: Record<string, number> = {};
  try {
    const baseMs = Date.now();
    const startAgent = (node: NodeName) => spawnAgent({ rig, oracle, baseMs }, node);
    const agents = NODES.map((node): AgentPart => ({ node, ...startAgent(node) }));
    for (let round = 0; round < rounds; round++) {
      await sleep(100 + random(500));
      const what = await hurt(rig, { agents: sparesAgents ? [] : agents, startAgent, random });
      counts[what] = (counts[what] ?? 0) + 1;
    }
    await sleep(500);
    await Promise.all(agents.map(endAgent));
    await until(async () => (await oracle.missing(rig.store)).length === 0, SETTLE_MS);
    const verdict = await settledVerdict(oracle, rig);
    return { rows: verdictRows(verdict, rounds), details: { seed, faults: counts, ...verdict } };
  } finally {
    await rig.close();
  }
}

export interface AgentParts {
  readonly rig: Rig;
  readonly oracle: Oracle;
  readonly baseMs: number;
}

export function spawnAgent(
  { rig, oracle, baseMs }: AgentParts,
  node: NodeName,
): Pick<AgentPart, 'child' | 'ready'> {
  const args = [
    node,
    join(rig.folder, `spool-${node}`),
    rig.collectorUrls.join(','),
    String(baseMs),
    String(REQUESTS_PER_SECOND),
  ];
  const child = rig.child(['test/faults/agentChild.ts', ...args], {});
  const { stdout } = child;
  const ready = new Promise<void>((resolve) => {
    child.once('exit', resolve);
    if (stdout === null) return;
    createInterface({ input: stdout }).on('line', (line) => {
      if (line === 'ready') return resolve();
      const [bootId = '', firstSeq, count] = line.split(' ');
      if (bootId === 'dropped') throw new Error(`the spool dropped a batch: ${line}`);
      oracle.acknowledge(node, bootId, Number(firstSeq), Number(count));
    });
  });
  return { child, ready };
}

export async function endAgent({ child, ready }: AgentPart): Promise<void> {
  // A process that has just been started would simply die of it, and leave its spool.
  await ready;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

interface Victims {
  readonly agents: readonly AgentPart[];
  readonly startAgent: (node: NodeName) => Pick<AgentPart, 'child' | 'ready'>;
  readonly random: (below: number) => number;
}

async function hurt(rig: Rig, { agents, startAgent, random }: Victims): Promise<string> {
  const parts = [rig.collector, rig.clickhouse];
  const choice = random(parts.length + agents.length);
  const agent = agents[choice - parts.length];
  const isStop = random(3) === 0;
  if (agent !== undefined) {
    if (isStop) return stopAWhile(agent.child.pid ?? 0, random(600), 'agent');
    await killChild(agent.child);
    Object.assign(agent, startAgent(agent.node));
    return 'kill agent';
  }
  const part = parts[choice] ?? rig.collector;
  if (isStop) return stopAWhile(part.pid(), random(600), part.name);
  await part.kill();
  await sleep(random(400));
  await part.start();
  return `kill ${part.name}`;
}

async function stopAWhile(pid: number, ms: number, name: string): Promise<string> {
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
  return `stop ${name}`;
}

/** Paths follow the records by a few seconds: asks until nothing changes for the better. */
export async function settledVerdict(oracle: Oracle, { store }: Rig): Promise<Verdict> {
  let verdict = await oracle.judge(store);
  await until(async () => {
    verdict = await oracle.judge(store);
    const { missingPaths, halfPaths, duplicatePaths } = verdict;
    const { overcountedMinutes, undercountedMinutes } = verdict;
    return (
      missingPaths + halfPaths + duplicatePaths + overcountedMinutes + undercountedMinutes === 0
    );
  }, SETTLE_MS);
  return verdict;
}

export function verdictRows(verdict: Verdict, rounds: number): ResultRow[] {
  const none = (name: string, value: number): ResultRow => ({
    name,
    value,
    goal: 0,
    unit: '',
    met: value === 0,
  });
  return [
    { name: 'faults', value: rounds, goal: null, unit: 'kills and stops', met: true },
    {
      name: 'records acknowledged',
      value: verdict.acknowledged,
      goal: null,
      unit: 'records',
      met: verdict.acknowledged > 0,
    },
    none('acknowledged records lost', verdict.lost),
    none('duplicate rows', verdict.duplicateRows),
    none('duplicate paths', verdict.duplicatePaths),
    none('connections without a path', verdict.missingPaths),
    none('paths that lack one node', verdict.halfPaths),
    none('minutes whose roll-up counts too much', verdict.overcountedMinutes),
    none('minutes whose roll-up counts too little', verdict.undercountedMinutes),
  ];
}
