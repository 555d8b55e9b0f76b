/**
 * The whole road for a while: wire, log, raw rows, stitching, paths, roll-ups, merges. Collector and ClickHouse are
 * processes as `npm start` makes them; the generator runs on the same machine and its CPU is not counted.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@hoptrace/store/client.ts';
import { z } from 'zod';
import { type Rig, startRig, until } from '../faults/rig.ts';
import { atLeastRow, atMostRow, type Bench, infoRow } from './rows.ts';

const TICKS_PER_SECOND = 100;
const SETTLE_MS = 90_000;
const POLL_MS = 100;
/** Batches: each question costs ClickHouse time that is counted. */
const PROBE_EVERY = 3;
/** What is not found by then is counted with this time. */
const PROBE_LIMIT_MS = 60_000;

const lineSchema = z.union([
  z.object({ startUs: z.number(), overMs: z.number() }),
  z.object({
    ...{ sent: z.number(), stored: z.number(), legs: z.number() },
    ...{ sendSeconds: z.number(), lagP99Ms: z.number().nullable() },
  }),
]);
type End = Extract<z.infer<typeof lineSchema>, { sent: number }>;

export interface SoakOptions {
  readonly seconds: number;
  readonly requestsPerSecond: number;
}

export async function benchSoak(options: SoakOptions): Promise<Bench> {
  const rig = await startRig();
  try {
    // What the compiler has not seen yet is not the road's cost.
    await runLoad(rig, { ...options, seconds: 3 });
    await settle(rig.store);
    process.stderr.write('bench: warm\n');
    await rig.store.command('TRUNCATE TABLE legs_v1');
    const pathsBefore = await countOf(rig.store, 'paths_v1 FINAL');
    const before = cpuOf(rig);
    const { end, delaysMs } = await runLoad(rig, options);
    process.stderr.write('bench: all sent\n');
    await settle(rig.store);
    const after = cpuOf(rig);
    const legsStored = await countOf(rig.store, 'legs_v1');
    const paths = (await countOf(rig.store, 'paths_v1 FINAL')) - pathsBefore;
    const used = {
      collector: after.collector - before.collector,
      engine: after.engine - before.engine,
    };
    const perMillion = (used.collector + used.engine) / (end.legs / 1e6);
    return {
      rows: [
        atLeastRow('legs a second, sustained', end.legs / end.sendSeconds, 300_000, 'legs/s'),
        atMostRow('CPU, wire to merged parts', perMillion, 2.5, 'CPU-s/M legs'),
        infoRow('of that the collector', used.collector / (end.legs / 1e6), 'CPU-s/M legs'),
        infoRow('of that ClickHouse', used.engine / (end.legs / 1e6), 'CPU-s/M legs'),
        atMostRow('sent to stored, p99', (end.lagP99Ms ?? SETTLE_MS) / 1000, 5, 's'),
        atMostRow('observation to queryable path, p99', shareOf(delaysMs, 0.99) / 1000, 3, 's'),
        atMostRow('legs lost', end.legs - legsStored, 0, 'legs'),
        atMostRow('requests without a path, or with two', Math.abs(end.legs / 5 - paths), 0, ''),
        atMostRow('paths that the roll-ups lack, or have twice', await rollupGap(rig.store), 0, ''),
      ],
      details: {
        ...{ ...options, ...end, paths, probes: delaysMs.length, cpuSeconds: used },
        insertFailures: await failuresOf(rig),
      },
    };
  } finally {
    await rig.close();
  }
}

async function runLoad(
  rig: Rig,
  { seconds, requestsPerSecond }: SoakOptions,
): Promise<{ end: End; delaysMs: number[] }> {
  const args = [rig.collectorUrl, String(requestsPerSecond), String(seconds)];
  const child = rig.child(['test/bench/soakLoad.ts', ...args], {});
  const delays: Promise<number>[] = [];
  let end: End | null = null;
  let probes = 0;
  if (child.stdout === null) throw new Error('the generator has no output');
  for await (const text of createInterface({ input: child.stdout })) {
    const line = lineSchema.parse(JSON.parse(text));
    if ('sent' in line) end = line;
    else if (++probes % PROBE_EVERY === 0) delays.push(delayOf(rig.store, line));
  }
  if (end === null) throw new Error('the generator ended early');
  const delaysMs = await Promise.all(delays);
  return { end, delaysMs };
}

async function delayOf(store: Store, probe: { startUs: number; overMs: number }): Promise<number> {
  const sql = 'SELECT count() AS n FROM paths_v1 WHERE started_at_us = {us:UInt64}';
  for (const endMs = Date.now() + PROBE_LIMIT_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    const [row] = await store.select({ name: 'bench', sql, params: { us: probe.startUs } });
    if ((row as { n: string }).n !== '0') return Date.now() - probe.overMs;
  }
  return PROBE_LIMIT_MS;
}

/** Until paths stop coming, roll-ups have all of them, and nothing is merged any more. */
async function settle(store: Store): Promise<void> {
  let last = -1;
  await until(async () => {
    const paths = await countOf(store, 'paths_v1');
    const isStill = paths === last;
    last = paths;
    await sleep(1500);
    return (
      isStill && (await rollupGap(store)) === 0 && (await countOf(store, 'system.merges')) === 0
    );
  }, SETTLE_MS);
}

async function rollupGap(store: Store): Promise<number> {
  const [row] = await store.select({
    name: 'bench',
    sql: `SELECT abs(toInt64(sum(requests)) - toInt64((SELECT count() FROM paths_v1 FINAL))) AS gap FROM service_minutes_v1
          WHERE (start_s, run) IN (SELECT start_s, argMax(run, (generation, run)) FROM minute_runs_v1 GROUP BY start_s)`,
    params: {},
  });
  return Number((row as { gap: string }).gap);
}

async function countOf(store: Store, table: string): Promise<number> {
  const sql = `SELECT count() AS n FROM ${table}`;
  const [row] = await store.select({ name: 'bench', sql, params: {} });
  return Number((row as { n: string }).n);
}

/** Inserts that were tried again, by table. */
async function failuresOf({ collectorUrl }: Rig): Promise<Record<string, number>> {
  const answer = await fetch(`${collectorUrl.replace('ws', 'http')}/metrics`);
  const lines = (await answer.text()).matchAll(/insert_failures_total\{table="(\w+)"\} (\d+)/g);
  return Object.fromEntries([...lines].map(([, table = '', count]) => [table, Number(count)]));
}

/** User and system time of all threads, seconds. */
function cpuOf(rig: Rig): { collector: number; engine: number } {
  const of = (pid: number) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks; utime and stime are fields 14 and 15.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  };
  return { collector: of(rig.collector.pid()), engine: of(rig.clickhouse.pid()) };
}

function shareOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
