/** `hoptrace agent run` and `hoptrace agent check`. */
import { hostname } from 'node:os';
import { buildAgent, liveDeps } from '@hoptrace/agent/app.ts';
import { checkHost, checkText } from '@hoptrace/agent/check.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { jsonLog } from '@hoptrace/agent/log.ts';

/** Runs until SIGINT or SIGTERM; answers the exit code. */
export async function agentRun(env: NodeJS.ProcessEnv): Promise<number> {
  const config = readAgentConfig(env, hostname());
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  const agent = buildAgent(config, { ...liveDeps(config, log), log });
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  agent.start();
  log('info', 'agent runs', { node: config.node, cluster: config.cluster });
  await stopped;
  await agent.close();
  return 0;
}

/** Answers 0 where connections can be watched, else 1. */
export async function agentCheck(
  { json }: { json: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const report = await checkHost(readAgentConfig(env, hostname()));
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : checkText(report));
  return report.ok ? 0 : 1;
}
