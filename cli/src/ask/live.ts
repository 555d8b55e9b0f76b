/** `hoptrace live`, and `--follow` of paths and refusals: a line for each path as it is found. */
import { toRefusalItem } from '@hoptrace/store/queries/listRefusals.ts';
import { formatAddress, formatClock } from '../../../grafana-plugin/src/view/format.ts';
import { routeText } from '../../../grafana-plugin/src/view/lanes.ts';
import type { Path } from '../../../grafana-plugin/src/view/model.ts';
import { causeText, isRefused, serviceText } from '../../../grafana-plugin/src/view/words.ts';
import { OUTCOME_STYLES } from '../draw/pathText.ts';
import type { Query } from './apiClient.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { liveMessages } from './liveClient.ts';
import type { Asking } from './output.ts';
import { harmless } from './terminal.ts';

export interface Following {
  readonly query: Query;
  /** Of refusals, the items that their list has. */
  readonly what: 'paths' | 'refusals';
  /** Ids and versions that were shown already. */
  readonly shown?: ReadonlyMap<string, number>;
  readonly kind?: string | undefined;
  /** Ends after so many. */
  readonly count?: number | undefined;
}

const MAX_REMEMBERED = 10_000;

/** Until Ctrl-C, or so many paths: 0 where one was shown, else 1. */
export async function follow(ask: Asking, following: Following): Promise<ExitCode> {
  const { count = Number.POSITIVE_INFINITY } = following;
  const end = new AbortController();
  process.once('SIGINT', () => end.abort());
  process.once('SIGTERM', () => end.abort());
  const shown = new Map(following.shown);
  let printed = 0;
  const options = { query: following.query, signal: end.signal, remark: ask.remark };
  for await (const message of liveMessages(ask.api.settings, options)) {
    if (message.type === 'dropped') {
      ask.remark(`${message.count} paths were not sent: ${DROPPED[message.by]}.`);
    }
    if (message.type === 'hello' && message.resumed === 'gap') {
      const { missed } = message;
      const range = missed === undefined ? '' : ` --from ${missed.fromUs} --to ${missed.toUs}`;
      ask.remark(`What happened meanwhile was not sent; hoptrace paths${range} --all lists it.`);
    }
    if (message.type !== 'path' || !isWanted(message.path, following, shown)) continue;
    const isFirst = !shown.has(message.path.pathId);
    remember(shown, message.path);
    // People are told of a path once; a program may want what became known of it later.
    if (!isFirst && ask.form !== 'ndjson') continue;
    printPath(ask, message.path, following.what);
    printed += 1;
    if (printed >= count) break;
  }
  return printed > 0 ? EXIT.found : EXIT.nothing;
}

const DROPPED = {
  client: 'this terminal reads too slowly',
  feed: 'more happened than the API can follow',
} as const;

function isWanted(
  path: Path,
  { what, kind }: Following,
  shown: ReadonlyMap<string, number>,
): boolean {
  if ((shown.get(path.pathId) ?? 0) >= path.version) return false;
  if (what === 'paths') return true;
  return isRefused(path.outcome) && (kind === undefined || path.refusal?.kind === kind);
}

function remember(shown: Map<string, number>, path: Path): void {
  shown.delete(path.pathId);
  shown.set(path.pathId, path.version);
  if (shown.size <= MAX_REMEMBERED) return;
  const oldest = shown.keys().next().value;
  if (oldest !== undefined) shown.delete(oldest);
}

/** One line, or one item of the list where a program reads. */
export function printPath(ask: Asking, path: Path, what: Following['what'] = 'paths'): void {
  if (ask.form === 'table' || ask.form === 'wide') {
    ask.say([lineOf(ask, harmless(path))]);
    return;
  }
  const items = what === 'paths' ? [path] : toRefusalItem(path);
  for (const item of items) ask.write(`${JSON.stringify(item)}\n`);
}

const OUTCOME_WIDTH = 8;

/** `14:03:07.412  dropped   203.0.113.9 → node3  shop/web:http  no ready endpoint …  0hof…`. */
function lineOf({ terminal, timeZone, form }: LineContext, path: Path): string {
  const { refusal, client } = path;
  const outcome = terminal.paint(OUTCOME_STYLES[path.outcome], path.outcome.padEnd(OUTCOME_WIDTH));
  const extra = path.extraHops > 0 ? terminal.paint('yellow', `+${path.extraHops}`) : '  ';
  const time = formatClock(path.startedAtUs, timeZone);
  const from = client.ip === null ? [] : [formatAddress(client.ip, client.port)];
  const why = refusal === null ? [] : [terminal.paint('red', causeText(refusal.cause))];
  const parts = [
    time,
    `${outcome} ${extra}`,
    path.pathId,
    serviceText(path.service),
    ...(form === 'wide' ? from : []),
    routeText(path),
    ...why,
  ];
  return parts.join('  ');
}

type LineContext = Pick<Asking, 'terminal' | 'timeZone' | 'form'>;
