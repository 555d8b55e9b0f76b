/** `hoptrace path`: head, diagram, refusal, warnings and the ledger of source addresses, as the page shows them. */
import { wrapText } from '../../../grafana-plugin/src/view/diagramLayout.ts';
import {
  formatAddress,
  formatClock,
  formatDay,
  formatZone,
  plural,
} from '../../../grafana-plugin/src/view/format.ts';
import type { Path } from '../../../grafana-plugin/src/view/model.ts';
import {
  type ChainLink,
  chainSummary,
  sourceChainOf,
} from '../../../grafana-plugin/src/view/sourceChain.ts';
import {
  believableText,
  CLASS_WORDS,
  CLIENT_SOURCE_SHORT,
  causeText,
  evidenceText,
  extraHopsOf,
  extraHopsTitle,
  MECHANISM_WORDS,
  OUTCOME_WORDS,
  refusalTitle,
  seenText,
  serviceText,
} from '../../../grafana-plugin/src/view/words.ts';
import { tableLines } from '../ask/table.ts';
import type { Style, Terminal } from '../ask/terminal.ts';
import { diagramLines } from './diagram.ts';

const DEFAULT_COLUMNS = 110;

export interface Drawing {
  readonly terminal: Terminal;
  readonly timeZone?: string | undefined;
}

export const OUTCOME_STYLES: Readonly<Record<Path['outcome'], Style>> = {
  served: 'green',
  reset: 'red',
  rejected: 'red',
  dropped: 'red',
  unknown: 'magenta',
};

export function pathLines(path: Path, drawing: Drawing): string[] {
  const { terminal } = drawing;
  const blocks = [
    headLines(path, drawing),
    diagramLines(path, terminal),
    refusalLines(path, terminal),
    warningLines(path, terminal),
    ledgerLines(path, terminal),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

/** `2026-09-01 14:03:07.412 UTC`. */
export function instantText(us: number, timeZone?: string): string {
  return `${formatDay(us, timeZone)} ${formatClock(us, timeZone)} ${formatZone(us, timeZone)}`;
}

function headLines(path: Path, { terminal, timeZone }: Drawing): string[] {
  const { client, outcome } = path;
  const name = CLASS_WORDS[path.class];
  const ip = client.ip === null ? 'client not known' : formatAddress(client.ip, client.port);
  const { known, notJudged } = extraHopsOf(path);
  const extra = extraHopsTitle({ known, notJudged });
  const seen = `class ${path.class} (${name.name}: ${name.text}); ${seenText(path)}`;
  const parts = [
    terminal.paint('bold', serviceText(path.service)),
    instantText(path.startedAtUs, timeZone),
    terminal.paint('dim', path.pathId),
  ];
  const facts = `client ${ip} (${CLIENT_SOURCE_SHORT[client.source]}) · ${plural(path.crossings, 'crossing')} · ${extra}`;
  const [ended = '', ...rest] = wrapped(`${outcome}: ${OUTCOME_WORDS[outcome]}`, terminal);
  const isOneLine =
    `${serviceText(path.service)}  ${parts[1]}  ${path.pathId}`.length <= terminal.columns;
  return [
    ...(isOneLine ? [parts.join('  ')] : parts),
    ended.replace(outcome, (word) => terminal.paint(OUTCOME_STYLES[outcome], word)),
    ...rest,
    ...wrapped(facts, terminal),
    ...wrapped(seen, terminal).map((line) => terminal.paint('dim', line)),
  ];
}

function refusalLines({ refusal }: Path, terminal: Terminal): string[] {
  if (refusal === null) return [];
  const reason = refusal.reason === '' ? '' : ` (${refusal.reason})`;
  const transitional =
    refusal.transitional === true ? ['What decides this was changing at that time.'] : [];
  return [
    ...wrapped(`${refusalTitle(refusal)}: ${causeText(refusal.cause)}`, terminal).map((line) =>
      terminal.paint(['bold', 'red'], line),
    ),
    ...indented(refusal.text, terminal),
    ...indented(
      `Seen: ${evidenceText(refusal.evidence)}${reason}; ${plural(refusal.synCount, 'SYN')}.`,
      terminal,
    ),
    ...transitional.flatMap((text) => indented(text, terminal)),
    ...indented(`Remedy: ${refusal.remedy}`, terminal),
  ];
}

function warningLines({ warnings }: Path, terminal: Terminal): string[] {
  if (warnings.length === 0) return [];
  return [
    terminal.paint(['bold', 'yellow'], `${plural(warnings.length, 'warning')} about the evidence`),
    ...warnings.flatMap(({ code, text, subject }) =>
      indented(`${subject}: ${text} [${code}]`, terminal),
    ),
  ];
}

const VISIBILITY: Readonly<Record<ChainLink['visibility'], string>> = {
  client: 'the client',
  recoverable: 'can learn it',
  hidden: 'hidden',
  unknown: 'not known',
};

const VISIBILITY_STYLES: Readonly<Record<ChainLink['visibility'], Style>> = {
  client: 'green',
  recoverable: 'cyan',
  hidden: 'red',
  unknown: 'magenta',
};

/** The source address as each party sees it, with who changed it. */
function ledgerLines(path: Path, terminal: Terminal): string[] {
  const links = sourceChainOf(path);
  // Two columns go to the indent.
  const inner = { ...terminal, columns: terminal.columns - 2 };
  const table = tableLines<ChainLink>(
    [
      { title: '#', value: ({ hop }) => String(hop.index + 1), isRight: true },
      {
        title: 'SEEN BY',
        value: ({ seenBy }) => seenBy.name ?? formatAddress(seenBy.ip, seenBy.port),
        minWidth: 8,
      },
      { title: 'SOURCE IT SEES', value: ({ source }) => source ?? 'not known', minWidth: 12 },
      {
        title: 'CLIENT',
        value: ({ visibility }) => VISIBILITY[visibility],
        style: ({ visibility }) => VISIBILITY_STYLES[visibility],
      },
      {
        title: 'CHANGED BY',
        value: ({ rewrite }) => (rewrite === null ? '' : MECHANISM_WORDS[rewrite.mechanism]),
        minWidth: 8,
        dropOrder: 1,
      },
    ],
    links,
    inner,
  );
  return [
    terminal.paint('bold', 'Source address'),
    ...table.map((line) => `  ${line}`),
    ...indented(verdictText(path), terminal),
  ];
}

export function verdictText(path: Path): string {
  const verdict = path.sourceVerdict;
  if (verdict == null) return chainSummary(path);
  const remedy = verdict.remedy === '' ? '' : ` Remedy: ${verdict.remedy}`;
  return `${verdict.text} As told, ${believableText(verdict.believable)}.${remedy}`;
}

export function wrapped(text: string, terminal: Terminal, indent = 0): string[] {
  const columns = Number.isFinite(terminal.columns) ? terminal.columns : DEFAULT_COLUMNS;
  return wrapText(text, Math.max(30, columns - indent));
}

export function indented(text: string, terminal: Terminal): string[] {
  return wrapped(text, terminal, 2).map((line) => `  ${line}`);
}
