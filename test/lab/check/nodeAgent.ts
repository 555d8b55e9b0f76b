/** One agent as a node of the lab would run it: its own loader, that node's namespaces and no others. */
import { join } from 'node:path';
import { buildAgent, liveDeps } from '@hoptrace/agent/app.ts';
import { type AgentConfig, readAgentConfig } from '@hoptrace/agent/config.ts';
import { jsonLog } from '@hoptrace/agent/log.ts';
import type { Lifecycle } from '../../../cli/src/up/lifecycle.ts';
import { LabError } from '../errors.ts';
import type { Lab } from '../lab.ts';
import type { LabNamespace } from '../names.ts';

export interface NodeAgentOptions {
  readonly lab: Lab;
  readonly node: LabNamespace;
  readonly secret: string;
  readonly collectorUrl: string;
  readonly recordFolder: string | null;
  /** More HOPTRACE_AGENT_… settings. */
  readonly agentEnv?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/** The settings of that node's agent: its own namespaces, the lab's cluster name. */
export function nodeAgentConfig({
  lab,
  node,
  secret,
  collectorUrl,
  recordFolder,
  agentEnv = {},
}: NodeAgentOptions): AgentConfig {
  const name = node.node ?? node.role;
  const own = lab.namespaces.filter((each) => each === node || each.node === name);
  const recordFile =
    recordFolder === null
      ? {}
      : { HOPTRACE_AGENT_RECORD_FILE: join(recordFolder, `${name}.frames.gz`) };
  return readAgentConfig(
    {
      HOPTRACE_AGENT_COLLECTOR_URL: collectorUrl.replace(/^http/, 'ws'),
      HOPTRACE_AGENT_NODE: name,
      HOPTRACE_AGENT_CLUSTER: 'lab',
      HOPTRACE_AGENT_CLUSTER_SECRET: secret,
      HOPTRACE_AGENT_HOST_NETNS: node.path,
      HOPTRACE_AGENT_NETNS: own.map((each) => `${each.name}=${each.path}`).join(','),
      ...recordFile,
      ...agentEnv,
    },
    name,
  );
}

/** Resolves once its loader watches. */
export async function startNodeAgent(
  options: NodeAgentOptions,
  lifecycle: Lifecycle,
): Promise<void> {
  const config = nodeAgentConfig(options);
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  const agent = buildAgent(config, { ...liveDeps(config, log), log });
  lifecycle.add(`agent of ${config.node}`, () => agent.close());
  agent.start();
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (agent.hello() === null) {
    if (Date.now() > deadlineMs) {
      throw new LabError(
        `the agent of ${config.node} did not start`,
        'See what it said above; npm run agent:build builds its loader.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
