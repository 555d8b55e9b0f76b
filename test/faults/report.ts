/** docs/reliability.md, written from results alone: one section a suite, misses shown as misses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import type { ResultRow } from '../lab/commands/output.ts';

const FILE = new URL('../../docs/reliability.md', import.meta.url);
const HEAD = `# Reliability, as measured

Written by \`npm run test:faults -- SUITE --docs\`; each section by its suite. Real processes: agents' senders with a
spool on disk, a collector with its log, the embedded ClickHouse. They are killed (SIGKILL) and stopped (SIGSTOP) at
random moments while requests that two nodes saw flow (\`collectors\`: two collectors share them). An oracle holds every record that was acknowledged: for \`agent\`
from the moment that it is in the spool, for \`log\` from \`durable\` on. Power failures are tried in a model of the file system (\`log\`), not on real disks.
\`overload\` is the collector's stitcher, writer and watch alone, before a ClickHouse that takes so many paths a second of
virtual time.
`;
const SUITES = ['agent', 'collector', 'collectors', 'log', 'overload'];

export interface Report {
  readonly suite: string;
  readonly rows: readonly ResultRow[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** Replaces the section of one suite; the others stay as their own runs left them. */
export function writeReport(report: Report): void {
  const sections = sectionsOf(readText());
  sections.set(report.suite, sectionOf(report));
  const body = SUITES.flatMap((suite) => sections.get(suite) ?? []).join('\n');
  writeFileSync(FILE, `${HEAD}\n${body}`);
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

function sectionOf({ suite, rows, details }: Report): string {
  const lines = rows.map(({ name, value, goal, unit, met }) => {
    const verdict = goal === null ? '' : met ? 'met' : '**missed**';
    return `| ${name} | ${value} ${unit} | ${goal ?? ''} | ${verdict} |`;
  });
  const machine = `${availableParallelism()} CPUs, Linux ${release()}, Node ${process.version}`;
  return [
    `## ${suite}`,
    '',
    `| what | value | goal | |`,
    '|---|---|---|---|',
    ...lines,
    '',
    `On ${machine}. Details: \`${JSON.stringify(details)}\``,
    '',
  ].join('\n');
}
