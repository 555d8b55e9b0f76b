/** `npm run test:faults -- agent|collector|collectors|frames|log|overload [--rounds N] [--seed N] [--docs] [--json]`. */
import { parseArgs } from 'node:util';
import { printResult, type ResultRow } from '../lab/commands/output.ts';
import { messageOf } from '../lab/errors.ts';
import { runFaults } from './agent.ts';
import { runCollectors } from './collectors.ts';
import { runFrames } from './frames.ts';
import { runLog } from './log.ts';
import { runOverload } from './overload.ts';
import { writeReport } from './report.ts';

interface Suite {
  readonly rows: readonly ResultRow[];
  readonly details: Readonly<Record<string, unknown>>;
}

const SUITES: Readonly<Record<string, (rounds: number, seed: number) => Promise<Suite>>> = {
  agent: (rounds, seed) => runFaults({ rounds, seed }),
  collector: (rounds, seed) => runFaults({ rounds, seed, sparesAgents: true }),
  collectors: runCollectors,
  frames: (_rounds, seed) => runFrames(seed),
  log: (_rounds, seed) => runLog(seed),
  overload: () => runOverload(),
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
    },
  });
  const name = positionals[0] ?? '';
  const suite = SUITES[name];
  const rounds = Number(values.rounds);
  const seed = Number(values.seed);
  if (suite === undefined || !Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
    const known = Object.keys(SUITES).join(', ');
    process.stderr.write(
      `test:faults: "${name}" --rounds ${values.rounds} --seed ${values.seed}: choose one of ${known}, and whole numbers\n`,
    );
    return 2;
  }
  const { rows, details } = await suite(rounds, seed);
  if (values.docs) writeReport({ suite: name, rows, details });
  const text = rows
    .map(({ met, value, unit, name: what, goal }) => {
      const aim = goal === null ? '' : ` (goal ${goal})`;
      return `${met ? ' ' : '!'} ${String(value).padStart(10)} ${unit.padEnd(16)} ${what}${aim}`;
    })
    .join('\n');
  return printResult({ command: `test:faults ${name}`, rows, details, text }, values.json);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test:faults: ${messageOf(error)}\n`);
  process.exitCode = 2;
}
