/** Sends a lab's scenarios, waits until hoptrace has told its story, and judges every request. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Lab } from '../lab.ts';
import { SCENARIOS } from '../traffic/scenarios.ts';
import type { TruthRequest } from '../traffic/truth.ts';
import { pathKey, truthKey, type View } from './compare.ts';
import { type CheckRow, isRowRight, judgeScenario } from './rows.ts';
import type { Stack } from './stack.ts';

/** A refusal may take 3 s, a late revision as long again; after this what is missing is missing. */
const SETTLE_TIMEOUT_MS = 20_000;
const POLL_MS = 500;
/** The client's clock reads milliseconds. */
const CLOCK_SLACK_US = 2000;

export interface RunOptions {
  readonly scenarios: readonly string[] | undefined;
  readonly requests: number;
  readonly concurrency: number;
  readonly onRow: (row: CheckRow) => void;
}

/** The scenarios in which a watched load balancer would show. */
export const BALANCED = SCENARIOS.filter(({ listener }) => listener !== null).map(({ id }) => id);

export async function runScenarios(
  lab: Lab,
  stack: Stack,
  options: RunOptions,
): Promise<CheckRow[]> {
  const ids = SCENARIOS.map(({ id }) => id).filter((id) => options.scenarios?.includes(id) ?? true);
  const rows: CheckRow[] = [];
  for (const id of ids) {
    const truths = await lab.traffic({
      scenarios: [id],
      requests: options.requests,
      concurrency: options.concurrency,
    });
    // Not before the first of these: a port of an earlier request may be used again.
    const fromUs = Math.min(...truths.map((truth) => truth.startedAtUs)) - CLOCK_SLACK_US;
    const view: View = { isBalancerWatched: stack.isBalancerWatched };
    const row = await judgeWhenSettled({ id, lab, truths, stack, fromUs, view });
    options.onRow(row);
    rows.push(row);
  }
  return rows;
}

interface Settling {
  readonly id: string;
  readonly lab: Lab;
  readonly truths: readonly TruthRequest[];
  readonly stack: Stack;
  readonly fromUs: number;
  readonly view: View;
}

/** Judges once every request has a path and all are right, or when the time is over: waiting cannot hide a mistake. */
async function judgeWhenSettled({
  id,
  lab,
  truths,
  stack,
  fromUs,
  view,
}: Settling): Promise<CheckRow> {
  const wanted = new Set(truths.map((truth) => truthKey(truth, view)));
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const paths: Path[] = (await stack.pathsSince(fromUs)).filter((path) =>
      wanted.has(pathKey(path)),
    );
    const row = judgeScenario({ id, backend: lab.backend, truths, paths, view });
    if (isRowRight(row) || Date.now() > deadlineMs) return row;
    await sleep(POLL_MS);
  }
}
