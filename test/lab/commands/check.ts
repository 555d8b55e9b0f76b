/** `lab check`: the whole product watches the lab's requests; every claim is compared with what truly happened. */
import type { LabArguments } from '../arguments.ts';
import { type CheckRow, isRowRight } from '../check/rows.ts';
import { BALANCED, runScenarios } from '../check/run.ts';
import { EVERY_REQUEST, startStack } from '../check/stack.ts';
import { type Lab, openLab } from '../lab.ts';
import { BACKENDS } from '../plan.ts';
import { SCENARIOS, scenarioById } from '../traffic/scenarios.ts';
import type { CommandResult, ResultRow } from './output.ts';
import { checkSuites } from './suites.ts';

/** Both kinds of rules unless one is named; load-balanced scenarios again with an agent on the load balancer. */
export async function check(args: LabArguments): Promise<CommandResult> {
  if (args.suite !== undefined) return checkSuites(args, args.suite);
  const rows: CheckRow[] = [];
  for (const backend of args.backend === undefined ? BACKENDS : [args.backend]) {
    const lab = await openLab({ backend, delayMs: args.delayMs });
    try {
      for (const watchBalancer of [false, true]) {
        rows.push(...(await checkView(lab, args, watchBalancer)));
      }
    } finally {
      await lab.down();
    }
  }
  const passed = rows.filter(isRowRight).length;
  return {
    command: 'lab check',
    rows: rows.map(resultRow),
    details: { passed, failed: rows.length - passed },
    text: `${passed} of ${rows.length} rows right`,
  };
}

async function checkView(
  lab: Lab,
  args: LabArguments,
  watchBalancer: boolean,
): Promise<CheckRow[]> {
  const wanted = args.scenario ?? SCENARIOS.map(({ id }) => id);
  const scenarios = wanted.filter((id) => !watchBalancer || BALANCED.includes(id));
  if (scenarios.length === 0) return [];
  const stack = await startStack(lab, {
    recordFolder: null,
    watchBalancer,
    agentEnv: EVERY_REQUEST,
  });
  try {
    return await runScenarios(lab, stack, {
      scenarios,
      requests: args.requests,
      concurrency: args.concurrency,
      onRow: (row) => {
        if (!args.json) process.stdout.write(`${describe(row)}\n`);
      },
    });
  } finally {
    await stack.close();
  }
}

/** A row in the form of all commands, with the check's own members beside it. */
function resultRow(row: CheckRow): ResultRow & CheckRow & { tableRows: readonly string[] } {
  const name = `${row.backend} ${row.id}`;
  // An id may name the view, too: the same scenario with an agent on the load balancer.
  const tableRows = scenarioById(row.id.split('+')[0] ?? '')?.tableRows ?? [];
  return {
    tableRows,
    name,
    value: row.right,
    goal: row.requests,
    unit: 'requests right',
    met: isRowRight(row),
    ...row,
  };
}

function describe(row: CheckRow): string {
  const rtt =
    row.rtt === null
      ? ''
      : `  link RTT median ${(row.rtt.medianNs / 1e6).toFixed(3)} ms, truth ${(row.rtt.truthNs / 1e6).toFixed(3)} ms (${(row.rtt.errorShare * 100).toFixed(1)} %)`;
  const { times } = row;
  const own =
    times === null
      ? ''
      : `  ingress ${times.proxyMs.toFixed(2)} ms, its log ${times.logMs.toFixed(1)} ms, client ${times.clientMs.toFixed(2)} ms (${times.told} of ${times.proxied})${times.cost === null ? '' : `, request on the link ${(times.cost.medianNs / 1e6).toFixed(3)} ms`}`;
  const { tableRows } = resultRow(row);
  const head =
    `${isRowRight(row) ? 'ok  ' : 'BAD '} ${row.backend.padEnd(9)} ${row.id.padEnd(34)} ${`${row.right}/${row.requests}`.padStart(9)}  ${tableRows.join(' ').padEnd(7)}${rtt}${own}`.trimEnd();
  const wrong = [...row.wrong, ...(times?.wrong ?? [])];
  return [head, ...wrong.map(({ id, reasons }) => `       ${id}: ${reasons.join('; ')}`)].join(
    '\n',
  );
}
