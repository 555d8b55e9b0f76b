/** `hoptrace incidents`, `hoptrace incident` and `hoptrace missing`. */
import { missingSchema } from '@hoptrace/api/responses.ts';
import {
  type Incident,
  incidentListSchema,
  incidentSchema,
} from '@hoptrace/domain/rest/incidents.ts';
import type { z } from 'zod';
import { formatNs, plural } from '../../../grafana-plugin/src/view/format.ts';
import { causeText } from '../../../grafana-plugin/src/view/words.ts';
import { indented, instantText } from '../draw/pathText.ts';
import { incidentColumns, whatOf } from './columns.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { followList } from './followList.ts';
import { type Asking, printList } from './output.ts';
import { tableLines } from './table.ts';
import { harmless } from './terminal.ts';
import { type TimeFlags, timeRangeOf } from './timeRange.ts';

export interface IncidentFlags extends TimeFlags {
  readonly service?: string;
  readonly node?: string;
  readonly cluster?: string;
  readonly cause?: string;
  readonly kind?: string;
  readonly gap?: number;
  readonly limit: number;
  readonly follow: boolean;
}

export async function listIncidents(ask: Asking, flags: IncidentFlags): Promise<ExitCode> {
  const { service, node, cluster, cause, kind, gap, limit } = flags;
  const read = (nowUs: number) => {
    const range = timeRangeOf(flags, nowUs);
    const query = { ...range, service, node, cluster, cause, kind, gapSeconds: gap, limit };
    return ask.api.get(incidentListSchema, '/api/v1/incidents', query);
  };
  if (flags.follow) {
    return followList(ask, {
      // Oldest first, as what follows is.
      read: async () => (await read(Date.now() * 1000)).items.reverse(),
      columns: incidentColumns(ask),
      keyOf: ({ incidentId }) => incidentId,
      stateOf: ({ refusals, clients, isOngoing }) => [refusals, clients, isOngoing],
    });
  }
  const list = await read(ask.nowUs);
  const code = printList(ask, list.items, {
    columns: incidentColumns(ask),
    none: 'No refused connection in this time.',
  });
  if (list.nextCursor !== null) ask.remark('There are more (--limit N).');
  if (!list.isWhole) ask.remark('More refusals than were read: the oldest are left out.');
  return code;
}

export async function showIncident(
  ask: Asking,
  id: string,
  { gap }: Pick<IncidentFlags, 'gap'>,
): Promise<ExitCode> {
  const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
  const incident = await ask.api.get(incidentSchema, path, { gapSeconds: gap });
  if (ask.form === 'json') ask.write(`${JSON.stringify(incident, null, 2)}\n`);
  else if (ask.form === 'ndjson') ask.write(`${JSON.stringify(incident)}\n`);
  else ask.say(incidentLines(harmless(incident), ask));
  return EXIT.found;
}

function incidentLines(incident: Incident, { terminal, timeZone }: Asking): string[] {
  const { kinds, startUs, endUs, clients, clientExamples } = incident;
  const how = Object.entries(kinds)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const state = incident.isOngoing ? terminal.paint('red', 'goes on') : 'over';
  const since = incident.isStartKnown ? 'since' : 'since or before';
  const more = clients > clientExamples.length ? ', …' : '';
  return [
    `${terminal.paint('bold', whatOf(incident))}  ${terminal.paint('dim', incident.incidentId)}`,
    causeText(incident.cause),
    `${state}; ${since} ${instantText(startUs, timeZone)}, last ${instantText(endUs, timeZone)} (${durationText(endUs - startUs)})`,
    `${plural(incident.refusals, 'refusal')} (${how.join(', ')}) at ${incident.node ?? 'a machine that was not seen'}; ${plural(clients, 'client')}: ${clientExamples.join(', ')}${more}`,
    ...(incident.sending ? indented(incident.sending.text, terminal) : []),
    ...indented(incident.text, terminal),
    ...indented(`Remedy: ${incident.sending?.remedy ?? incident.remedy}`, terminal),
    `first ${incident.firstPathId}, newest ${incident.newestPathId} (hoptrace path ID)`,
  ];
}

/** `1 h 8 min`, `4 min 10 s`; below a minute as every other duration. */
function durationText(us: number): string {
  const seconds = Math.round(us / 1e6);
  if (seconds < 60) return formatNs(us * 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

type Missing = z.infer<typeof missingSchema>;

/** 0: something is missing, and what; 1: nothing is. */
export async function showMissing(
  ask: Asking,
  flags: TimeFlags & { readonly cluster?: string },
): Promise<ExitCode> {
  const query = { ...timeRangeOf(flags, ask.nowUs), cluster: flags.cluster };
  const missing = await ask.api.get(missingSchema, '/api/v1/missing', query);
  const { losses, silences, paths } = missing;
  if (ask.form === 'json') ask.write(`${JSON.stringify(missing, null, 2)}\n`);
  else if (ask.form === 'ndjson') ask.write(`${JSON.stringify(missing)}\n`);
  else ask.say(missingLines(harmless(missing), ask));
  const isMissing = losses.length + silences.length + paths.incomplete > 0;
  return isMissing ? EXIT.found : EXIT.nothing;
}

const LOSSES = ['ringEvents', 'ringRefusals', 'badFrames', 'evictedLegs', 'unsentRecords'] as const;

function missingLines(missing: Missing, ask: Asking): string[] {
  const { terminal, timeZone } = ask;
  const { paths } = missing;
  const head = (text: string) => terminal.paint('bold', text);
  const time = (us: number) => instantText(us, timeZone);
  const silences = tableLines<Missing['silences'][number]>(
    [
      { title: 'NODE', value: ({ node }) => node },
      { title: 'FROM', value: ({ fromUs }) => time(fromUs) },
      { title: 'TO', value: ({ toUs, isOpen }) => (isOpen ? 'goes on' : time(toUs)) },
    ],
    missing.silences,
    terminal,
  );
  const losses = tableLines<Missing['losses'][number]>(
    [
      { title: 'NODE', value: ({ node }) => node },
      {
        title: `WITHIN ${formatNs(missing.stepUs * 1000)} FROM`,
        value: ({ fromUs }) => time(fromUs),
      },
      ...LOSSES.map((name) => ({
        title: name,
        value: (each: Missing['losses'][number]) => String(each.losses[name]),
        isRight: true,
      })),
    ],
    missing.losses,
    terminal,
  );
  return [
    head(`Silent agents: ${missing.silences.length}`),
    ...(missing.silences.length === 0 ? [] : silences.map((line) => `  ${line}`)),
    head(`Losses of agents: ${missing.losses.length}`),
    ...(missing.losses.length === 0 ? [] : losses.map((line) => `  ${line}`)),
    head(`Paths with a part that nobody saw: ${paths.incomplete} of ${paths.total}`),
    ...paths.warnings.map(({ code, paths: count }) => `  ${count}  ${code}`),
  ];
}
