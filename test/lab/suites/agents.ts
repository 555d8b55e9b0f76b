/** Agents as a node runs them: the bundled program in a process of its own, with its loader, for one node's namespaces. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LabError } from '../errors.ts';
import type { Lab } from '../lab.ts';
import { isAlive, type ProcessIdentity, startDaemon } from '../processes.ts';
import type { Receiver } from './receiver.ts';

const AGENT = fileURLToPath(new URL('../../../agent/build/hoptrace-agent', import.meta.url));
const LOADER = fileURLToPath(new URL('../../../agent/build/hoptrace-loader', import.meta.url));
/** The agent itself stays in this process's namespace: it reaches the receiver on loopback. */
const OWN_NAMESPACE = '/proc/self/ns/net';
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 100;
/** Between them they cross node1, node2 and node3. */
const PROBES = ['cross-node-cluster', 'delayed-app'];

export interface Agents {
  /** Sends what is left, then ends. */
  stop(): Promise<void>;
}

/** Resolves once legs of every one of these nodes arrive. The lab's `down` ends agents that were not stopped. */
export async function startAgents(
  lab: Lab,
  nodes: readonly string[],
  receiver: Receiver,
): Promise<Agents> {
  if (!existsSync(AGENT) || !existsSync(LOADER)) {
    throw new LabError('the agent is not built', 'npm run agent:build builds it.');
  }
  const started = await Promise.all(nodes.map((node) => startAgent(lab, node, receiver.url)));
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (!nodes.every((node) => receiver.heardOf.has(node))) {
    if (Date.now() > deadlineMs) {
      const silent = nodes.filter((node) => !receiver.heardOf.has(node)).join(', ');
      throw new LabError(`no record from the agent of ${silent}`, `See ${lab.folder}/logs.`);
    }
    await lab.traffic({ scenarios: PROBES, requests: 1 });
    await sleep(POLL_MS);
  }
  return {
    stop: async () => {
      await Promise.all(started.map(stopAgent));
    },
  };
}

async function startAgent(lab: Lab, node: string, url: string): Promise<ProcessIdentity> {
  const own = lab.namespaces.filter((each) => each.node === node);
  const host = own.find((each) => each.role === 'node');
  const environment = {
    HOPTRACE_AGENT_LOADER_PATH: LOADER,
    HOPTRACE_AGENT_COLLECTOR_URL: url,
    HOPTRACE_AGENT_NODE: node,
    HOPTRACE_AGENT_CLUSTER: 'lab',
    HOPTRACE_AGENT_CLUSTER_SECRET: '00112233445566778899aabbccddeeff',
    HOPTRACE_AGENT_HOST_NETNS: host?.path ?? '',
    HOPTRACE_AGENT_NETNS: own.map((each) => `${each.name}=${each.path}`).join(','),
  };
  return startDaemon(lab.folder, {
    name: `agent-${node}`,
    namespacePath: OWN_NAMESPACE,
    program: 'env',
    args: [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), AGENT],
    readyText: 'connected to collector',
  });
}

async function stopAgent(identity: ProcessIdentity): Promise<void> {
  if (isAlive(identity)) process.kill(identity.pid, 'SIGTERM');
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(identity) && Date.now() < deadlineMs) await sleep(POLL_MS);
}
