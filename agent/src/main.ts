/**
 * The agent as a process of its own: environment, signals, exit codes.
 *
 *   main.ts            watch this node until SIGTERM or SIGINT
 *   main.ts check      what this host can see (--json for machines); exits 1 where it cannot be watched
 *   main.ts --check    validate the environment;  --print  show it without secrets
 */
import { hostname } from 'node:os';
import { buildAgent, liveDeps } from './app.ts';
import { assertLoader, checkHost, checkText } from './check.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { jsonLog } from './log.ts';

const EXIT_CONFIG = 78;

async function main(args: readonly string[]): Promise<void> {
  const config = readAgentConfig(process.env, hostname());
  if (args.includes('--check')) say('the configuration is valid\n');
  else if (args.includes('--print')) say(`${JSON.stringify(shown(config), null, 2)}\n`);
  else if (args[0] === 'check') await check(config, args.includes('--json'));
  else await run(config);
}

async function run(config: AgentConfig): Promise<void> {
  await assertLoader(config.loaderPath);
  const log = jsonLog((line) => process.stderr.write(line), Date.now);
  const agent = buildAgent(config, { ...liveDeps(config, log), log });
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log('info', 'agent stops', { signal });
    agent.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log('error', 'agent did not stop cleanly', { problem: String(error) });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  agent.start();
  log('info', 'agent runs', { node: config.node, cluster: config.cluster });
}

async function check(config: AgentConfig, isJson: boolean): Promise<void> {
  const report = await checkHost(config);
  say(isJson ? `${JSON.stringify(report)}\n` : checkText(report));
  process.exitCode = report.ok ? 0 : 1;
}

function shown(config: AgentConfig): Record<string, unknown> {
  const token = config.token === null ? null : '(hidden)';
  return { ...config, token, secret: config.isSecretRandom ? '(random)' : '(hidden)' };
}

function say(text: string): void {
  process.stdout.write(text);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isKnown = error instanceof AgentError;
  const text = isKnown ? `${error.code}: ${error.message}\n→ ${error.remedy}\n` : `${error}\n`;
  process.stderr.write(text);
  process.exitCode = isKnown ? EXIT_CONFIG : 1;
});
