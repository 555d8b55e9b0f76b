/** `hoptrace agent run` and `hoptrace agent check`. */
import { hostname } from 'node:os';
import { checkHost, checkText } from '@hoptrace/agent/check.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { toldError } from '@hoptrace/agent/errors.ts';
import { runUntilSignal } from '@hoptrace/agent/run.ts';

/** Runs until SIGINT or SIGTERM; answers the exit code. */
export function agentRun(env: NodeJS.ProcessEnv): Promise<number> {
  return told(() => runUntilSignal(readAgentConfig(env, hostname())));
}

/** Answers 0 where connections can be watched, else 1. */
export async function agentCheck(
  { json }: { json: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return told(async () => {
    const report = await checkHost(readAgentConfig(env, hostname()));
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : checkText(report));
    return report.ok ? 0 : 1;
  });
}

/** An error that the operator can mend is told in words, not as a stack. */
async function told(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const { text, exitCode } = toldError(error);
    process.stderr.write(text);
    return exitCode;
  }
}
