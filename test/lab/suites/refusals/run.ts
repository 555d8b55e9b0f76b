/** The suite `refusals`: every kind of refused attempt, under both kinds of rules, beside good connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LegRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { type Lab, openLab } from '../../lab.ts';
import { CLIENT_IP, NODES } from '../../plan.ts';
import { startAgents } from '../agents.ts';
import { startReceiver } from '../receiver.ts';
import type { Suite, SuiteOptions, SuiteRow } from '../suite.ts';
import { type Attempt, type GoodLoad, makeAttempts } from './attempts.ts';
import { type Judgement, judgeRefusals, type KindResult, LIMIT_MS, type Said } from './judge.ts';
import { ATTEMPT_KINDS } from './kinds.ts';
import { breakThings } from './rules.ts';

export const REFUSALS: Suite = {
  name: 'refusals',
  text: 'refused attempts of every kind beside good connections: reported, rightly named, within 3 s',
  run: runRefusals,
};

/** Of the proxy suite's requests, one in ten. */
const REQUESTS_PER_ATTEMPT = 10;
const GOOD_PER_SECOND_GOAL = 1_000;
const SETTLE_TIMEOUT_MS = 15_000;
const POLL_MS = 200;
/** After all is there: what should not come might still. */
const AFTERMATH_MS = 1_000;

async function runRefusals({ requests, backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const attempts = requests / REQUESTS_PER_ATTEMPT;
  const perKind = Math.max(1, Math.ceil(attempts / ATTEMPT_KINDS.length / backends.length));
  const rows: SuiteRow[] = [];
  for (const backend of backends) {
    const lab = await openLab({ backend });
    try {
      for (const row of await measure(lab, perKind)) {
        onRow(row);
        rows.push(row);
      }
    } finally {
      await lab.down();
    }
  }
  return rows;
}

async function measure(lab: Lab, perKind: number): Promise<SuiteRow[]> {
  const said: Said[] = [];
  const legs: Sourced<LegRecord>[] = [];
  const receiver = await startReceiver((record, arrivedAtUs) => {
    if (record.kind === 'refusal') said.push({ refusal: record, arrivedAtUs });
    // Of a refused attempt; good ones are too many to keep.
    if (record.kind === 'leg' && record.synAckNs === null && record.tuple.src.ip === CLIENT_IP)
      legs.push(record);
  });
  try {
    const nodes = NODES.map(({ name }) => name);
    const agents = await startAgents(lab, nodes, receiver);
    await breakThings(lab);
    said.length = 0;
    const { attempts, good } = await makeAttempts(lab, perKind);
    const judgement = await judgeWhenSettled(attempts, said, legs);
    await agents.stop();
    return rowsOf(lab.backend, judgement, good, receiver.lost());
  } finally {
    await receiver.close();
  }
}

/** Judges once all is right, or when the time is over: waiting cannot hide a mistake, for each record has its arrival. */
async function judgeWhenSettled(
  attempts: readonly Attempt[],
  said: readonly Said[],
  legs: readonly Sourced<LegRecord>[],
): Promise<Judgement> {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  const isDone = () =>
    judgeRefusals(attempts, said, legs).kinds.every((each) => each.right === each.attempts);
  while (!isDone() && Date.now() < deadlineMs) await sleep(POLL_MS);
  await sleep(AFTERMATH_MS);
  return judgeRefusals(attempts, said, legs);
}

export interface KindRow extends SuiteRow {
  readonly reported: number;
  /** Told as silence at first. */
  readonly revised: number;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly reasons: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

function rowsOf(
  backend: string,
  { kinds, falseAlarms }: Judgement,
  good: GoodLoad,
  lost: number,
): SuiteRow[] {
  const name = (text: string) => `refusals ${backend}: ${text}`;
  const all = kinds.reduce((sum, each) => sum + each.attempts, 0);
  const sumOf = (count: (result: KindResult) => number) =>
    kinds.reduce((sum, each) => sum + count(each), 0);
  const share = (what: string, count: number): SuiteRow => ({
    ...{ name: name(what), value: count / all, goal: 1, unit: `of ${all} attempts` },
    met: count === all,
  });
  const perSecond = Math.floor(good.perSecond);
  return [
    ...kinds.map((each) => kindRow(name(each.kind.id), each)),
    share(
      'reported with the right kind',
      sumOf(({ right }) => right),
    ),
    {
      ...share(
        `of these within ${LIMIT_MS / 1000} s`,
        sumOf(({ inTime }) => inTime),
      ),
      isTimed: true,
    },
    {
      ...{ name: name('good connections reported as refused'), value: falseAlarms },
      ...{ goal: 0, unit: `of ${good.served}`, met: falseAlarms === 0 },
    },
    {
      ...{ name: name('good connections beside them'), value: perSecond },
      ...{ goal: GOOD_PER_SECOND_GOAL, unit: 'a second', met: perSecond >= GOOD_PER_SECOND_GOAL },
      isTimed: true,
    },
    { name: name('records lost'), value: lost, goal: 0, unit: 'records', met: lost === 0 },
  ];
}

function kindRow(name: string, result: KindResult): KindRow {
  const { attempts, right, afterMs, inTime } = result;
  const rounded = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms));
  return {
    name,
    value: right / attempts,
    goal: 1,
    unit: `of ${attempts} attempts`,
    met: right === attempts && inTime === attempts,
    reported: right,
    revised: result.revised,
    p99Ms: rounded(afterMs[Math.ceil(afterMs.length * 0.99) - 1]),
    maxMs: rounded(afterMs.at(-1)),
    reasons: result.reasons,
    wrong: result.wrong,
  };
}
