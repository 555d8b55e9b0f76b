/** Holds paths against expected.json, against the truth, and against what no path may ever do. */
import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import type { Claims, Expectation } from './expectation.ts';
import { fits } from './match.ts';
import { rewriteMark, stepMark, type Truth } from './scenes/truth.ts';

/** Classes that claim a link. D names candidates, M a gap: neither says that it was so. */
const CLAIMING = new Set(['A', 'B', 'C']);

/** One sentence per difference; empty where all is right. */
export function judge(
  paths: readonly Path[],
  expected: Expectation,
  truth: readonly Truth[],
): string[] {
  return [
    ...claimProblems(paths, expected),
    ...expected.never.flatMap(({ because, path }) =>
      paths
        .filter((each) => fits(each, path))
        .map((each) => `claimed, but ${because}: ${show(each)}`),
    ),
    ...paths.flatMap(invariantProblems),
    ...twinProblems(paths),
    ...truthProblems(paths, expected, truth),
  ];
}

/** The first set of claims that holds is enough; else what is wrong with the first one. */
function claimProblems(paths: readonly Path[], expected: Expectation): string[] {
  const own = problemsOf(paths, expected);
  const isHeld = [own, ...expected.orElse.map((claims) => problemsOf(paths, claims))].some(
    (problems) => problems.length === 0,
  );
  return isHeld ? [] : own;
}

function problemsOf(paths: readonly Path[], { total, claims }: Claims): string[] {
  const found = claims.flatMap(({ what, path, count }) => {
    const fitting = paths.filter((each) => fits(each, path)).length;
    const isRight = count === null ? fitting > 0 : fitting === count;
    const wanted = count ?? 'one or more';
    return isRight ? [] : [`not claimed: ${what} (${fitting} paths, expected ${wanted})`];
  });
  const isTotalWrong = total !== null && paths.length !== total;
  return [...(isTotalWrong ? [`${paths.length} paths instead of ${total}`] : []), ...found];
}

/** True of every path document, whatever the scenario. */
function invariantProblems(path: Path): string[] {
  const problems: string[] = [];
  const parsed = pathSchema.safeParse(path);
  if (!parsed.success) problems.push(`no valid path document: ${parsed.error.message}`);
  const blind = path.hops.filter((hop) => hop.times.clock === null || hop.class === 'M');
  if (path.completeness === 1 && blind.length > 0)
    problems.push(`falsely complete, ${blind.length} hops were not seen: ${show(path)}`);
  const isExplained = path.warnings.length > 0 || path.hops.some((hop) => hop.gap != null);
  if (path.completeness < 1 && !isExplained)
    problems.push(`incomplete, and neither a gap nor a warning says why: ${show(path)}`);
  for (const { rtt, index } of path.hops) {
    if (rtt !== null && (rtt.highNs < 0 || rtt.lowNs > rtt.highNs))
      problems.push(
        `hop ${index} has an impossible round trip (${rtt.lowNs}…${rtt.highNs} ns): ${show(path)}`,
      );
  }
  if (path.hops.some((hop) => hop.times.clock === null && hop.times.synNs !== null))
    problems.push(`times were invented for an unseen hop: ${show(path)}`);
  return problems;
}

function twinProblems(paths: readonly Path[]): string[] {
  const seen = new Set<string>();
  return paths.flatMap(({ pathId }) => {
    if (seen.has(pathId)) return [`two paths have the pathId ${pathId}`];
    seen.add(pathId);
    return [];
  });
}

function truthProblems(
  paths: readonly Path[],
  expected: Expectation,
  truth: readonly Truth[],
): string[] {
  if (truth.length === 0) return [];
  const known = indexOf(truth);
  const whole = new Set<Truth>();
  const named = new Set<Truth>();
  const wrong: Path[] = [];
  for (const path of paths) {
    const claimed = marksOf(path);
    // The mark that fewest share first: the others only have to confirm.
    const owners = claimed
      .map((mark) => known.get(mark) ?? NOBODY)
      .sort((one, other) => one.size - other.size);
    const all = [...(owners[0] ?? [])].filter((each) => owners.every((owner) => owner.has(each)));
    const meant = all.length > 0 ? all : owners.find((owner) => owner.size > 0);
    for (const each of meant ?? []) named.add(each);
    if (CLAIMING.has(path.class) && claimed.length > 0 && all.length === 0) wrong.push(path);
    if (path.class !== 'A' && path.class !== 'B') continue;
    for (const each of all) if (each.hops.every((mark) => claimed.includes(mark))) whole.add(each);
  }
  const silent = truth.filter((each) => !named.has(each));
  const isShort = expected.wholePaths !== null && whole.size < expected.wholePaths;
  return [
    ...wrong.map((path) => `never happened: ${show(path)}`),
    ...silent.map(({ id }) => `nothing is said of "${id}", though there are records of it`),
    ...(isShort
      ? [`${whole.size} of ${truth.length} true paths found whole, expected ${expected.wholePaths}`]
      : []),
  ];
}

const NOBODY: ReadonlySet<Truth> = new Set();

/** True paths by each of the marks that they allow. */
function indexOf(truth: readonly Truth[]): ReadonlyMap<string, ReadonlySet<Truth>> {
  const index = new Map<string, Set<Truth>>();
  for (const each of truth) {
    for (const mark of [...each.hops, ...each.alsoTrue]) {
      const owners = index.get(mark);
      if (owners === undefined) index.set(mark, new Set([each]));
      else owners.add(each);
    }
  }
  return index;
}

/** The steps and rewrites that a path claims. An end without address or port is no claim. */
function marksOf({ hops }: Path): string[] {
  return hops.flatMap(({ from, to, rewrite }) => [
    ...(from.ip === '' || from.port === 0 || to.port === 0
      ? []
      : [stepMark(endOf(from), endOf(to))]),
    ...(rewrite === null || rewrite.before === 'unknown'
      ? []
      : [rewriteMark(rewrite.before, rewrite.after)]),
  ]);
}

const endOf = ({ ip, port }: { ip: string; port: number }) =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

export function show({ hops, class: letter, completeness, warnings }: Path): string {
  const way = hops.map(({ to }) => to.name ?? endOf(to));
  const first = hops[0]?.from;
  const from = first === undefined || first.ip === '' ? '?' : endOf(first);
  const codes = warnings.map(({ code }) => code).join(',');
  return `${[from, ...way].join(' → ')} [${letter}, ${completeness.toFixed(2)}${codes === '' ? '' : `, ${codes}`}]`;
}
