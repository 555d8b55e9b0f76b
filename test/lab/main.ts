/** `npm run lab -- COMMAND`: the process around the commands; one file per command in commands/. */
import { type LabArguments, parseLabArguments } from './arguments.ts';
import { check } from './commands/check.ts';
import { down } from './commands/down.ts';
import { type CommandResult, printResult } from './commands/output.ts';
import { record } from './commands/record.ts';
import { SUITES } from './commands/suites.ts';
import { traffic } from './commands/traffic.ts';
import { up } from './commands/up.ts';
import { LabError, messageOf } from './errors.ts';
import { deniedOnHost } from './host.ts';
import { DEFAULT_SUITE_REQUESTS } from './suites/suite.ts';
import { SCENARIOS } from './traffic/scenarios.ts';

const COMMANDS: Readonly<Record<string, (args: LabArguments) => Promise<CommandResult>>> = {
  up,
  down,
  traffic,
  check,
  record,
};

const HELP = `npm run lab -- COMMAND [options]      (needs root; nothing outside its own network namespaces is touched)

  up       builds a cluster in network namespaces; it stays until \`down\`
             --backend iptables|nftables   kube-proxy's rules in this form (default iptables)
             --delay-ms N                  one-way delay of node3's link (default 2; 0: none)
  traffic  sends requests and tells what truly happened to each; without a lab it builds one for the while
             --requests N                  per scenario (default 20)
             --scenario ID                 only this one; may be repeated
             --concurrency N               requests in flight (default 8)
  check    the whole product watches the requests; every claim is compared with what truly happened
             --backend, --requests, --scenario, --concurrency as above; both kinds of rules unless one is named
             --suite NAME,NAME             these measurements instead; each row has its goal
             --requests N                  proxied requests in all, and a tenth as many refused attempts
                                           (default ${DEFAULT_SUITE_REQUESTS})
  record   writes what the kernel says on each node to files, for the demo
             --out FOLDER                  where to; --requests N per scenario and round
  down     removes the lab, and labs whose owner died
             --id ID                       this one only
             --all                         all that \`up\` left
  --json   one JSON document on one line

suites
${SUITES.map((s) => `  ${s.name.padEnd(24)}${s.text}`).join('\n')}

scenarios
${SCENARIOS.map((s) => `  ${s.id.padEnd(24)}${s.text}`).join('\n')}`;

async function main(words: readonly string[]): Promise<number> {
  const asJson = words.includes('--json');
  try {
    const args = parseLabArguments(words);
    if (args.command === undefined || args.command === 'help') {
      process.stdout.write(`${HELP}\n`);
      return args.command === 'help' ? 0 : 2;
    }
    const command = COMMANDS[args.command];
    if (command === undefined) {
      const known = Object.keys(COMMANDS).join(', ');
      throw new LabError(`there is no command "${args.command}"`, `Use one of: ${known}.`);
    }
    const denied = deniedOnHost();
    if (denied !== undefined) throw denied;
    return printResult(await command(args), args.json);
  } catch (error) {
    return printError(error, asJson);
  }
}

function printError(error: unknown, asJson: boolean): number {
  const remedy = error instanceof LabError ? error.remedy : '';
  if (asJson) {
    const document = { command: 'lab', met: false, rows: [], error: messageOf(error), remedy };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stderr.write(`lab: ${messageOf(error)}\n${remedy === '' ? '' : `     ${remedy}\n`}`);
    if (!(error instanceof LabError) && error instanceof Error) console.error(error.stack);
  }
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
