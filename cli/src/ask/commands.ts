/** The commands that ask the API, with their flags and examples. */
import { TOPOLOGY_KINDS } from '@hoptrace/domain/rest/topology.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AuditFlags, listAudit } from './audit.ts';
import { type IncidentFlags, listIncidents, showIncident, showMissing } from './incidents.ts';
import {
  type AlertFlags,
  listAgents,
  listAlerts,
  listPaths,
  listRefusals,
  listServices,
  type PathFlags,
  pathQueryOf,
  type RefusalFlags,
  type ServiceFlags,
} from './lists.ts';
import { follow } from './live.ts';
import { type LoadBalancerFlags, listLoadBalancers } from './loadBalancers.ts';
import { explainPath, showPath } from './onePath.ts';
import { asking, examples, type OutputFlags, withOutput } from './output.ts';
import { addSilences } from './silenceCommands.ts';
import type { TimeFlags } from './timeRange.ts';
import { listTopology, type TopologyFlags } from './topology.ts';

const DEFAULT_LIMIT = 20;
const TOPOLOGY_LIMIT = 100;

export function addAskCommands(program: Command): void {
  addPaths(program);
  addPath(program);
  addRefusals(program);
  addServices(program);
  addIncidents(program);
  addLoadBalancers(program);
  addAlerts(program);
  addSilences(program);
  addAudit(program);
  addLive(program);
  addTopology(program);
  addAgents(program);
  addMissing(program);
}

function addPaths(program: Command): void {
  const command = withPathFilters(
    withPaging(withTime(program.command('paths').description('recent paths, newest first'))),
  );
  withOutput(command)
    .addHelpText(
      'after',
      examples(
        'hoptrace paths --service shop/web --extra-hops 1',
        'hoptrace paths --outcome dropped --since 2h -o wide',
        'hoptrace paths --client 203.0.113.9 --all -o ndjson | jq -r .pathId',
      ),
    )
    .action((flags: PathFlags & OutputFlags) => asking(flags, (ask) => listPaths(ask, flags)));
}

function addPath(program: Command): void {
  withOutput(
    program
      .command('path <id>')
      .description(
        'draw one path: a lane for each machine, what each hop cost, who changed the source address',
      ),
  )
    .addHelpText(
      'after',
      examples(
        'hoptrace path 0hofps1zvkm-6af2d5c5cc73540e',
        'hoptrace path 0hofps1zvkm-6af2d5c5cc73540e --ascii --width 80',
      ),
    )
    .action((id: string, flags: OutputFlags) => asking(flags, (ask) => showPath(ask, id)));
  withOutput(
    program
      .command('explain <id>')
      .description('tell one path in sentences: what happened, why, what is not known, what to do'),
  )
    .addHelpText('after', examples('hoptrace explain 0hofps050ib-47cee0aff2c52cb8'))
    .action((id: string, flags: OutputFlags) => asking(flags, (ask) => explainPath(ask, id)));
}

function addRefusals(program: Command): void {
  const command = withFilters(
    withPaging(
      withTime(
        program.command('refusals').description('refused connections, with cause and remedy'),
      ),
    ),
  ).option('--kind <kind>', 'reset, rejected or dropped');
  withOutput(command)
    .addHelpText(
      'after',
      examples(
        'hoptrace refusals --kind dropped --node node3',
        'hoptrace refusals -o wide --since 1h',
      ),
    )
    .action((flags: RefusalFlags & OutputFlags) =>
      asking(flags, (ask) => listRefusals(ask, flags)),
    );
}

function addIncidents(program: Command): void {
  const gap = '--gap <seconds>';
  const list = withTime(
    program.command('incidents').description('refusals of one cause at one place, told once'),
  )
    .option('--service <service>', 'namespace/name or namespace/name:port')
    .option('--node <node>', 'a machine on the path')
    .option('--cluster <cluster>', 'of one cluster only')
    .option('--cause <cause>', 'a cause code, such as noLocalEndpoints')
    .option('--kind <kind>', 'reset, rejected or dropped')
    .option(gap, 'refusals further apart are two incidents (default: 60)', limitOf)
    .option('--limit <n>', 'at most so many', limitOf, DEFAULT_LIMIT);
  withOutput(withFollow(list))
    .addHelpText(
      'after',
      examples(
        'hoptrace incidents --since 1d',
        'hoptrace incidents -o wide',
        'hoptrace incidents --service shop/web --follow',
      ),
    )
    .action((flags: IncidentFlags & OutputFlags) =>
      asking(flags, (ask) => listIncidents(ask, flags)),
    );
  withOutput(
    program
      .command('incident <id>')
      .description('one incident: since when, how many clients, cause and remedy')
      .option(gap, 'as it was given to incidents', limitOf),
  )
    .addHelpText('after', examples('hoptrace incident 0hofq0jifyy-2c71e0a9b5d3f604'))
    .action((id: string, flags: IncidentFlags & OutputFlags) =>
      asking(flags, (ask) => showIncident(ask, id, flags)),
    );
}

function addLoadBalancers(program: Command): void {
  withOutput(
    program
      .command('load-balancers')
      .description(
        'who stands in front of services, and what each node tells it; exit code 1 where a check contradicts the endpoints',
      )
      .option('--service <service>', 'namespace/name')
      .option('--cluster <cluster>', 'of one cluster only'),
  )
    .addHelpText(
      'after',
      examples('hoptrace load-balancers', 'hoptrace load-balancers --service shop/web -o wide'),
    )
    .action((flags: LoadBalancerFlags & OutputFlags) =>
      asking(flags, (ask) => listLoadBalancers(ask, flags)),
    );
}

function addAlerts(program: Command): void {
  const command = withFollow(
    program
      .command('alerts')
      .description('alerts that fire, wait, or were resolved within 15 minutes')
      .option('--state <state>', 'pending, firing or resolved')
      .option('--severity <severity>', 'how grave')
      .option('--rule <rule>', 'id of a rule')
      .option('--service <service>', 'namespace/name')
      .option('--node <node>', 'machine that it is about'),
  );
  withOutput(command)
    .addHelpText(
      'after',
      examples(
        'hoptrace alerts --state firing',
        'hoptrace alerts -o wide',
        'hoptrace alerts --follow -o ndjson | jq -r .text',
      ),
    )
    .action((flags: AlertFlags & OutputFlags) => asking(flags, (ask) => listAlerts(ask, flags)));
}

function addAudit(program: Command): void {
  const command = program
    .command('audit')
    .description('changes that were asked for, granted or not; for tokens of admins')
    .option('--caller <token>', 'name of a token')
    .option('--tenant <tenant>', 'tenant of a token')
    .option('--cluster <cluster>', 'about this cluster by name')
    .option('--action <action>', 'such as createSilence or endSilence')
    .option('--outcome <outcome>', 'done, refused or failed');
  withOutput(withPaging(withTime(command, '7d')))
    .addHelpText(
      'after',
      examples(
        'hoptrace audit --outcome refused',
        'hoptrace audit --caller on-call -o wide',
        'hoptrace audit --follow -o ndjson',
      ),
    )
    .action((flags: AuditFlags & OutputFlags) => asking(flags, (ask) => listAudit(ask, flags)));
}

function addLive(program: Command): void {
  const command = withPathFilters(
    program.command('live').description('paths as they are found, until Ctrl-C'),
  ).option('--count <n>', 'end after so many', limitOf);
  withOutput(command)
    .addHelpText(
      'after',
      examples('hoptrace live --outcome dropped', 'hoptrace live --service shop/web -o ndjson'),
    )
    .action((flags: PathFlags & OutputFlags & { readonly count?: number }) =>
      asking(flags, (ask) =>
        follow(ask, { query: pathQueryOf(flags), what: 'paths', count: flags.count }),
      ),
    );
}

function addTopology(program: Command): void {
  const command = program
    .command('topology')
    .description('Kubernetes objects and what agents found out, as they were at one time')
    .option('--at <instant>', '2026-01-01T14:03:00Z, 14:03 (today) or microseconds (default: now)')
    .option('--cluster <cluster>', 'of one cluster only')
    .addOption(new Option('--kind <kind>', 'objects of one kind').choices(TOPOLOGY_KINDS))
    .option('-n, --namespace <namespace>', 'of one namespace only')
    .option('--name <name>', 'of this name only')
    .option('--limit <n>', 'at most so many', limitOf, TOPOLOGY_LIMIT)
    .option('--all', 'all of them', false);
  withOutput(command)
    .addHelpText(
      'after',
      examples(
        'hoptrace topology --kind Service -n shop --at 14:03',
        'hoptrace topology --kind EndpointSlice -n shop -o wide',
        'hoptrace topology --all -o ndjson | jq -r .name',
      ),
    )
    .action((flags: TopologyFlags & OutputFlags) =>
      asking(flags, (ask) => listTopology(ask, flags)),
    );
}

function addMissing(program: Command): void {
  withOutput(
    withTime(
      program
        .command('missing')
        .description(
          'what nobody saw: silent agents, losses, paths with gaps; exit code 1 where nothing is missing',
        ),
    ).option('--cluster <cluster>', 'of one cluster only'),
  )
    .addHelpText('after', examples('hoptrace missing --since 1d'))
    .action((flags: TimeFlags & OutputFlags & { readonly cluster?: string }) =>
      asking(flags, (ask) => showMissing(ask, flags)),
    );
}

function addServices(program: Command): void {
  const command = withTime(
    program.command('services').description('services by number of paths, refusals and extra hops'),
  );
  withOutput(withFollow(command))
    .addHelpText(
      'after',
      examples('hoptrace services --since 1h', 'hoptrace services --since 1m --follow'),
    )
    .action((flags: ServiceFlags & OutputFlags) =>
      asking(flags, (ask) => listServices(ask, flags)),
    );
}

function addAgents(program: Command): void {
  withOutput(
    program
      .command('agents')
      .description('agents and what they lost; exit code 1 where one is silent'),
  )
    .addHelpText(
      'after',
      examples('hoptrace agents -o wide', 'hoptrace agents > /dev/null || page-somebody'),
    )
    .action((flags: OutputFlags) => asking(flags, listAgents));
}

function withTime(command: Command, since = '15m'): Command {
  return command
    .option('--since <duration>', `so far back: 30s, 15m, 2h, 1d (default: ${since})`)
    .option('--from <instant>', '2026-01-01T14:03:00Z, 14:03 (today) or microseconds')
    .option('--to <instant>', 'as --from; exclusive (default: now)');
}

function withFilters(command: Command): Command {
  return command
    .option('--cluster <cluster>', 'of one cluster only')
    .option('--service <service>', 'namespace/name or namespace/name:port')
    .option('--client <ip>', 'address of the client')
    .option('--node <node>', 'a machine on the path');
}

function withPathFilters(command: Command): Command {
  return withFilters(command)
    .option('--outcome <outcome>', 'served, reset, rejected, dropped or unknown')
    .option('--extra-hops <n>', 'with at least so many extra hops')
    .option('--class <class>', 'worst edge: A, B, C, D or M');
}

function withPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'at most so many', limitOf, DEFAULT_LIMIT)
    .option('--all', 'all of the time range', false)
    .option('-f, --follow', 'go on with what is new, until Ctrl-C', false);
}

/** Of lists that are asked for again every two seconds. */
function withFollow(command: Command): Command {
  return command.option(
    '-f, --follow',
    'go on with what is new or changed, until Ctrl-C; exit code 1 where nothing was shown',
    false,
  );
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new InvalidArgumentError('Write a whole number from 1.');
}
