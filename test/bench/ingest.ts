/**
 * What the collector's road to the log costs: receive, check, log, fsync, acknowledge. The same process takes the
 * JSON route (NDJSON checked by zod, then the same log) right afterwards. `bytes alone` is what any road costs here:
 * the same bytes by TCP, a check sum, a write and an fdatasync for each batch, and nothing else. ClickHouse is away, so that nothing but
 * this road is measured; CPU time of the collector's process by process.cpuUsage.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCollector } from '@hoptrace/collector/app.ts';
import type { CollectorStore } from '@hoptrace/collector/collectorStore.ts';
import { readConfig } from '@hoptrace/collector/config.ts';
import { markAtOnce } from '@hoptrace/collector/gc.ts';
import type { ResultRow } from '../lab/commands/output.ts';
import { openFloor } from './ingestFloor.ts';

const LOAD = new URL('./ingestLoad.ts', import.meta.url).pathname;

interface Case {
  readonly name: string;
  readonly road: 'ws' | 'post' | 'ndjson' | 'floor';
  readonly perBatch: number;
  readonly batches: number;
  readonly goal: number | null;
}

const CASES: readonly Case[] = [
  { name: 'WebSocket, 10k batches', road: 'ws', perBatch: 10_000, batches: 100, goal: 5 },
  { name: 'WebSocket, 1k batches', road: 'ws', perBatch: 1000, batches: 1000, goal: 1.5 },
  { name: 'POST, 10k batches', road: 'post', perBatch: 10_000, batches: 100, goal: null },
  { name: 'POST, 1k batches', road: 'post', perBatch: 1000, batches: 1000, goal: null },
  { name: 'bytes alone, 10k batches', road: 'floor', perBatch: 10_000, batches: 100, goal: null },
  { name: 'JSON and zod, 1k batches', road: 'ndjson', perBatch: 1000, batches: 60, goal: null },
];

export async function benchIngest(): Promise<{
  rows: ResultRow[];
  details: Record<string, unknown>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'hoptrace-bench-'));
  const env = {
    HOPTRACE_COLLECTOR_PORT: '0',
    HOPTRACE_COLLECTOR_DATA_DIR: folder,
    HOPTRACE_COLLECTOR_LOG_MAX_BYTES: String(8 * 1024 ** 3),
    HOPTRACE_COLLECTOR_MAX_QUEUED_RECORDS: '1',
    HOPTRACE_COLLECTOR_CLOSE_TIMEOUT_MS: '50',
    // The sender here is one node that sends more than any.
    HOPTRACE_COLLECTOR_NODE_RECORDS_PER_SECOND: '0',
    HOPTRACE_COLLECTOR_NODE_BYTES_PER_SECOND: '0',
    HOPTRACE_COLLECTOR_TENANT_RECORDS_PER_SECOND: '0',
    HOPTRACE_COLLECTOR_TENANT_BYTES_PER_SECOND: '0',
  };
  // As the collector's own process does.
  markAtOnce();
  const collector = buildCollector({ config: readConfig(env, () => ''), store: AWAY });
  const { url } = await collector.start();
  const floor = await openFloor(join(folder, 'floor'));
  try {
    const rates: Record<string, number> = {};
    const walls: Record<string, number> = {};
    // What the compiler has not seen yet is not the road's cost.
    const urlOf = (road: Case['road']) => (road === 'floor' ? floor.url : url);
    for (const road of ['ws', 'post', 'floor', 'ndjson'] as const)
      await measure(urlOf(road), { name: '', road, perBatch: 900, batches: 40, goal: null });
    for (const each of CASES) {
      const { perCpuSecond, perSecond } = await measure(urlOf(each.road), each);
      rates[each.name] = perCpuSecond / 1e6;
      walls[each.name] = Math.round(perSecond);
    }
    return { rows: rowsOf(rates), details: { recordsPerSecond: walls } };
  } finally {
    await floor.close();
    await collector.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(url: string, { road, perBatch, batches }: Case) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', LOAD, url, road, String(perBatch), String(batches)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const startMs = performance.now();
  const before = process.cpuUsage();
  const code = await exited;
  const { user, system } = process.cpuUsage(before);
  if (code !== 0) throw new Error(`the sender of ${road} ended with ${code}`);
  const records = perBatch * batches;
  const perCpuSecond = records / ((user + system) / 1e6);
  return { perCpuSecond, perSecond: (records * 1000) / (performance.now() - startMs) };
}

function rowsOf(rates: Readonly<Record<string, number>>): ResultRow[] {
  const round = (value: number) => Math.round(value * 100) / 100;
  const json = rates['JSON and zod, 1k batches'] ?? 0;
  const ratio = (rates['WebSocket, 10k batches'] ?? 0) / json;
  return [
    ...CASES.map(({ name, goal }): ResultRow => {
      const value = round(rates[name] ?? 0);
      return { name, value, goal, unit: 'M records/CPU-s', met: goal === null || value >= goal };
    }),
    {
      name: '10k batches beside JSON and zod',
      value: round(ratio),
      goal: 15,
      unit: 'times',
      met: ratio >= 15,
    },
  ];
}

const away = (): Promise<never> => Promise.reject(new Error('ClickHouse is away on purpose'));
const AWAY: CollectorStore = {
  insertRecords: away,
  insertPaths: away,
  insertHeartbeats: away,
  ping: away,
};
