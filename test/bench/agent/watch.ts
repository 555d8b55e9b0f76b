/** Starts and stops what watches the lab during a window: nothing, empty programs, one agent, or one for each node. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AGENT_NODE_ENVIRONMENT, AGENT_NODE_FLAGS, bundle } from '../../../scripts/bundleAgent.ts';
import type { LabNamespace } from '../../lab/names.ts';
import { cpuSeconds, rssBytes } from './usage.ts';

const LOADER = fileURLToPath(new URL('../../../agent/build/hoptrace-loader', import.meta.url));
const AGENT_BUNDLE = fileURLToPath(new URL('../build/agentProcess.mjs', import.meta.url));
const READY_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 5_000;

const answerSchema = z.object({
  metrics: z.record(z.string(), z.number()),
  memory: z.object({ rss: z.number(), heapUsed: z.number() }),
});

/** What a process and its loader used since they began. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly loaderCpuSeconds: number;
  readonly rssBytes: number;
  readonly loaderRssBytes: number;
}

export interface Watcher {
  usage(): Usage;
  /** The agents' counters, summed; empty where no agent runs. */
  metrics(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

export const NOTHING: Watcher = {
  usage: () => ({ cpuSeconds: 0, loaderCpuSeconds: 0, rssBytes: 0, loaderRssBytes: 0 }),
  metrics: async () => ({}),
  stop: async () => {},
};

/** The namespaces of a node and its Pods; without a node those of all nodes, as if they were one machine. */
export function watchedNamespaces(all: readonly LabNamespace[], node?: string): LabNamespace[] {
  const isMachine = (each: LabNamespace) => each.role === 'node' || each.role === 'pod';
  return all.filter((each) => isMachine(each) && (node === undefined || each.node === node));
}

/** The loader with programs that do nothing, on the same hooks. */
export async function startEmpty(
  object: string,
  namespaces: readonly LabNamespace[],
): Promise<Watcher> {
  const child = spawn(
    LOADER,
    [
      ...['--object', object, '--proxy-header', '--proxy-links', '--exchanges', 'first', '--json'],
      ...namespaces.flatMap((each) => ['--netns', each.path]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('close', (code) => reject(new Error(`the loader ended with ${code}`)));
  });
  child.stdout.resume();
  return { ...NOTHING, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

export interface AgentOptions {
  readonly collectorPort: number;
  readonly namespaces: readonly LabNamespace[];
  readonly hasProxyLinks: boolean;
  readonly exchanges: 'off' | 'connections';
}

/** Call before startAgent. */
export function buildAgentProcess(): Promise<void> {
  return bundle('test/bench/agent/agentProcess.ts', AGENT_BUNDLE);
}

/** One agent process with its loader, as the product runs it. Resolves once it watches and is connected. */
export async function startAgent(options: AgentOptions): Promise<Watcher> {
  const { namespaces } = options;
  const host = namespaces.find((each) => each.role === 'node');
  const child = fork(AGENT_BUNDLE, {
    execArgv: [...AGENT_NODE_FLAGS],
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    env: {
      ...process.env,
      ...AGENT_NODE_ENVIRONMENT,
      HOPTRACE_AGENT_LOADER_PATH: LOADER,
      HOPTRACE_AGENT_COLLECTOR_URL: `ws://127.0.0.1:${options.collectorPort}`,
      HOPTRACE_AGENT_NODE: host?.node,
      HOPTRACE_AGENT_CLUSTER: 'bench',
      HOPTRACE_AGENT_CLUSTER_SECRET: '00112233445566778899aabbccddeeff',
      HOPTRACE_AGENT_HOST_NETNS: host?.path,
      HOPTRACE_AGENT_NETNS: namespaces.map((each) => `${each.name}=${each.path}`).join(','),
      HOPTRACE_AGENT_EXCHANGES: options.exchanges,
      HOPTRACE_AGENT_PROXY_LINKS: options.hasProxyLinks ? 'on' : 'off',
    },
  });
  await message(child, READY_TIMEOUT_MS);
  const pid = child.pid ?? 0;
  const loaderPid = childrenOf(pid).find((each) => commandOf(each).includes('hoptrace-loader'));
  return {
    usage: () => ({
      cpuSeconds: cpuSeconds(pid),
      loaderCpuSeconds: cpuSeconds(loaderPid ?? 0),
      rssBytes: rssBytes(pid),
      loaderRssBytes: rssBytes(loaderPid ?? 0),
    }),
    metrics: async () => {
      child.send({ ask: 'metrics' });
      return answerSchema.parse(await message(child, ANSWER_TIMEOUT_MS)).metrics;
    },
    stop: () => ended(child, () => child.disconnect()),
  };
}

/** Several watchers as one. */
export function together(watchers: readonly Watcher[]): Watcher {
  const add = (a: Record<string, number>, b: Record<string, number>) =>
    Object.fromEntries(
      Object.keys({ ...a, ...b }).map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]),
    );
  return {
    usage: () => watchers.map((each) => each.usage()).reduce(addUsage),
    metrics: async () => (await Promise.all(watchers.map((each) => each.metrics()))).reduce(add),
    stop: async () => {
      await Promise.all(watchers.map((each) => each.stop()));
    },
  };
}

function addUsage(a: Usage, b: Usage): Usage {
  return {
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    loaderCpuSeconds: a.loaderCpuSeconds + b.loaderCpuSeconds,
    rssBytes: a.rssBytes + b.rssBytes,
    loaderRssBytes: a.loaderRssBytes + b.loaderRssBytes,
  };
}

function message(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the agent does not answer')), timeoutMs);
    child.once('message', (value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

async function ended(child: ChildProcess, stop: () => void): Promise<void> {
  const closed = new Promise((resolve) => child.once('exit', resolve));
  child.removeAllListeners('close');
  stop();
  await closed;
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}
