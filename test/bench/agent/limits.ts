/** Memory and CPU of a quiet agent, events lost at a high rate of connections, and what a SYN flood does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../../lab/commands/output.ts';
import type { Load } from './traffic.ts';
import type { Watcher } from './watch.ts';

const MIB = 1024 * 1024;
const IDLE_SECONDS = 8;
const SETTLE_MS = 2_000;
const CONNECTIONS_PER_SECOND = 5_000;
const FLOOD_SYNS_PER_SECOND = 50_000;
const LOAD_SECONDS = 4;
const RSS_GOAL_MIB = 90;

type Start = () => Promise<Watcher>;

export async function measureIdle(start: Start): Promise<ResultRow[]> {
  const watcher = await start();
  await sleep(SETTLE_MS);
  const before = watcher.usage();
  await sleep(IDLE_SECONDS * 1000);
  const after = watcher.usage();
  await watcher.stop();
  const used =
    after.cpuSeconds + after.loaderCpuSeconds - before.cpuSeconds - before.loaderCpuSeconds;
  const value = Math.round((used / IDLE_SECONDS) * 10_000) / 100;
  return [{ name: 'CPU, idle', value, goal: 1, unit: '% of a core', met: value <= 1 }];
}

export async function measureLoss(start: Start, load: Load): Promise<ResultRow[]> {
  const watcher = await start();
  const result = await load.connections(LOAD_SECONDS, CONNECTIONS_PER_SECOND);
  await sleep(SETTLE_MS);
  const metrics = await watcher.metrics();
  const usage = watcher.usage();
  await watcher.stop();
  const lost = metrics.ringLostTotal ?? 0;
  const reached = Math.round(result.served / result.seconds);
  const rss = Math.round((usage.rssBytes + usage.loaderRssBytes) / MIB);
  const loader = Math.round(usage.loaderRssBytes / MIB);
  return [
    { name: 'connections reached', value: reached, goal: null, unit: 'a second', met: true },
    { name: 'events lost at that rate', value: lost, goal: 0, unit: 'events', met: lost === 0 },
    {
      name: `memory after it (loader ${loader})`,
      value: rss,
      goal: RSS_GOAL_MIB,
      unit: 'MiB',
      met: rss <= RSS_GOAL_MIB,
    },
  ];
}

/** The flood meets a rule that drops it: each SYN is an attempt, each is freed with a reason. */
export async function measureFlood(start: Start, load: Load): Promise<ResultRow[]> {
  const watcher = await start();
  const flood = await load.flood(LOAD_SECONDS, FLOOD_SYNS_PER_SECOND);
  const usage = watcher.usage();
  await sleep(SETTLE_MS);
  const metrics = await watcher.metrics();
  await watcher.stop();
  const rss = Math.round((usage.rssBytes + usage.loaderRssBytes) / MIB);
  const counted = metrics.synsTotal ?? 0;
  const off = Math.abs(counted - flood.sent);
  return [
    {
      name: 'SYN flood reached',
      value: Math.round(flood.sent / flood.seconds),
      goal: null,
      unit: 'a second',
      met: true,
    },
    {
      name: `SYN flood: counted ${counted} of ${flood.sent}, off by`,
      value: off,
      goal: 0,
      unit: 'SYNs',
      met: off === 0,
    },
    {
      name: 'SYN flood: memory',
      value: rss,
      goal: 2 * RSS_GOAL_MIB,
      unit: 'MiB',
      met: rss <= 2 * RSS_GOAL_MIB,
    },
  ];
}
