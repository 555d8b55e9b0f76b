/**
 * The real product beside a lab: embedded ClickHouse, collector, API, and one agent for each node with its own
 * loader, watching that node's namespaces only. Everything on loopback ports that the kernel chose.
 */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAlertConfig } from '@hoptrace/api/alerts/config.ts';
import { readConfig as readApiConfig } from '@hoptrace/api/config.ts';
import { type Agent, agentListSchema } from '@hoptrace/api/responses.ts';
import { readConfig as readCollectorConfig } from '@hoptrace/collector/config.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema } from '@hoptrace/domain/rest/queries.ts';
import { readStoreConfig } from '@hoptrace/store/config.ts';
import { Lifecycle } from '../../../cli/src/up/lifecycle.ts';
import type { Progress } from '../../../cli/src/up/progress.ts';
import { startServices } from '../../../cli/src/up/services.ts';
import type { Lab } from '../lab.ts';
import { startNodeAgent } from './nodeAgent.ts';

export interface Stack {
  readonly apiUrl: string;
  readonly isBalancerWatched: boolean;
  /** Resolves once each agent has told what its node is. */
  agents(): Promise<Agent[]>;
  /** All paths that began at or after this time, oldest page first is not promised. */
  pathsSince(fromUs: number): Promise<Path[]>;
  /** Another state of the cluster: read within 2 s. */
  tellTopology(list: Lab['topology']): void;
  close(): Promise<void>;
}

export interface StackOptions {
  /** Where each node's frames are recorded; null: nowhere. */
  readonly recordFolder: string | null;
  /** An agent on the load balancer's machine too, as on an edge that people run themselves. */
  readonly watchBalancer?: boolean;
  /** More HOPTRACE_AGENT_… settings. */
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** An API server that the collector watches; absent: it reads the lab's topology from a file. */
  readonly kubernetesUrl?: string;
  /** The built page that the API serves; absent: that of `npm run build:web`. */
  readonly webRoot?: string;
  /** More HOPTRACE_ALERTS_… settings. */
  readonly alertEnv?: Readonly<Record<string, string>>;
}

/** However many requests a second a machine serves, each is timed: by default agents leave some out of very many. */
export const EVERY_REQUEST = { HOPTRACE_AGENT_EXCHANGES: 'all' };

const PAGE = 1000;
const REQUEST_TIMEOUT_MS = 20_000;
const FACTS_TIMEOUT_MS = 30_000;
const FACTS_POLL_MS = 200;
const SILENT: Progress = { say: () => {}, step: (_title, work) => work() };

/** Half a minute of set-up at most; throws with what failed, and leaves nothing running. */
export async function startStack(lab: Lab, options: StackOptions): Promise<Stack> {
  const lifecycle = new Lifecycle();
  const folder = mkdtempSync(join(tmpdir(), 'hoptrace-lab-stack-'));
  lifecycle.add('folder', async () => rmSync(folder, { recursive: true, force: true }));
  try {
    const topologyFile = join(folder, 'topology.json');
    writeFileSync(topologyFile, JSON.stringify(lab.topology));
    const services = await startServices(
      await servicesConfig(folder, sourceOf(topologyFile, options), options),
      {
        lifecycle,
        progress: SILENT,
        onStoreExit: (reason) => console.error(`lab: ${reason}`),
      },
    );
    const secret = '00112233445566778899aabbccddeeff';
    const nodes = lab.namespaces.filter(
      ({ role }) => role === 'node' || (role === 'lb' && options.watchBalancer === true),
    );
    await Promise.all(
      nodes.map((node) =>
        startNodeAgent(
          { lab, node, secret, collectorUrl: services.collectorUrl, ...options },
          lifecycle,
        ),
      ),
    );
    return {
      apiUrl: services.apiUrl,
      isBalancerWatched: options.watchBalancer === true,
      agents: () => knownAgents(services.apiUrl, nodes.length),
      pathsSince: (fromUs) => listAll(services.apiUrl, fromUs),
      tellTopology: (list) => {
        writeFileSync(`${topologyFile}.new`, JSON.stringify(list));
        renameSync(`${topologyFile}.new`, topologyFile);
      },
      close: async () => {
        const problems = await lifecycle.stop();
        if (problems.length > 0) throw new Error(`not stopped in order: ${problems.join('; ')}`);
      },
    };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

function sourceOf(file: string, { kubernetesUrl }: StackOptions): Record<string, string> {
  return kubernetesUrl === undefined
    ? { HOPTRACE_TOPOLOGY_FILE: file }
    : { HOPTRACE_KUBERNETES: kubernetesUrl, HOPTRACE_KUBERNETES_CLUSTER: 'lab' };
}

async function servicesConfig(
  folder: string,
  topologyEnv: Readonly<Record<string, string>>,
  { alertEnv = {}, webRoot }: StackOptions,
) {
  const env = {
    HOPTRACE_DATA_DIR: join(folder, 'data'),
    ...topologyEnv,
    HOPTRACE_COLLECTOR_PORT: '0',
    HOPTRACE_API_PORT: '0',
    HOPTRACE_COLLECTOR_LOG_LEVEL: 'warn',
    HOPTRACE_API_LOG_LEVEL: 'warn',
    ...(webRoot === undefined ? {} : { HOPTRACE_API_WEB_ROOT: webRoot }),
  };
  const none = () => '';
  const store = readStoreConfig(env);
  return {
    store: store.kind === 'embedded' ? { ...store, httpPort: await freePort() } : store,
    collector: readCollectorConfig(env, none),
    api: readApiConfig(env, none),
    alerts: readAlertConfig(alertEnv, (path) => readFileSync(path, 'utf8')),
  };
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(),
      );
    });
  });
}

async function knownAgents(apiUrl: string, count: number): Promise<Agent[]> {
  const deadlineMs = Date.now() + FACTS_TIMEOUT_MS;
  for (;;) {
    const url = new URL('/api/v1/agents', apiUrl);
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const { items } = agentListSchema.parse(await response.json());
    if (items.filter(({ facts }) => facts !== null).length === count) return items;
    if (Date.now() > deadlineMs)
      throw new Error(`not all told their facts: ${JSON.stringify(items)}`);
    await sleep(FACTS_POLL_MS);
  }
}

async function listAll(apiUrl: string, fromUs: number): Promise<Path[]> {
  const paths: Path[] = [];
  let cursor: string | null = null;
  // A cursor belongs to one range.
  const toUs = (Date.now() + 60_000) * 1000;
  do {
    const url = new URL('/api/v1/paths', apiUrl);
    url.searchParams.set('from', String(fromUs));
    url.searchParams.set('to', String(toUs));
    url.searchParams.set('limit', String(PAGE));
    if (cursor !== null) url.searchParams.set('cursor', cursor);
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (!response.ok)
      throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`);
    const page = pathListSchema.parse(await response.json());
    paths.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return paths;
}
