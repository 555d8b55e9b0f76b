/**
 * Writes what the scenarios are made of: events.ndjson and truth.ndjson in each folder, and topology.json.
 *
 *   UPDATE=1 npx tsx test/scenarios/adversarial/generate.ts
 *
 * Without UPDATE=1 it only says which files differ. drawing.txt and expected.json are written by hand.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCENARIOS } from './scenes/all.ts';
import { clusterObjects } from './scenes/cluster.ts';

/** Files by their path below this folder, as they should be. */
export function generatedFiles(): Map<string, string> {
  const lines = (values: readonly unknown[]) =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const files = new Map([['topology.json', `${JSON.stringify(clusterObjects(), null, 2)}\n`]]);
  for (const { folder, scene } of SCENARIOS) {
    const { records, truth } = scene();
    files.set(join(folder, 'events.ndjson'), lines(records));
    files.set(join(folder, 'truth.ndjson'), lines(truth));
  }
  return files;
}

/** Names of the files that differ from what the builders make, whatever the white space of JSON. */
export function staleFiles(): string[] {
  return [...generatedFiles()].flatMap(([name, text]) => (isSame(name, text) ? [] : [name]));
}

function isSame(name: string, text: string): boolean {
  try {
    const now = readFileSync(join(import.meta.dirname, name), 'utf8');
    if (!name.endsWith('.json')) return now === text;
    return JSON.stringify(JSON.parse(now)) === JSON.stringify(JSON.parse(text));
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) {
  const stale = new Set(staleFiles());
  for (const [name, text] of generatedFiles()) {
    if (!stale.has(name)) continue;
    process.stdout.write(`${process.env.UPDATE === '1' ? 'wrote' : 'differs:'} ${name}\n`);
    if (process.env.UPDATE !== '1') continue;
    mkdirSync(join(import.meta.dirname, name, '..'), { recursive: true });
    writeFileSync(join(import.meta.dirname, name), text);
  }
  process.exitCode = stale.size > 0 && process.env.UPDATE !== '1' ? 1 : 0;
}
