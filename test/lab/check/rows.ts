/** One row of `lab check`: a scenario under one kind of rules, all its requests judged. */
import type { Hop, Path } from '@hoptrace/domain/rest/path.ts';
import type { Backend } from '../plan.ts';
import type { TruthRequest } from '../traffic/truth.ts';
import { differences, pathKey, truthKey, type View } from './compare.ts';

/** RTT of the link whose delay is known, against that delay. */
export interface RttCheck {
  readonly truthNs: number;
  readonly medianNs: number;
  readonly count: number;
  readonly errorShare: number;
}

export interface CheckRow {
  readonly id: string;
  readonly backend: Backend;
  readonly requests: number;
  readonly right: number;
  /** The first of those that are not right, each with its reasons. */
  readonly wrong: readonly { readonly id: string; readonly reasons: readonly string[] }[];
  readonly rtt: RttCheck | null;
  readonly times: TimesCheck | null;
}

/** What requests themselves cost. Each is judged by its bounds; the medians are for whoever reads them. */
export interface TimesCheck {
  /** Requests through an ingress, and those of them of which its own time is told. */
  readonly proxied: number;
  readonly told: number;
  /** How many are told outside their bounds, and the first of them. */
  readonly outside: number;
  readonly wrong: CheckRow['wrong'];
  readonly proxyMs: number;
  readonly logMs: number;
  /** From connecting to the end of the answer, by the client's own clock. */
  readonly clientMs: number;
  /** Of the delayed link; null where no request crossed it. */
  readonly cost: RttCheck | null;
}

/**
 * Of the ingress's own time its log has what lies between two readings of nginx's clock: when it read the request and
 * when it was connected upstream, which is before it sent it on. (The readings at the end of the response are one and
 * the same.) nginx cuts each to whole milliseconds, in two differences: less than 2 ms in all.
 */
const LOG_CUT_MS = 2;
const MIN_TOLD_SHARE = 0.99;
const MAX_WRONG_SHOWN = 5;
/** The goal for the delayed link: the median within 10 % of the truth. */
export const MAX_RTT_ERROR_SHARE = 0.1;

export interface Judged {
  readonly id: string;
  readonly backend: Backend;
  readonly truths: readonly TruthRequest[];
  readonly paths: readonly Path[];
  readonly view: View;
}

export function judgeScenario({ id, backend, truths, paths, view }: Judged): CheckRow {
  const byKey = new Map<string, Path[]>();
  for (const path of paths) byKey.set(pathKey(path), [...(byKey.get(pathKey(path)) ?? []), path]);
  const pathsOf = (truth: TruthRequest) => byKey.get(truthKey(truth, view)) ?? [];
  const judged = truths.map((truth) => ({
    id: truth.id,
    reasons: reasonsFor(truth, pathsOf(truth), view),
  }));
  const wrong = judged.filter(({ reasons }) => reasons.length > 0);
  return {
    id: view.isBalancerWatched ? `${id}+watched-lb` : id,
    backend,
    requests: truths.length,
    right: truths.length - wrong.length,
    wrong: wrong.slice(0, MAX_WRONG_SHOWN),
    rtt: delayOf(truths, (truth) => pathsOf(truth)[0], rttNs),
    times: timesOf(truths, (truth) => pathsOf(truth)[0]),
  };
}

function reasonsFor(truth: TruthRequest, paths: readonly Path[], view: View): string[] {
  const [path, second] = paths;
  if (truth.result === 'error')
    return [`the lab itself failed: ${truth.errorCode ?? truth.status}`];
  if (path === undefined) return ['no path'];
  if (second !== undefined)
    return [`${paths.length} paths for one request: ${paths.map(showPath).join(' and ')}`];
  const reasons = differences(truth, path, view);
  return reasons.length === 0 ? [] : [...reasons, `the path: ${showPath(path)}`];
}

function showPath(path: Path): string {
  const stops = path.hops.map((hop) => `${hop.to.ip}:${hop.to.port}`).join(' → ');
  return `${path.pathId} v${path.version} (${stops}; ${path.warnings.map((warning) => warning.code).join()})`;
}

/** Only hops measured between two taps: one-ended times are bounds, not measurements. */
function rttNs({ rtt }: Hop): number | null {
  return rtt?.method === 'handshakeDifference' ? rtt.valueNs : null;
}

function timesOf(truths: readonly TruthRequest[], pathOf: PathOf): TimesCheck | null {
  const proxied = truths.filter(({ ingressMs }) => ingressMs !== null);
  if (proxied.length === 0) return null;
  const told = proxied.flatMap((truth) =>
    (pathOf(truth)?.hops ?? []).flatMap(({ from, proxyTime }) =>
      from.role === 'ingress' && proxyTime ? [{ truth, proxyMs: proxyTime.valueNs / 1e6 }] : [],
    ),
  );
  const wrong = told.flatMap(({ truth, proxyMs }) => {
    const reasons = ownTimeProblems(ownTimeTruth(truth), proxyMs);
    return reasons.length === 0 ? [] : [{ id: truth.id, reasons }];
  });
  return {
    proxied: proxied.length,
    told: told.length,
    outside: wrong.length,
    wrong: wrong.slice(0, MAX_WRONG_SHOWN),
    proxyMs: medianOf(told.map(({ proxyMs }) => proxyMs)),
    logMs: medianOf(proxied.map(({ ingressMs }) => ingressMs ?? 0)),
    clientMs: medianOf(proxied.map(clientWaitMs)),
    cost: delayOf(truths, pathOf, ({ requestCost }) => requestCost?.valueNs ?? null),
  };
}

/** What others know of one request. */
export interface OwnTimeTruth {
  /** The ingress's own time by its log. */
  readonly logMs: number;
  /** From connecting to the end of the answer. */
  readonly clientMs: number;
  /** What the delayed links took of that at least. */
  readonly linksMs: number;
}

/**
 * What taps say of the ingress's own time against what others know of this very request. It must hold on any machine,
 * however busy: taps count from when a packet passed the Pod's door, so the time until nginx ran, and its turn among
 * its other connections, is in it and not in nginx's log. More than the client waited, without what the links took by
 * construction, it cannot be.
 */
export function ownTimeProblems(
  { logMs, clientMs, linksMs }: OwnTimeTruth,
  proxyMs: number,
): string[] {
  const atMostMs = clientMs - linksMs;
  const said = `the ingress's own time: said ${proxyMs.toFixed(3)} ms`;
  return [
    ...(proxyMs > logMs - LOG_CUT_MS ? [] : [`${said}, its log has ${logMs.toFixed(0)} ms`]),
    ...(proxyMs <= atMostMs
      ? []
      : [`${said}, the client's wait leaves ${atMostMs.toFixed(3)} ms for it`]),
  ];
}

function ownTimeTruth(truth: TruthRequest): OwnTimeTruth {
  const linksUs = truth.expected.crossingList.reduce((sum, { delayUs }) => sum + delayUs, 0);
  return {
    logMs: truth.ingressMs ?? 0,
    clientMs: clientWaitMs(truth),
    linksMs: linksUs / 1000,
  };
}

function clientWaitMs({ totalUs, connectUs }: TruthRequest): number {
  return (totalUs - (connectUs ?? 0)) / 1000;
}

type PathOf = (truth: TruthRequest) => Path | undefined;

/** What is said of the crossings whose delay is known. */
function delayOf(
  truths: readonly TruthRequest[],
  pathOf: PathOf,
  valueNsOf: (hop: Hop) => number | null,
): RttCheck | null {
  const samples = truths.flatMap((truth) => {
    const path = pathOf(truth);
    const wanted = truth.expected.crossingList.slice(-(path?.crossings ?? 0));
    const crossing = path?.hops.filter((hop) => hop.crossesNode === true) ?? [];
    return crossing.flatMap((hop, index) => {
      const delayUs = wanted[index]?.delayUs ?? 0;
      const valueNs = valueNsOf(hop);
      return delayUs === 0 || valueNs === null ? [] : [{ truthNs: delayUs * 1000, valueNs }];
    });
  });
  const truthNs = samples[0]?.truthNs;
  if (truthNs === undefined) return null;
  const medianNs = medianOf(samples.map(({ valueNs }) => valueNs));
  return {
    truthNs,
    medianNs,
    count: samples.length,
    errorShare: Math.abs(medianNs - truthNs) / truthNs,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function areTimesRight({ proxied, told, outside, cost }: TimesCheck): boolean {
  const isDelayRight = cost === null || cost.errorShare <= MAX_RTT_ERROR_SHARE;
  return told >= proxied * MIN_TOLD_SHARE && outside === 0 && isDelayRight;
}

/** A row passes when every request is right, each time within its bounds, and medians of the delayed link meet their goal. */
export function isRowRight(row: CheckRow): boolean {
  const isTimed = row.rtt === null || row.rtt.errorShare <= MAX_RTT_ERROR_SHARE;
  const areRight = row.times === null || areTimesRight(row.times);
  return row.requests > 0 && row.right === row.requests && isTimed && areRight;
}
