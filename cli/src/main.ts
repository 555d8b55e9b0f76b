/** The `hoptrace` command. */
import { Argument, Command } from 'commander';
import { addAskCommands } from './ask/commands.ts';
import { EXIT } from './ask/exitCodes.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { registerStore } from './store/register.ts';
import { rootOf } from './up/environment.ts';

const root = rootOf(import.meta.url);
// What runs a service is loaded when it is asked for: a question in an incident must not wait for it.
const program = new Command('hoptrace').description(
  'Shows the path of every request that enters a Kubernetes cluster: hops, their cost, rewritten addresses, refusals.',
);
program
  .exitOverride((end) => process.exit(end.exitCode === 0 ? EXIT.found : EXIT.usage))
  .showSuggestionAfterError();

program
  .command('up')
  .description(
    'start the whole product on loopback: database, collector, API, page, and the agent where it can run',
  )
  .option('--demo', 'replay recorded requests instead of watching this host; needs no root', false)
  .addHelpText(
    'after',
    '\nPorts: 7040 page and API, 7041 collector, 7042 database, 7043 metrics of the agent; HOPTRACE_PORT_OFFSET=N shifts all.',
  )
  .action(async ({ demo }: { demo: boolean }) => {
    const { up } = await import('./up/up.ts');
    process.exitCode = await up({ demo, root }, process.env);
  });

const agent = program.command('agent').description('the node agent');
agent
  .command('run', { isDefault: true })
  .description(
    'watch this node and send what is seen to a collector (HOPTRACE_AGENT_COLLECTOR_URL)',
  )
  .action(async () => {
    const { agentRun } = await import('./agent.ts');
    process.exitCode = await agentRun(process.env);
  });
agent
  .command('check')
  .description('tell what works on this host, what does not, and what to change')
  .option('--json', 'print one JSON document', false)
  .action(async ({ json }: { json: boolean }) => {
    const { agentCheck } = await import('./agent.ts');
    process.exitCode = await agentCheck({ json }, process.env);
  });

addAskCommands(program);

program
  .command('completion')
  .description('print a completion script: eval "$(hoptrace completion bash)"')
  .addArgument(new Argument('<shell>').choices(SHELLS))
  .action((shell: Shell) => {
    process.stdout.write(completionScript(shell, program));
  });
registerStore(program, root, process.env);

await program.parseAsync();
