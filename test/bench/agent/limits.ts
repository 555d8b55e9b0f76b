/** Memory and CPU of a quiet agent, events lost at a high rate of connections, and what a SYN flood does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../../lab/commands/output.ts';
import type { Load, Sink } from './traffic.ts';
import type { Watcher } from './watch.ts';

const MIB = 1024 * 1024;
/** A whole minute: what an idle agent does now and then (looks at the node every 30 s) has its share. */
const IDLE_SECONDS = 60;
const SETTLE_MS = 2_000;
const CONNECTIONS_PER_SECOND = 5_000;
const FLOOD_SYNS_PER_SECOND = 50_000;
const LOAD_SECONDS = 4;
const FLOOD_SECONDS = 8;
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
  const percent = (seconds: number) => Math.round((seconds / IDLE_SECONDS) * 10_000) / 100;
  const loader = percent(after.loaderCpuSeconds - before.loaderCpuSeconds);
  const value = percent(used);
  return [
    { name: `CPU, idle (loader ${loader})`, value, goal: 1, unit: '% of a core', met: value <= 1 },
  ];
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

const SAMPLE_EVERY_MS = 250;
const JUDGED_MS = 6_000;

/** The flood meets a rule that drops it: each SYN is an attempt, each is freed with a reason. */
export async function measureFlood(start: Start, load: Load, sink: Sink): Promise<ResultRow[]> {
  const watcher = await start();
  let peak = { rssBytes: 0, loaderRssBytes: 0 };
  const sampler = setInterval(() => {
    const usage = watcher.usage();
    if (usage.rssBytes + usage.loaderRssBytes > peak.rssBytes + peak.loaderRssBytes) peak = usage;
  }, SAMPLE_EVERY_MS);
  const told = await sink.totals();
  const flood = await load.flood(FLOOD_SECONDS, FLOOD_SYNS_PER_SECOND);
  await sleep(JUDGED_MS);
  clearInterval(sampler);
  const metrics = await watcher.metrics();
  const refusals = (await sink.totals()).totals.refusals ?? 0;
  await watcher.stop();
  const mib = (bytes: number) => Math.round(bytes / MIB);
  const rss = mib(peak.rssBytes + peak.loaderRssBytes);
  const [syns, drops] = [metrics.synsTotal ?? 0, metrics.droppedSynsTotal ?? 0];
  const off = Math.abs(syns - flood.sent);
  const lost = metrics.ringLostTotal ?? 0;
  // An event that was lost may have been another's.
  const untold = Math.max(0, drops - (refusals - (told.totals.refusals ?? 0)) - lost);
  const row = (name: string, value: number, goal: number | null, unit: string): ResultRow => ({
    ...{ name, value, goal, unit },
    met: goal === null || value <= goal,
  });
  return [
    row('SYN flood reached', Math.round(flood.sent / flood.seconds), null, 'a second'),
    row(`SYN flood: counted ${syns} of ${flood.sent}, off by`, off, 0, 'SYNs'),
    row('SYN flood: events lost, and said', lost, null, 'events'),
    row(`SYN flood: of ${drops} drops without a refusal or a loss`, untold, 0, 'drops'),
    row('SYN flood: legs sampled away', metrics.shedLegsTotal ?? 0, null, 'legs'),
    row(
      `SYN flood: most memory (loader ${mib(peak.loaderRssBytes)})`,
      ...([rss, RSS_GOAL_MIB, 'MiB'] as const),
    ),
  ];
}
