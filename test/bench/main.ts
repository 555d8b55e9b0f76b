/** `npm run bench -- NAME [--json] [--max-legs N]`: measures one part of hoptrace on this machine. */
import { parseArgs } from 'node:util';
import { printResult, type ResultRow } from '../lab/commands/output.ts';
import { benchIngest } from './ingest.ts';
import { benchStitch } from './stitch.ts';

interface Bench {
  readonly rows: ResultRow[];
  readonly details: Record<string, unknown>;
}

const BENCHES: Readonly<Record<string, (maxLegs: number) => Bench | Promise<Bench>>> = {
  ingest: benchIngest,
  stitch: benchStitch,
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      'max-legs': { type: 'string', default: '10000000' },
    },
  });
  const name = positionals[0] ?? '';
  const maxLegs = Number(values['max-legs']);
  const bench = BENCHES[name];
  if (bench === undefined || !(maxLegs >= 100_000)) {
    process.stderr.write(
      `bench: "${name}" with --max-legs ${values['max-legs']}: choose one of ${Object.keys(BENCHES).join(', ')} and at least 100000 legs\n`,
    );
    return 2;
  }
  const { rows, details } = await bench(maxLegs);
  const text = [
    ...rows.map(
      (row) =>
        `${row.met ? ' ' : '!'} ${String(row.value).padStart(8)} ${row.unit.padEnd(13)} ${row.name}${row.goal === null ? '' : ` (goal ${row.goal})`}`,
    ),
    JSON.stringify(details),
  ].join('\n');
  return printResult({ command: `bench ${name}`, rows, details, text }, values.json);
}

process.exitCode = await main();
