/** docs/performance.md, written from results alone: one section a bench, misses shown as misses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { ResultRow } from '../lab/commands/output.ts';

const FILE = new URL('../../docs/performance.md', import.meta.url);
const HEAD = `# Performance, as measured

Written by \`npm run bench -- NAME --docs\`; each section by its bench, with the command that makes it again. Every row is a
value beside its goal, and a goal that is missed says so. CPU seconds are user and system time of the measured processes;
wall-clock times are those of the machine named below the table, whatever else it did (its load is told).
`;
const ABOUT: Readonly<Record<string, string>> = {
  store:
    'Bytes on disk after all merges. The corpus is drawn at random and its draws are counted in bits: five legs a request, times in nanoseconds, ISN hashes of 32 bits each. The other schemas are filled from the same rows on the same engine, with all that ours tell. Our path is a JSON document beside columns: the document is most of it.',
  queries:
    "One day of paths, warm caches, the product's own queries by HTTP on the embedded engine (4 GB instead of 400 MB, so that the spans fit). Each question differs from the one before. The goals are for 10^7 paths: how many there were is in the command and in the details; roll-ups gain on raw rows with the number of paths, and 10^5 are too few for that.",
  soak: 'Real processes: a collector with its log, the embedded engine at its default memory, a generator beside them. After the last request it waits for paths, roll-ups and merges; their CPU counts.',
  ingest: "The collector's road to the log, without ClickHouse.",
  stitch: 'The live table of legs, in memory.',
  agent: 'The three-node lab on one kernel.',
  views:
    'React in Chromium without a GPU: render, layout and paint up to the end of the next frame, each round on an empty page after three that do not count.',
};

export interface Report {
  readonly name: string;
  readonly command: string;
  readonly rows: readonly ResultRow[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** Replaces the section of one bench; the others stay as their own runs left them. */
export function writeReport(report: Report): void {
  const sections = sectionsOf(readText());
  sections.set(report.name, sectionOf(report));
  const body = Object.keys(ABOUT).flatMap((name) => sections.get(name) ?? []);
  writeFileSync(FILE, `${HEAD}\n${body.join('\n')}`);
}

function readText(): string {
  try {
    return readFileSync(FILE, 'utf8');
  } catch {
    return '';
  }
}

function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^(?=## )/m).slice(1);
  return new Map(parts.map((part) => [part.slice(3, part.indexOf('\n')), `${part.trimEnd()}\n`]));
}

function sectionOf({ name, command, rows, details }: Report): string {
  const lines = rows.map((row) => {
    const verdict = row.goal === null ? '' : row.met ? 'met' : '**missed**';
    const goal = row.goal === null ? '' : row.goal.toLocaleString('en');
    return `| ${row.name} | ${row.value.toLocaleString('en')} ${row.unit} | ${goal} | ${verdict} |`;
  });
  return [
    `## ${name}`,
    '',
    ABOUT[name] ?? '',
    '',
    `\`${command}\``,
    '',
    '| what | value | goal | |',
    '|---|--:|--:|---|',
    ...lines,
    '',
    `On ${machine()}. Details: \`${JSON.stringify(details)}\``,
    '',
  ].join('\n');
}

function machine(): string {
  const memory = Math.round(totalmem() / 1024 ** 3);
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return `${availableParallelism()} CPUs (${cpus()[0]?.model ?? 'unknown'}), ${memory} GB, Linux ${release()}, Node ${process.version}, load ${load} at the end`;
}
