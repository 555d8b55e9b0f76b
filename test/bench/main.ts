/** `npm run bench -- NAME [--json] [--max-legs N] [--rounds N] [--part PART]`: measures one part of hoptrace on this machine. */
import { parseArgs } from 'node:util';
import { printResult, type ResultRow } from '../lab/commands/output.ts';
import { AGENT_PARTS, type AgentPart, benchAgent } from './agent.ts';
import { benchIngest } from './ingest.ts';
import { benchStitch } from './stitch.ts';
import { benchTopology } from './topology/topology.ts';

interface Bench {
  readonly rows: ResultRow[];
  readonly details: Record<string, unknown>;
}

interface Sizes {
  readonly maxLegs: number;
  /** Of `agent`: about 20 s each. */
  readonly rounds: number;
  readonly seconds: number;
  /** Of `agent`: only this. */
  readonly part: AgentPart;
}

const BENCHES: Readonly<Record<string, (sizes: Sizes) => Bench | Promise<Bench>>> = {
  agent: benchAgent,
  ingest: () => benchIngest(),
  stitch: ({ maxLegs }) => benchStitch(maxLegs),
  topology: () => benchTopology(),
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      'max-legs': { type: 'string', default: '10000000' },
      rounds: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '2' },
      part: { type: 'string', default: 'all' },
    },
  });
  const name = positionals[0] ?? '';
  const maxLegs = Number(values['max-legs']);
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  const bench = BENCHES[name];
  const part = AGENT_PARTS.find((each) => each === values.part);
  if (
    bench === undefined ||
    part === undefined ||
    !(maxLegs >= 100_000) ||
    !(rounds >= 1) ||
    !(seconds > 0)
  ) {
    process.stderr.write(
      `bench: "${name}" with --max-legs ${values['max-legs']}: choose one of ${Object.keys(BENCHES).join(', ')}, at least 100000 legs, rounds and seconds above 0, a part of ${AGENT_PARTS.join(', ')}\n`,
    );
    return 2;
  }
  const { rows, details } = await bench({ maxLegs, rounds, seconds, part });
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
