/**
 * The clients of `bench api`, a process of their own: each has a connection, asks, reads the answer to its end, pauses,
 * and asks again. Says on stdout how long the answers took, from the question to the last byte.
 *
 *   apiLoad.ts PLAN (a LoadPlan as JSON)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import {
  type LoadPlan,
  type LoadResult,
  OPERATIONS,
  type Operation,
  type Pick,
} from './apiOperations.ts';

const WARM_MS = 2000;
const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const timesMs = new Map<string, number[]>(OPERATIONS.map(({ name }) => [name, []]));
const statuses: Record<string, number> = {};
const dice = OPERATIONS.flatMap((operation) => Array<Operation>(operation.weight).fill(operation));

/** A row of its own for each client, the same in each run. */
function pickOf(seed: number): Pick {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function runClient(pool: Pool, index: number, startMs: number): Promise<void> {
  const pick = pickOf(index + 1);
  const endMs = startMs + WARM_MS + plan.seconds * 1000;
  await sleep(pick(plan.pauseMs + 1));
  while (performance.now() < endMs) {
    const operation = dice[pick(dice.length)] as Operation;
    const askedMs = performance.now();
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: operation.path(plan, pick),
    });
    await body.arrayBuffer();
    const doneMs = performance.now();
    if (askedMs > startMs + WARM_MS) {
      timesMs.get(operation.name)?.push(doneMs - askedMs);
      statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
    }
    if (plan.pauseMs > 0) await sleep(plan.pauseMs / 2 + pick(plan.pauseMs));
  }
}

function timesOf(values: readonly number[]): LoadResult['all'] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

async function main(): Promise<void> {
  const pool = new Pool(plan.url, { connections: plan.clients, pipelining: 1 });
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: plan.clients }, (_, index) => runClient(pool, index, startMs)),
  );
  await pool.close();
  const all = [...timesMs.values()].flat();
  const good = statuses['200'] ?? 0;
  const result: LoadResult = {
    seconds: plan.seconds,
    all: timesOf(all),
    operations: Object.fromEntries([...timesMs].map(([name, values]) => [name, timesOf(values)])),
    failed: all.length - good,
    statuses,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await main();
