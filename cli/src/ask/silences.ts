/** `hoptrace silences`: what keeps receivers of alerts quiet; `set` and `end` change that. */
import { userInfo } from 'node:os';
import {
  type ShownSilence,
  shownSilenceSchema,
  silenceListSchema,
} from '@hoptrace/domain/rest/alerts.ts';
import { clustersText } from './audit.ts';
import { timeText } from './columns.ts';
import { CliError, EXIT, type ExitCode } from './exitCodes.ts';
import { type Asking, printList } from './output.ts';
import type { Column } from './table.ts';
import { durationUs, instantUs } from './timeRange.ts';

export interface SilenceFlags {
  readonly state?: string;
  readonly cluster?: string;
}

/** 0 where there is one, else 1. */
export async function listSilences(
  ask: Asking,
  { state, cluster }: SilenceFlags,
): Promise<ExitCode> {
  const query = { state, cluster };
  const { items } = await ask.api.get(silenceListSchema, '/api/v1/silences', query);
  const none = state === undefined ? 'No silence is set.' : `No silence is ${state}.`;
  printList(ask, items, { columns: silenceColumns(ask), none });
  return items.length > 0 ? EXIT.found : EXIT.nothing;
}

const matchText = ({ match }: ShownSilence) =>
  Object.entries(match)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function silenceColumns(clock: Asking): Column<ShownSilence>[] {
  return [
    { title: 'STATE', value: ({ state }) => state },
    { title: 'START', value: ({ startsAtUs }) => timeText(startsAtUs, clock), dropOrder: 3 },
    { title: 'END', value: ({ endsAtUs }) => timeText(endsAtUs, clock) },
    { title: 'CLUSTERS', value: clustersText },
    { title: 'FOR', value: matchText, minWidth: 20 },
    { title: 'BY', value: ({ createdBy }) => createdBy, dropOrder: 2 },
    { title: 'TOKEN', value: ({ author }) => author ?? 'no token', isWide: true, dropOrder: 5 },
    { title: 'TENANT', value: ({ tenant }) => tenant ?? '', isWide: true, dropOrder: 6 },
    { title: 'WHY', value: ({ comment }) => comment, minWidth: 20, dropOrder: 1 },
    { title: 'ID', value: ({ silenceId }) => silenceId, isWide: true, dropOrder: 4 },
  ];
}

export interface SetFlags {
  readonly for: string;
  readonly from?: string;
  readonly why: string;
  readonly by?: string;
  readonly in?: readonly string[];
}

/** Throws CliError (2) for a label without a value; the API judges the rest. */
export async function setSilence(
  ask: Asking,
  labels: readonly string[],
  flags: SetFlags,
): Promise<ExitCode> {
  const startsAtUs =
    flags.from === undefined ? ask.nowUs : instantUs('--from', flags.from, ask.nowUs);
  const set = await ask.api.change(shownSilenceSchema, 'POST', '/api/v1/silences', {
    match: Object.fromEntries(labels.map(labelOf)),
    ...(flags.from === undefined ? {} : { startsAtUs }),
    endsAtUs: startsAtUs + durationUs('--for', flags.for),
    ...(flags.in === undefined ? {} : { clusters: flags.in }),
    createdBy: flags.by ?? userInfo().username,
    comment: flags.why,
  });
  printList(ask, [set], { columns: silenceColumns(ask), none: '' });
  ask.remark(`End it with: hoptrace silences end ${set.silenceId}`);
  return EXIT.found;
}

/** 0: it ends now. 1: none of that id is in force. */
export async function endSilence(ask: Asking, silenceId: string): Promise<ExitCode> {
  const path = `/api/v1/silences/${encodeURIComponent(silenceId)}`;
  const ended = await ask.api.change(shownSilenceSchema, 'DELETE', path);
  printList(ask, [ended], { columns: silenceColumns(ask), none: '' });
  return EXIT.found;
}

function labelOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && value !== '') return [name, value];
  throw new CliError(
    EXIT.usage,
    `"${text}" is no label.`,
    'Write name=value, such as rule=refused-connections or node=node3; hoptrace alerts -o json shows the labels.',
  );
}
