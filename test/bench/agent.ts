/**
 * What the agent costs: the whole three-node lab on this machine, a new connection for each request.
 *
 * One kernel is one node, and has one agent: here it watches the namespaces of all three lab nodes. Three agents on
 * one kernel (as `lab check` runs them) are measured beside it: each packet then passes three sets of programs.
 */

import { run } from '../lab/command.ts';
import type { ResultRow } from '../lab/commands/output.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { NODES } from '../lab/plan.ts';
import { buildEmptyObject, buildLoad } from './agent/build.ts';
import { measureFlood, measureIdle, measureLoss } from './agent/limits.ts';
import { median, type Ratio, ratioOf, runRounds, type Samples } from './agent/rounds.ts';
import { Load, type Sink, startSink } from './agent/traffic.ts';
import {
  buildAgentProcess,
  NOTHING,
  startAgent,
  startEmpty,
  together,
  type Watcher,
  watchedNamespaces,
} from './agent/watch.ts';

/** `cost`: throughput of requests. */
export const AGENT_PARTS = ['all', 'cost', 'bulk', 'idle', 'loss', 'flood'] as const;
export type AgentPart = (typeof AGENT_PARTS)[number];

export interface AgentBenchOptions {
  readonly rounds: number;
  /** Length of one window. */
  readonly seconds: number;
  readonly part: AgentPart;
}

const WARM_UP_SECONDS = 0.3;
const VARIANTS = ['off', 'empty', 'noLinks', 'noExchanges', 'agent', 'threeAgents'] as const;
/** What of the price is the hooks', what the rules' of proxies, what the exchanges'. */
const BULK_VARIANTS = ['off', 'empty', 'noLinks', 'noExchanges', 'agent'] as const;
type Variant = (typeof VARIANTS)[number];

interface Bench {
  readonly lab: Lab;
  readonly load: Load;
  readonly sink: Sink;
  readonly emptyObject: string;
}

/** CPU of agent and loader, and records, for each request of one variant. */
interface Cost {
  requests: number;
  labSeconds: number;
  agentSeconds: number;
  loaderSeconds: number;
  events: number;
  records: number;
  ringLost: number;
}

/** `rounds` times eleven windows, each with a start of its own; a minute of idling, and the loads of the rest. */
export async function benchAgent(options: AgentBenchOptions) {
  await run('bash', ['scripts/build-agent.sh'], { timeoutMs: 120_000 });
  const [program, emptyObject] = await Promise.all([
    buildLoad(),
    buildEmptyObject(),
    buildAgentProcess(),
  ]);
  const lab = await openLab({ backend: 'iptables', delayMs: 0 });
  const load = new Load(lab, program);
  const sink = await startSink();
  try {
    await load.prepare();
    return await measureAll({ lab, load, sink, emptyObject }, options);
  } finally {
    load.close();
    sink.close();
    await lab.down();
  }
}

async function measureAll(bench: Bench, options: AgentBenchOptions) {
  const isWanted = (part: AgentPart) => options.part === 'all' || options.part === part;
  const cost = isWanted('cost') ? await measureCost(bench, options) : { rows: [], details: {} };
  const begin = () => start(bench, 'agent');
  const limits = [
    ...(isWanted('bulk') ? await measureBulk(bench, options) : []),
    ...(isWanted('idle') ? await measureIdle(begin) : []),
    ...(isWanted('loss') ? await measureLoss(begin, bench.load) : []),
    ...(isWanted('flood') ? await measureFlood(begin, bench.load, bench.sink) : []),
  ];
  return { rows: [...cost.rows, ...limits], details: cost.details };
}

async function measureCost(bench: Bench, { rounds, seconds }: AgentBenchOptions) {
  const costs = new Map<Variant, Cost>();
  const cpu = new Map<string, number[]>();
  const requests = await runRounds(VARIANTS, rounds, async (variant) => {
    const { requestsPerSecond, requestsPerCpuSecond } = await measureRequests(
      bench,
      variant as Variant,
      seconds,
      costs,
    );
    cpu.set(variant, [...(cpu.get(variant) ?? []), requestsPerCpuSecond]);
    return requestsPerSecond;
  });
  const rows = ratioRows(requests, cpu);
  const details = {
    requestsPerSecond: Object.fromEntries(
      VARIANTS.map((v) => [v, round1(median(requests.get(v) ?? []))]),
    ),
    perRequest: Object.fromEntries(
      [...costs].map(([variant, cost]) => [variant, perRequest(cost)]),
    ),
    rounds,
    windowSeconds: seconds,
  };
  return { rows, details };
}

async function start({ lab, sink, emptyObject }: Bench, variant: Variant): Promise<Watcher> {
  const all = watchedNamespaces(lab.namespaces);
  const agent = (
    namespaces: typeof all,
    hasProxyLinks: boolean,
    exchanges: 'off' | 'connections' = 'connections',
  ) => startAgent({ collectorPort: sink.port, namespaces, hasProxyLinks, exchanges });
  switch (variant) {
    case 'off':
      return NOTHING;
    case 'empty':
      return startEmpty(emptyObject, all);
    case 'noLinks':
      return agent(all, false);
    case 'noExchanges':
      return agent(all, true, 'off');
    case 'agent':
      return agent(all, true);
    case 'threeAgents': {
      const nodes = NODES.map(({ name }) => watchedNamespaces(lab.namespaces, name));
      return together(await Promise.all(nodes.map((each) => agent(each, true))));
    }
  }
}

async function measureRequests(
  bench: Bench,
  variant: Variant,
  seconds: number,
  costs: Map<Variant, Cost>,
): Promise<{ requestsPerSecond: number; requestsPerCpuSecond: number }> {
  const watcher = await start(bench, variant);
  await bench.load.requests(WARM_UP_SECONDS);
  const labBefore = bench.load.cpuSeconds();
  const before = { usage: watcher.usage(), metrics: await watcher.metrics() };
  const result = await bench.load.requests(seconds);
  const after = { usage: watcher.usage(), metrics: await watcher.metrics() };
  const labSeconds = bench.load.cpuSeconds() - labBefore + result.cpuSeconds;
  await watcher.stop();
  if (result.failed > 0) process.stderr.write(`bench: ${variant}: ${result.failed} failed\n`);
  const grown = (name: string) => (after.metrics[name] ?? 0) - (before.metrics[name] ?? 0);
  const cost = costs.get(variant) ?? {
    ...{
      requests: 0,
      labSeconds: 0,
      agentSeconds: 0,
      loaderSeconds: 0,
      events: 0,
      records: 0,
      ringLost: 0,
    },
  };
  cost.requests += result.served;
  cost.agentSeconds += after.usage.cpuSeconds - before.usage.cpuSeconds;
  cost.loaderSeconds += after.usage.loaderCpuSeconds - before.usage.loaderCpuSeconds;
  cost.events += grown('framesTotal');
  cost.records += grown('recordsTotal');
  cost.ringLost += grown('ringLostTotal');
  costs.set(variant, cost);
  const watchSeconds =
    after.usage.cpuSeconds +
    after.usage.loaderCpuSeconds -
    before.usage.cpuSeconds -
    before.usage.loaderCpuSeconds;
  cost.labSeconds += labSeconds;
  return {
    requestsPerSecond: result.served / result.seconds,
    requestsPerCpuSecond: result.served / (labSeconds + watchSeconds),
  };
}

function perRequest(cost: Cost) {
  const each = (value: number) => round1(value / cost.requests);
  return {
    labUs: each(cost.labSeconds * 1e6),
    agentUs: each(cost.agentSeconds * 1e6),
    loaderUs: each(cost.loaderSeconds * 1e6),
    events: each(cost.events),
    records: each(cost.records),
    ringLost: each(cost.ringLost),
  };
}

/**
 * Throughput where the machine is the limit, and requests for each second of CPU used by servers, client, agent and
 * loader together: the same figure where nothing else runs, and the steadier one where other work disturbs.
 */
function ratioRows(requests: Samples, cpu: Samples): ResultRow[] {
  const names: Record<Exclude<Variant, 'off'>, [string, number | null]> = {
    empty: ['empty programs on the same hooks', null],
    noLinks: ['agent without proxy links', null],
    noExchanges: ['agent without exchanges', null],
    agent: ['agent with proxy links', 0.9],
    threeAgents: ['three agents on one kernel', null],
  };
  return Object.entries(names).flatMap(([variant, [name, goal]]) => [
    ratioRow(`throughput, ${name}`, ratioOf(requests, variant, 'off'), goal),
    ratioRow(`requests per CPU second, ${name}`, ratioOf(cpu, variant, 'off'), null),
  ]);
}

function ratioRow(name: string, ratio: Ratio, goal: number | null): ResultRow {
  const { median: value, low, high } = ratio;
  return {
    name: `${name} (95 %: ${low.toFixed(3)}–${high.toFixed(3)})`,
    value: round3(value),
    goal,
    unit: 'of without',
    met: goal === null || value >= goal,
  };
}

/** One stream between two machines, under each variant: what of the price is the hooks', what the agent's. */
async function measureBulk(bench: Bench, { rounds, seconds }: AgentBenchOptions) {
  const samples = await runRounds(BULK_VARIANTS, rounds, async (variant) => {
    const watcher = await start(bench, variant as Variant);
    const bytesPerSecond = await bench.load.bulk(seconds);
    await watcher.stop();
    return bytesPerSecond;
  });
  const row = (variant: string, of: string, goal: number | null) =>
    ratioRow(`bulk transfer, one TCP stream${of}`, ratioOf(samples, variant, 'off'), goal);
  return [
    row('empty', ', empty programs on the same hooks', null),
    row('noLinks', ', agent without proxy links', null),
    row('noExchanges', ', agent without exchanges', null),
    row('agent', '', 0.97),
  ];
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
