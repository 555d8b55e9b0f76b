/** `lab traffic`: sends the scenarios' requests and prints what truly happened to each. */
import type { LabArguments } from '../arguments.ts';
import { LabError } from '../errors.ts';
import { findLab, type Lab, openLab } from '../lab.ts';
import { listLabs } from '../registry.ts';
import { SCENARIOS } from '../traffic/scenarios.ts';
import type { TruthRequest } from '../traffic/truth.ts';
import type { CommandResult, ResultRow } from './output.ts';

/** Uses the lab that `up` left; where there is none it builds one for the time of the command. */
export async function traffic(args: LabArguments): Promise<CommandResult> {
  const { lab, isTemporary } = await labFor(args);
  try {
    const requests = await lab.traffic({
      ...(args.scenario === undefined ? {} : { scenarios: args.scenario }),
      requests: args.requests,
      concurrency: args.concurrency,
    });
    const rows = rowsOf(requests);
    return {
      command: 'lab traffic',
      rows,
      details: { lab: lab.id, backend: lab.backend, requests },
      text: rows.map((row) => describe(row, requests)).join('\n'),
    };
  } finally {
    if (isTemporary) await lab.down();
  }
}

async function labFor(args: LabArguments): Promise<{ lab: Lab; isTemporary: boolean }> {
  if (args.id !== undefined) {
    const lab = findLab(args.id);
    if (lab !== undefined) return { lab, isTemporary: false };
    throw new LabError(`there is no lab "${args.id}"`, 'See `npm run lab -- up`.');
  }
  const kept = listLabs().filter(
    ({ status, state }) =>
      status === 'kept' && (args.backend === undefined || args.backend === state.backend),
  );
  if (kept.length > 1) {
    const ids = kept.map(({ state }) => `${state.id} (${state.backend})`).join(', ');
    throw new LabError(`there are ${kept.length} labs: ${ids}`, 'Name one with --id.');
  }
  const found = kept[0] === undefined ? undefined : findLab(kept[0].state.id);
  if (found !== undefined) return { lab: found, isTemporary: false };
  const backend = args.backend ?? 'iptables';
  return { lab: await openLab({ backend, delayMs: args.delayMs }), isTemporary: true };
}

/** One row per scenario: how many requests went as it is built to go. */
function rowsOf(requests: readonly TruthRequest[]): ResultRow[] {
  return SCENARIOS.flatMap(({ id }) => {
    const mine = requests.filter((r) => r.scenario === id);
    if (mine.length === 0) return [];
    const value = mine.filter((r) => r.result === r.expected.outcome).length;
    return [{ name: id, value, goal: mine.length, unit: 'requests', met: value === mine.length }];
  });
}

function describe(row: ResultRow, requests: readonly TruthRequest[]): string {
  const mine = requests.filter((r) => r.scenario === row.name);
  const times = mine.map((r) => r.connectUs ?? r.totalUs).sort((a, b) => a - b);
  const medianMs = ((times[Math.floor(times.length / 2)] ?? 0) / 1000).toFixed(2);
  const crossings = [...new Set(mine.map((r) => r.expected.crossings))].sort().join(' or ');
  const outcome = mine[0]?.expected.outcome ?? '';
  return `${row.met ? 'ok  ' : 'BAD '} ${row.name.padEnd(24)} ${`${row.value}/${row.goal}`.padStart(9)} ${outcome.padEnd(9)} crossings ${crossings.padEnd(7)} median ${medianMs} ms`;
}
