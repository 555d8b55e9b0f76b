/** `npm run scenarios`: every row of the decision table and every adversarial scenario through the pure functions. */
import { type CommandResult, printResult } from '../lab/commands/output.ts';
import { runAdversarial } from './adversarial.ts';
import type { ScenarioResult } from './result.ts';
import { runTable } from './table.ts';

function rowOf(suite: ScenarioResult['suite'], results: readonly ScenarioResult[]) {
  const own = results.filter((result) => result.suite === suite);
  const value = own.filter((result) => result.right).length;
  const met = own.length > 0 && value === own.length;
  return { name: `${suite} scenarios right`, value, goal: own.length, unit: 'scenarios', met };
}

function lineOf({ id, suite, right, reasons }: ScenarioResult): string {
  const why = reasons.map((reason) => `\n      ${reason}`).join('');
  return `${right ? '✓' : '✗'} ${suite.padEnd(12)}${id}${why}`;
}

const results = [...(await runTable()), ...(await runAdversarial())];
const rows = [rowOf('table', results), rowOf('adversarial', results)];
const result: CommandResult = {
  command: 'scenarios',
  rows,
  details: { scenarios: results },
  text: [
    ...results.map(lineOf),
    ...rows.map((row) => `${row.name}: ${row.value} of ${row.goal}`),
  ].join('\n'),
};
process.exitCode = printResult(result, process.argv.includes('--json'));
