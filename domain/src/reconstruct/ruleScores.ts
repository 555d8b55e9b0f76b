/** How well a proxy's rules did: links whose two sides agree, counted. */

export type ProxyRule = 'lastRead' | 'oldest';
/** Where both are as good, the first. */
export const RULES: readonly ProxyRule[] = ['lastRead', 'oldest'];

/** Links whose client was answered: by this upstream, or by one that the rule gives to somebody else. */
export interface RuleScore {
  readonly agreed: number;
  readonly opposed: number;
  /** Of these, the links in which the other rule named somebody else: they tell the rules apart. */
  readonly agreedAlone: number;
  readonly opposedAlone: number;
}
export interface RuleScores extends Readonly<Record<ProxyRule, RuleScore>> {
  /** Requests sent upstream for which no client was waiting in the thread's queue; absent: none. */
  readonly unawaited?: number;
  /** Bursts of upstream connections that carry several requests, or frames of their own; absent: none. */
  readonly shared?: number;
}

/** By program (programOf), what links of earlier evidence showed. */
export type ProxyHistory = ReadonlyMap<string, RuleScores>;

export const NO_SCORE: RuleScore = { agreed: 0, opposed: 0, agreedAlone: 0, opposedAlone: 0 };
export const NO_SCORES: RuleScores = { lastRead: NO_SCORE, oldest: NO_SCORE };

/** `sign` −1 takes back what was added. */
export function addScores(a: RuleScores, b: RuleScores, sign: 1 | -1 = 1): RuleScores {
  return {
    lastRead: sumOf(a.lastRead, b.lastRead, sign),
    oldest: sumOf(a.oldest, b.oldest, sign),
    unawaited: (a.unawaited ?? 0) + sign * (b.unawaited ?? 0),
    shared: (a.shared ?? 0) + sign * (b.shared ?? 0),
  };
}

function sumOf(a: RuleScore, b: RuleScore, sign: 1 | -1): RuleScore {
  return {
    agreed: a.agreed + sign * b.agreed,
    opposed: a.opposed + sign * b.opposed,
    agreedAlone: a.agreedAlone + sign * b.agreedAlone,
    opposedAlone: a.opposedAlone + sign * b.opposedAlone,
  };
}

/** Links that say anything of the rule. */
export function judged({ agreed, opposed }: RuleScore): number {
  return agreed + opposed;
}

/** Share of them that agree. */
export function rate(score: RuleScore): number {
  return score.agreed / judged(score);
}
