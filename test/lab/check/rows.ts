/** One row of `lab check`: a scenario under one kind of rules, all its requests judged. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
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
}

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
    rtt: rttOf(truths, (truth) => pathsOf(truth)[0]),
  };
}

function reasonsFor(truth: TruthRequest, paths: readonly Path[], view: View): string[] {
  const [path, second] = paths;
  if (truth.result === 'error')
    return [`the lab itself failed: ${truth.errorCode ?? truth.status}`];
  if (path === undefined) return ['no path'];
  if (second !== undefined)
    return [`${paths.length} paths for one request: ${paths.map(showPath).join(' and ')}`];
  return differences(truth, path, view);
}

function showPath(path: Path): string {
  const stops = path.hops.map((hop) => `${hop.to.ip}:${hop.to.port}`).join(' → ');
  return `${path.pathId} v${path.version} (${stops}; ${path.warnings.map((warning) => warning.code).join()})`;
}

/** Only hops measured between two taps: one-ended times are bounds, not measurements. */
function rttOf(
  truths: readonly TruthRequest[],
  pathOf: (truth: TruthRequest) => Path | undefined,
): RttCheck | null {
  const samples = truths.flatMap((truth) => {
    const path = pathOf(truth);
    const wanted = truth.expected.crossingList.slice(-(path?.crossings ?? 0));
    const crossing = path?.hops.filter((hop) => hop.crossesNode === true) ?? [];
    return crossing.flatMap((hop, index) => {
      const delayUs = wanted[index]?.delayUs ?? 0;
      if (delayUs === 0 || hop.rtt?.method !== 'handshakeDifference') return [];
      return [{ truthNs: delayUs * 1000, valueNs: hop.rtt.valueNs }];
    });
  });
  const truthNs = samples[0]?.truthNs;
  if (truthNs === undefined) return null;
  const sorted = samples.map(({ valueNs }) => valueNs).sort((a, b) => a - b);
  const medianNs = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return {
    truthNs,
    medianNs,
    count: samples.length,
    errorShare: Math.abs(medianNs - truthNs) / truthNs,
  };
}

/** A row passes when every request is right and, where a link's delay is known, the median meets the goal. */
export function isRowRight(row: CheckRow): boolean {
  const isTimed = row.rtt === null || row.rtt.errorShare <= MAX_RTT_ERROR_SHARE;
  return row.requests > 0 && row.right === row.requests && isTimed;
}
