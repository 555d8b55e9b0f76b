/** A live agent in a process of its own, from start to signal. */

import { buildAgent, liveDeps } from './app.ts';
import { assertLoader } from './check.ts';
import type { AgentConfig } from './config.ts';
import { degradedLines } from './degraded.ts';
import { jsonLog, type Log } from './log.ts';
import { prometheusText } from './metrics.ts';
import { MetricsPage } from './metricsPage.ts';

export interface RunningAgent {
  /** Sends what is left for at most 2 s. */
  close(): Promise<void>;
}

/** Starts the agent and its metrics page. Building and listening only: the loader's troubles are logged as they come. */
export async function startAgent(config: AgentConfig, log: Log): Promise<RunningAgent> {
  const agent = buildAgent(config, { ...liveDeps(config, log), log });
  const page = new MetricsPage(
    {
      prometheus: () => prometheusText(agent.metrics()),
      missing: () => [
        ...(agent.hello() === null ? ['the loader has not spoken yet: nothing is watched'] : []),
        ...(agent.metrics().isConnected === 1
          ? []
          : [`not connected to ${config.collectorUrls.join(' or ')}`]),
      ],
      degraded: () => degradedLines(agent.hello()),
    },
    log,
  );
  agent.start();
  if (config.metrics !== null) await page.start(config.metrics);
  return {
    close: async () => {
      await agent.close();
      await page.close();
    },
  };
}

/**
 * Runs until SIGTERM or SIGINT and answers the exit code; a second signal ends the process at once. Throws AgentError
 * HOP_AGENT_NO_LOADER where there is nothing to run.
 */
export async function runUntilSignal(config: AgentConfig): Promise<number> {
  await assertLoader(config.loaderPath);
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  const agent = await startAgent(config, log);
  log('info', 'agent runs', { node: config.node, cluster: config.cluster });
  const signal = await nextSignal();
  log('info', 'agent stops', { signal });
  void nextSignal().then(() => process.exit(1));
  try {
    await agent.close();
    return 0;
  } catch (error) {
    log('error', 'agent did not stop cleanly', { problem: String(error) });
    return 1;
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', heard);
      process.off('SIGINT', heard);
      resolve(signal);
    };
    process.on('SIGTERM', heard);
    process.on('SIGINT', heard);
  });
}
