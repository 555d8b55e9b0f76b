/** `lab check --suite NAMES`: measurements of the agent against what truly happened. */
import type { LabArguments } from '../arguments.ts';
import { BACKENDS } from '../plan.ts';
import { ALERTS } from '../suites/alerts/run.ts';
import { BALANCER } from '../suites/balancer/run.ts';
import { KUBERNETES } from '../suites/kubernetes/run.ts';
import { PAGE } from '../suites/page/run.ts';
import { PROXY } from '../suites/proxy/run.ts';
import { REFUSALS } from '../suites/refusals/run.ts';
import { DEFAULT_SUITE_REQUESTS, suitesNamed } from '../suites/suite.ts';
import type { CommandResult, ResultRow } from './output.ts';

export const SUITES = [REFUSALS, PROXY, ALERTS, KUBERNETES, BALANCER, PAGE];

/** Runs them one after the other; each row has its goal. */
export async function checkSuites(args: LabArguments, list: string): Promise<CommandResult> {
  const requests = args.givenRequests ?? DEFAULT_SUITE_REQUESTS;
  const backends = args.backend === undefined ? BACKENDS : [args.backend];
  const rows: ResultRow[] = [];
  for (const suite of suitesNamed(list, SUITES)) {
    const onRow = (row: ResultRow) => {
      if (!args.json) process.stdout.write(`${describe(row)}\n`);
    };
    rows.push(...(await suite.run({ requests, backends, onRow })));
  }
  const met = rows.filter((row) => row.met).length;
  return {
    command: 'lab check',
    rows,
    details: { suites: list.split(',') },
    text: `${met} of ${rows.length} rows met`,
  };
}

function describe({ name, value, goal, unit, met, ...more }: ResultRow): string {
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(5);
  const wanted = goal === null ? '' : ` (goal ${goal})`;
  const rest = Object.keys(more).length === 0 ? '' : `  ${JSON.stringify(more)}`;
  return `${met ? 'ok  ' : 'BAD '} ${name.padEnd(52)} ${shown.padStart(8)} ${unit}${wanted}${rest}`;
}
