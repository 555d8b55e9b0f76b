/** Two collectors, agents that share their connections out among them; one of the two is killed, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../lab/commands/output.ts';
import { type AgentPart, endAgent, settledVerdict, spawnAgent, verdictRows } from './agent.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { randomOf } from './random.ts';
import { NODES } from './records.ts';
import { type Rig, startRig, until } from './rig.ts';

const SETTLE_MS = 120_000;
/** Above what agents wait before another takes over (agentChild.ts), and below. */
const LONG_MS = 3000;
const SHORT_MS = 300;
/** Told by one row of their own. */
const PARTED = ['duplicate paths', 'paths that lack one node'];

export async function runCollectors(
  rounds: number,
  seed: number,
): Promise<{ rows: ResultRow[]; details: Record<string, unknown> }> {
  const env = { HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: '262144' };
  const rig = await startRig({ env, collectors: 2 });
  const oracle = new Oracle();
  const random = randomOf(seed);
  const counts = { short: 0, long: 0 };
  try {
    const baseMs = Date.now();
    const agents = NODES.map((node): AgentPart => {
      return { node, ...spawnAgent({ rig, oracle, baseMs }, node) };
    });
    await Promise.all(agents.map(({ node }) => until(async () => oracle.has(node), 60_000)));
    for (let round = 0; round < rounds; round++) {
      const isLong = random(2) === 0;
      counts[isLong ? 'long' : 'short'] += 1;
      await killOne(rig, random(2), isLong ? LONG_MS : SHORT_MS);
      await sleep(random(1000));
    }
    await Promise.all(agents.map(endAgent));
    await until(async () => (await oracle.missing(rig.store)).length === 0, SETTLE_MS);
    const verdict = await settledVerdict(oracle, rig);
    const shares = await sharesOf(rig);
    return {
      rows: [
        ...verdictRows(verdict, rounds).filter(({ name }) => !PARTED.includes(name)),
        partedRow(verdict),
        {
          name: 'least share of one collector',
          value: Math.round(Math.min(...shares) * 100),
          goal: 20,
          unit: '% of records',
          met: Math.min(...shares) >= 0.2,
        },
      ],
      details: { seed, away: counts, ...verdict },
    };
  } finally {
    await rig.close();
  }
}

/** While owners change, the legs of one connection may come to both collectors: each makes a path of what it has. */
function partedRow({ acknowledged, duplicatePaths, halfPaths }: Verdict): ResultRow {
  const connections = acknowledged / NODES.length;
  const percent = (Math.max(duplicatePaths, halfPaths) / connections) * 100;
  return {
    name: 'connections parted while owners changed',
    value: Math.round(percent * 100) / 100,
    goal: 0.01,
    unit: '% of them',
    met: percent <= 0.01,
  };
}

async function killOne({ collectors }: Rig, index: number, awayMs: number): Promise<void> {
  const part = collectors[index];
  if (part === undefined) return;
  await part.kill();
  await sleep(awayMs);
  await part.start();
}

/** By the range that each agent numbers a collector's records in (agent/src/send/fleet.ts). */
async function sharesOf({ store }: Rig): Promise<number[]> {
  const rows = await store.select({
    name: 'faults',
    sql: 'SELECT toString(count()) AS n FROM legs_v1 GROUP BY intDiv(seq - 1, 1099511627776)',
    params: {},
  });
  const counts = rows.map((row) => Number(Reflect.get(Object(row), 'n')));
  const total = counts.reduce((sum, n) => sum + n, 0);
  return counts.map((n) => n / total);
}
