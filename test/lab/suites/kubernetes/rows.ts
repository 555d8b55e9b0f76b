/** The suite's rows: by scene what was said of its requests, then times and alerts. */
import type { Alert } from '@hoptrace/domain/rest/alerts.ts';
import type { SuiteRow } from '../suite.ts';
import type { Judgement } from './judge.ts';
import type { Observer } from './observe.ts';
import { SERVICES } from './scenes.ts';
import type { Truth } from './truth.ts';

export interface KubernetesRow extends SuiteRow {
  readonly wrong?: readonly string[];
  readonly medianS?: number;
  /** Beyond the goal. */
  readonly lateCount?: number;
  readonly text?: string;
  readonly remedy?: string;
}

const EXPLAIN_GOAL_S = 3;
const ALERT_GOAL_S = 10;
const MAX_SHOWN = 5;

export type Name = (text: string) => string;

export function sceneRows(name: Name, judgements: readonly Judgement[]): KubernetesRow[] {
  return SERVICES.flatMap(({ name: service }) => {
    const own = judgements.filter(({ truth }) => truth.service === service && !truth.isCut);
    const served = own.filter(({ truth }) => truth.pod !== null);
    const refused = own.filter(({ truth }) => truth.pod === null);
    const by = (when: Truth['when']) => refused.filter(({ truth }) => truth.when === when);
    return [
      wrongPods(name(`${service}: requests labelled with a Pod that did not answer`), own),
      ...share(name(`${service}: served requests told as they were`), served, pathOnly),
      ...share(name(`${service}: refused requests told as they were`), refused, pathOnly),
      ...share(name(`${service}: refused near a change, explained, of transition`), by('near')),
      ...share(name(`${service}: refused away from changes, explained, for certain`), by('away')),
      ...share(name(`${service}: refused in between, explained`), by('between')),
    ];
  });
}

/** Neither served nor refused: their Pod went while they were served. */
export function cutRow(name: Name, judgements: readonly Judgement[]): KubernetesRow {
  const value = judgements.filter(({ truth }) => truth.isCut).length;
  const unit = `of ${judgements.length}, not judged`;
  return {
    name: name('connections cut by the end of their Pod'),
    value,
    goal: null,
    unit,
    met: true,
  };
}

/** Named by nobody because two Pods may have had the address. */
export function ambiguousRow(name: Name, judgements: readonly Judgement[]): KubernetesRow {
  const value = judgements.filter(({ isAmbiguous }) => isAmbiguous).length;
  const unit = `of ${judgements.length}`;
  return {
    name: name('paths that say which two Pods it may be'),
    value,
    goal: null,
    unit,
    met: true,
  };
}

function wrongPods(name: string, own: readonly Judgement[]): KubernetesRow {
  const wrong = own.filter(({ podProblems }) => podProblems.length > 0);
  return {
    ...{ name, value: wrong.length, goal: 0, unit: `of ${own.length}`, met: wrong.length === 0 },
    wrong: shown(wrong, ({ podProblems }) => podProblems),
  };
}

const pathOnly = ({ pathProblems }: Judgement) => pathProblems;
const verdictOnly = ({ verdictProblems }: Judgement) => verdictProblems;

function share(
  name: string,
  own: readonly Judgement[],
  problemsOf: (each: Judgement) => readonly string[] = verdictOnly,
): KubernetesRow[] {
  if (own.length === 0) return [];
  const wrong = own.filter((each) => problemsOf(each).length > 0);
  const value = (own.length - wrong.length) / own.length;
  const row = { name, value, goal: 1, unit: `of ${own.length}`, met: wrong.length === 0 };
  return [{ ...row, wrong: shown(wrong, problemsOf) }];
}

function shown(
  wrong: readonly Judgement[],
  problemsOf: (each: Judgement) => readonly string[],
): string[] {
  return wrong.slice(0, MAX_SHOWN).map((each) => {
    const { service, node, report } = each.truth;
    const met = `${report.errorCode ?? 'served'} after ${Math.round(report.totalUs / 1000)} ms`;
    return `${report.id} ${service} by ${node}, ${met}: ${problemsOf(each).join('; ')}`;
  });
}

const isRejected = ({ report }: Truth) => report.errorCode === 'ECONNREFUSED';

/** A way to be refused; all of one Pod that is no more are silence, of which a node says more after 3.05 s only. */
const WAYS: readonly (readonly [string, (truth: Truth) => boolean])[] = [
  ['rejected', isRejected],
  ['dropped by a rule', (truth) => !isRejected(truth) && !truth.isLost],
  ['sent to a Pod that is gone', (truth) => !isRejected(truth) && truth.isLost],
];

/**
 * From when the client was refused (a dropped SYN: from that SYN, of which the client hears nothing) until cause and
 * remedy were to be read over HTTP. `warmUs`: before it, programs are still being compiled and nothing has changed.
 */
export function explanationRows(
  name: Name,
  judgements: readonly Judgement[],
  { explained, warmUs }: Pick<Observer, 'explained'> & { readonly warmUs: number },
): KubernetesRow[] {
  const refused = judgements.flatMap(({ truth }) =>
    truth.pod === null && !truth.isCut && truth.report.startedAtUs >= warmUs ? [truth] : [],
  );
  return WAYS.flatMap(([way, isSo]) => {
    const own = refused.filter(isSo);
    return own.length === 0
      ? []
      : [explanationRow(name(`${way}, to its explanation`), own, explained)];
  });
}

function explanationRow(
  name: string,
  refused: readonly Truth[],
  explained: Observer['explained'],
): KubernetesRow {
  const timed = refused
    .flatMap((truth) => {
      const said = explained.get(truth.key);
      return said === undefined ? [] : [{ truth, s: (said.atUs - refusedAtUs(truth)) / 1e6 }];
    })
    .sort((a, b) => a.s - b.s);
  const late = timed.filter(({ s }) => s > EXPLAIN_GOAL_S);
  const maxS = timed.at(-1)?.s ?? Number.POSITIVE_INFINITY;
  return {
    ...{ name, value: rounded(maxS), goal: EXPLAIN_GOAL_S },
    ...{ unit: `s at most (${timed.length} of ${refused.length})`, isTimed: true },
    met: timed.length === refused.length && late.length === 0,
    medianS: rounded(timed[Math.floor(timed.length / 2)]?.s ?? Number.POSITIVE_INFINITY),
    lateCount: late.length,
    wrong: late
      .slice(-MAX_SHOWN)
      .map(
        ({ truth, s }) => `${truth.report.id} ${truth.service} by ${truth.node}: ${rounded(s)} s`,
      ),
  };
}

function refusedAtUs(truth: Truth): number {
  const { report } = truth;
  const { startedAtUs, totalUs } = report;
  return isRejected(truth) ? startedAtUs + totalUs : startedAtUs;
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

export interface Gap {
  readonly service: string;
  readonly node: string;
  readonly cause: string;
}

export function isOf({ service, node, cause }: Gap, { ruleId, labels }: Alert): boolean {
  const isSame = labels.service === service && labels.node === node && labels.cause === cause;
  return ruleId === 'refused-connections' && isSame;
}

/** It fires, how soon after the first client was refused, and it is resolved when the gap is over. */
export function alertRows(
  name: Name,
  gap: Gap,
  judgements: readonly Judgement[],
  { fired, firing }: Pick<Observer, 'fired' | 'firing'>,
): KubernetesRow[] {
  const alert = [...fired.values()].find((each) => isOf(gap, each));
  const isFiring = alert !== undefined && firing.has(alert.alertId);
  const title = `alert for ${gap.service} on ${gap.node} (${gap.cause})`;
  const { text, remedy } = alert ?? { text: '', remedy: '' };
  const beganUs = Math.min(
    ...judgements.flatMap(({ truth }) =>
      truth.pod === null && truth.service === gap.service && truth.node === gap.node
        ? [truth.report.startedAtUs]
        : [],
    ),
  );
  const afterS = rounded(((alert?.firedAtUs ?? Number.POSITIVE_INFINITY) - beganUs) / 1e6);
  const isResolved = alert !== undefined && !isFiring;
  return [
    oneOf(name(`${title} fires`), alert !== undefined, { text, remedy }),
    {
      ...{ name: name(`${title}, after the first refusal`), value: afterS, goal: ALERT_GOAL_S },
      ...{ unit: 's', met: afterS <= ALERT_GOAL_S, isTimed: true },
    },
    oneOf(name(`${title} is resolved`), isResolved),
  ];
}

function oneOf(name: string, isSo: boolean, more: Partial<KubernetesRow> = {}): KubernetesRow {
  return { name, value: Number(isSo), goal: 1, unit: 'of 1', met: isSo, ...more };
}

/** Alerts about Services of which nobody was refused. */
export function falseAlarms(
  name: Name,
  judgements: readonly Judgement[],
  { fired }: Pick<Observer, 'fired'>,
): KubernetesRow {
  const refused = new Set(
    judgements.flatMap(({ truth }) =>
      truth.pod === null ? [`${truth.service} ${truth.node}`] : [],
    ),
  );
  const wrong = [...fired.values()].filter(
    ({ labels }) => !refused.has(`${labels.service} ${labels.node}`),
  );
  return {
    ...{ name: name('alerts for what was not broken'), value: wrong.length, goal: 0 },
    ...{ unit: 'alerts', met: wrong.length === 0, wrong: wrong.map(({ text }) => text) },
  };
}
