/**
 * The agent as a process of its own: environment, signals, exit codes.
 *
 *   main.ts            watch this node until SIGTERM or SIGINT
 *   main.ts check      what this host can see (--json for machines); exits 1 where it cannot be watched
 *   main.ts --check    validate the environment;  --print  show it without secrets
 */
import { hostname } from 'node:os';
import { checkHost, checkText } from './check.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { toldError } from './errors.ts';
import { runUntilSignal } from './run.ts';

async function main(args: readonly string[]): Promise<void> {
  const config = readAgentConfig(process.env, hostname());
  if (args.includes('--check')) say('the configuration is valid\n');
  else if (args.includes('--print')) say(`${JSON.stringify(shown(config), null, 2)}\n`);
  else if (args[0] === 'check') await check(config, args.includes('--json'));
  else process.exit(await runUntilSignal(config));
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
  const { text, exitCode } = toldError(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
});
