/** The `hoptrace` command. */
import { Command } from 'commander';
import { agentCheck, agentRun } from './agent.ts';
import { registerStore } from './store/register.ts';
import { rootOf, up } from './up/up.ts';

const root = rootOf(import.meta.url);
const program = new Command('hoptrace').description(
  'Shows the path of every request that enters a Kubernetes cluster: hops, their cost, rewritten addresses, refusals.',
);

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
    process.exitCode = await up({ demo, root }, process.env);
  });

const agent = program.command('agent').description('the node agent');
agent
  .command('run', { isDefault: true })
  .description(
    'watch this node and send what is seen to a collector (HOPTRACE_AGENT_COLLECTOR_URL)',
  )
  .action(async () => {
    process.exitCode = await agentRun(process.env);
  });
agent
  .command('check')
  .description('tell what works on this host, what does not, and what to change')
  .option('--json', 'print one JSON document', false)
  .action(async ({ json }: { json: boolean }) => {
    process.exitCode = await agentCheck({ json }, process.env);
  });

registerStore(program, root, process.env);

await program.parseAsync();
