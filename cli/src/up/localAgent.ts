/** The agent of this machine, where it can run; where it cannot, `up` says why and goes on without it. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { checkHost } from '@hoptrace/agent/check.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { startAgent } from '@hoptrace/agent/run.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Progress } from './progress.ts';
import { quietLog } from './quietLog.ts';

export interface SourceDeps {
  readonly lifecycle: Lifecycle;
  readonly progress: Progress;
  readonly collectorUrl: string;
}

export async function startLocalAgent(env: NodeJS.ProcessEnv, deps: SourceDeps): Promise<void> {
  const { lifecycle, progress, collectorUrl } = deps;
  const config = {
    ...readAgentConfig(withSpool(env), hostname()),
    collectorUrl: collectorUrl.replace(/^http/, 'ws'),
    // One node alone has nobody to share a secret with.
    isSecretRandom: false,
  };
  const report = await progress.step('agent: what can this host see', () => checkHost(config));
  if (!report.ok) {
    progress.say('  no local agent: this host cannot be watched');
    for (const each of report.checks) {
      if (!each.ok)
        progress.say(
          `    ${each.name}: ${each.detail}${each.remedy === null ? '' : ` → ${each.remedy}`}`,
        );
    }
    progress.say('  agents on other nodes can send here; recorded requests: npm start -- --demo');
    return;
  }
  const agent = await startAgent(config, quietLog());
  lifecycle.add('agent', () => agent.close());
  progress.say(`  agent watches ${config.node}`);
}

/** What this agent could not send is kept beside the rest of the data, over a restart of all of it. */
function withSpool(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { HOPTRACE_DATA_DIR: dataDir } = env;
  if (dataDir === undefined) return env;
  return { HOPTRACE_AGENT_SPOOL_DIR: join(dataDir, 'agent'), ...env };
}
