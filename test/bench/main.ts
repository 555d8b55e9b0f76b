/** `npm run bench -- NAME [--json] [--docs] [sizes] [--part PART]`: measures one part of hoptrace on this machine. */
import { parseArgs } from 'node:util';
import { printResult } from '../lab/commands/output.ts';
import { AGENT_PARTS, type AgentPart, benchAgent } from './agent.ts';
import { benchApi } from './api.ts';
import { benchIngest } from './ingest.ts';
import { benchQueries } from './queries.ts';
import { writeReport } from './report.ts';
import type { Bench } from './rows.ts';
import { benchSoak } from './soak.ts';
import { benchStitch } from './stitch.ts';
import { benchStore } from './store.ts';
import { benchTopology } from './topology/topology.ts';
import { benchViews } from './views.ts';

interface Sizes {
  readonly maxLegs: number;
  /** Of `agent`: about 20 s each. */
  readonly rounds: number;
  readonly seconds: number;
  /** Of `api`, `store` and `queries`; null: as many as those want. */
  readonly paths: number | null;
  /** Of `api` and `soak`: requests a second. */
  readonly rate: number;
  /** Of `agent`: only this. */
  readonly part: AgentPart;
}

const BENCHES: Readonly<Record<string, (sizes: Sizes) => Bench | Promise<Bench>>> = {
  agent: benchAgent,
  api: ({ paths, seconds, rate }) =>
    benchApi({ paths: paths ?? 100_000, seconds, requestsPerSecond: rate }),
  ingest: () => benchIngest(),
  queries: ({ paths }) => benchQueries(paths ?? 1_000_000),
  soak: ({ seconds, rate }) => benchSoak({ seconds, requestsPerSecond: rate }),
  stitch: ({ maxLegs }) => benchStitch(maxLegs),
  store: ({ paths }) => benchStore(paths ?? 50_000),
  topology: () => benchTopology(),
  views: () => benchViews(),
};

const DEFAULT_SECONDS: Readonly<Record<string, number>> = { api: 20, soak: 60 };

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      'max-legs': { type: 'string', default: '10000000' },
      rounds: { type: 'string', default: '10' },
      seconds: { type: 'string' },
      paths: { type: 'string' },
      rate: { type: 'string', default: '200' },
      part: { type: 'string', default: 'all' },
    },
  });
  const name = positionals[0] ?? '';
  const maxLegs = Number(values['max-legs']);
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS[name] ?? 2);
  const paths = values.paths === undefined ? null : Number(values.paths);
  const rate = Number(values.rate);
  const bench = BENCHES[name];
  const part = AGENT_PARTS.find((each) => each === values.part);
  if (
    bench === undefined ||
    part === undefined ||
    !(maxLegs >= 100_000) ||
    !(rounds >= 1) ||
    !(seconds > 0) ||
    !(rate > 0) ||
    !(paths === null || paths >= 1000)
  ) {
    process.stderr.write(
      `bench: "${name}" with --max-legs ${values['max-legs']}: choose one of ${Object.keys(BENCHES).join(', ')}, at least 100000 legs, rounds, seconds and rate above 0, at least 1000 paths, a part of ${AGENT_PARTS.join(', ')}\n`,
    );
    return 2;
  }
  const { rows, details } = await bench({
    maxLegs,
    rounds,
    seconds,
    paths,
    part,
    rate,
  });
  if (values.docs) {
    const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
    writeReport({ name, command, rows, details });
  }
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
