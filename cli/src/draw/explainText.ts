/** `hoptrace explain`: the same path in sentences, to be read aloud in an incident or pasted into a ticket. */
import { hopLabel } from '../../../grafana-plugin/src/view/diagramWords.ts';
import { partyName, routeText } from '../../../grafana-plugin/src/view/lanes.ts';
import type { Path } from '../../../grafana-plugin/src/view/model.ts';
import {
  CLASS_WORDS,
  causeText,
  evidenceText,
  extraHopsOf,
  extraHopsTitle,
  OUTCOME_WORDS,
  refusalTitle,
  seenText,
  serviceText,
} from '../../../grafana-plugin/src/view/words.ts';
import type { Terminal } from '../ask/terminal.ts';
import { isRefusedAt } from './hopNotes.ts';
import { type Drawing, indented, instantText, verdictText } from './pathText.ts';

interface Chapter {
  readonly title: string;
  readonly sentences: readonly string[];
}

/** `rules`: what is said of the rules of Ingresses and HTTPRoutes; empty: nothing. */
export function explainLines(path: Path, { terminal, timeZone }: Drawing, rules = ''): string[] {
  const chapters: Chapter[] = [
    { title: 'What happened', sentences: whatHappened(path, timeZone) },
    {
      title: 'Where it went',
      sentences: path.hops.map((hop) => `${hopLabel(hop, isRefusedAt(path, hop))}.`),
    },
    { title: 'Why', sentences: why(path) },
    { title: 'By which rule', sentences: rules === '' ? [] : [rules] },
    { title: 'Who the client is', sentences: [verdictText(path)] },
    { title: 'What is not known', sentences: notKnown(path) },
    { title: 'How sure this is', sentences: howSure(path) },
    { title: 'What to do', sentences: whatToDo(path) },
  ];
  return chapters
    .filter(({ sentences }) => sentences.length > 0)
    .flatMap((chapter, index) => [
      ...(index === 0 ? [] : ['']),
      ...chapterLines(chapter, terminal),
    ]);
}

function chapterLines({ title, sentences }: Chapter, terminal: Terminal): string[] {
  return [
    terminal.paint('bold', title),
    ...sentences.flatMap((sentence) => indented(sentence, terminal)),
  ];
}

function whatHappened(path: Path, timeZone: string | undefined): string[] {
  const when = instantText(path.startedAtUs, timeZone);
  return [
    `${when}: a request to ${serviceText(path.service)} was ${path.outcome === 'unknown' ? 'seen' : path.outcome} (${OUTCOME_WORDS[path.outcome]}).`,
    `${routeText(path)}.`,
  ];
}

function why(path: Path): string[] {
  const { refusal } = path;
  const refused =
    refusal === null
      ? []
      : [
          `${refusalTitle(refusal)}: ${causeText(refusal.cause)}.`,
          refusal.text,
          `This rests on: ${evidenceText(refusal.evidence)}${refusal.reason === '' ? '' : ` (${refusal.reason})`}.`,
        ];
  const extra = path.hops
    .filter((hop) => hop.extra === true)
    .map(
      (hop) =>
        `Extra hop ${partyName(hop.from)} → ${partyName(hop.to)}: ${hop.extraReason ?? 'an allowed choice would have avoided it'}.`,
    );
  return [...refused, ...extra];
}

function notKnown(path: Path): string[] {
  const gaps = path.hops.flatMap((hop) =>
    hop.gap == null ? [] : [`Hop ${hop.index + 1}: ${hop.gap.text}.`],
  );
  const extra = extraHopsOf(path);
  const notJudged = extra.notJudged > 0 ? [`${extraHopsTitle(extra)}.`] : [];
  const warnings = path.warnings.map(({ text, subject }) => `${subject}: ${text}`);
  return [...gaps, ...notJudged, ...warnings];
}

function howSure(path: Path): string[] {
  const { name, text } = CLASS_WORDS[path.class];
  return [
    `Class ${path.class}, ${name}: ${text}. Confidence ${path.confidence.toFixed(4)}; ${seenText(path)}.`,
  ];
}

function whatToDo({ refusal, sourceVerdict }: Path): string[] {
  return [refusal?.remedy ?? '', sourceVerdict?.remedy ?? ''].filter((text) => text !== '');
}
