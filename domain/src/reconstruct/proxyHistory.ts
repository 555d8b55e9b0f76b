/** What the links of a program's proxies showed so far, kept beside the evidence: it outlives every single path. */
import type { ProxyLink } from './evidence.ts';
import type { ImagesByNetns } from './program.ts';
import { scoreLinks } from './proxyRules.ts';
import {
  addScores,
  judged,
  type ProxyHistory,
  type ProxyRule,
  RULES,
  type RuleScores,
} from './ruleScores.ts';

/** Programs are short lists, of several images each; whoever floods it with others learns nothing new. */
const MAX_PROGRAMS = 1000;
/** Beyond, old links weigh less: programs are updated and reconfigured. */
const MAX_WEIGHT = 100_000;

/**
 * `before` is what parts of the same evidence showed when they were last added; it is taken back first, so that
 * evidence that grows counts once. Answers the new history and what to give as `before` the next time.
 */
export function remember(
  history: ProxyHistory,
  links: readonly ProxyLink[],
  {
    before = [],
    images,
  }: { before?: readonly ProxyHistory[]; images?: ImagesByNetns | undefined } = {},
): { history: ProxyHistory; scored: ProxyHistory } {
  const scored = scoreLinks(links, images);
  const next = new Map(history);
  const add = (program: string, scores: RuleScores, sign: 1 | -1) => {
    const known = next.get(program);
    if (known === undefined && (sign === -1 || next.size >= MAX_PROGRAMS)) return;
    next.set(program, bounded(known === undefined ? scores : addScores(known, scores, sign)));
  };
  for (const [program, scores] of before.flatMap((each) => [...each])) add(program, scores, -1);
  for (const [program, scores] of scored) add(program, scores, 1);
  return { history: next, scored };
}

function bounded(scores: RuleScores): RuleScores {
  const weight = Math.max(...RULES.map((rule) => judged(scores[rule])));
  if (weight <= MAX_WEIGHT) return scores;
  const half = (rule: ProxyRule) => ({
    agreed: scores[rule].agreed / 2,
    opposed: scores[rule].opposed / 2,
    agreedAlone: scores[rule].agreedAlone / 2,
    opposedAlone: scores[rule].opposedAlone / 2,
  });
  return {
    ...{ lastRead: half('lastRead'), oldest: half('oldest') },
    ...{ unawaited: (scores.unawaited ?? 0) / 2, shared: (scores.shared ?? 0) / 2 },
  };
}
