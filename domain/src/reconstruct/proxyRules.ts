/**
 * Which of the two thread rules does this proxy obey, and how well? Each rule answers twice: on the request side
 * (whose request made this upstream burst?) and on the response side (whose response is this client getting?).
 * A rule whose two answers name the same pair agrees with itself. nginx reads and connects for one client at a
 * time (last read), HAProxy reads first and then connects in that order (oldest unlinked), Go does neither surely.
 */
import type { BurstRef } from '../wire/v1.ts';
import type { Context, ProxyLink } from './evidence.ts';
import { type ImagesByNetns, programOf } from './program.ts';
import {
  addScores,
  judged,
  NO_SCORE,
  NO_SCORES,
  type ProxyHistory,
  type ProxyRule,
  RULES,
  type RuleScore,
  type RuleScores,
  rate,
} from './ruleScores.ts';
import { isUnawaited, processKey, repeatedCauses } from './severalAtOnce.ts';

/** From so many judged links on, a rate is worth more than a single link's say. */
const MIN_LINKS = 20;
const MIN_RATE = 0.98;
/** A history holds only while what is at hand does not speak against it. */
const MIN_OWN_LINKS = 10;
const MIN_OWN_RATE = 0.9;

/** What was measured of programs by their names (0 wrong of 63,194 and of 58,053), believed while nothing denies it. */
const MEASURED_RULES: Readonly<Record<string, ProxyRule>> = {
  nginx: 'lastRead',
  haproxy: 'oldest',
};

/** Where two rules differ, this many judged links say which to follow. */
const MIN_ALONE_LINKS = 5;

/**
 *   agreed            both sides name this pair
 *   severalUpstreams  the client was answered by another upstream of its own: a sub-request, a retry
 *   silent            the response side says nothing of this client or this upstream
 *   opposed           the response side gives the upstream to another client, or the client to a stranger
 *   unnamed           the rule names nobody
 */
export type RuleVerdict = 'agreed' | 'severalUpstreams' | 'silent' | 'opposed' | 'unnamed';

export interface LearnedRules {
  /** What the response side says of a request link, by this rule. */
  verdictOf(link: ProxyLink, rule: ProxyRule): RuleVerdict;
  /** The rules that the process of this link obeys so regularly that it may be believed where one side is missing. */
  reliableRules(link: ProxyLink): readonly ProxyRule[];
  /** The rule that was right more often where the two differed; null: no telling. */
  betterRule(link: ProxyLink): ProxyRule | null;
  /** The rule that was measured of a program of this name, unless this process's own links deny it. */
  measuredRule(link: ProxyLink): ProxyRule | null;
  /** By this rule the one client that got this upstream's answer, and that no request link names. */
  soleReceiver(link: ProxyLink, rule: ProxyRule): BurstRef | null;
  /** Did its program ever send what nobody waited for, or share connections to backends, so that silence proves nothing? */
  hasSeveralAtOnce(link: ProxyLink): boolean;
  /** Is what is believed of this process's links what its queue says? */
  countsByQueue(link: ProxyLink): boolean;
  /** By some rule the response side gives this upstream burst to more than one client. */
  isContested(link: ProxyLink): boolean;
  /** Was this rule right so regularly where the two differed that it decides alone? */
  isReliableAlone(link: ProxyLink, rule: ProxyRule): boolean;
}

/** `history` counts where it is longer than what is at hand. */
export function learnRules(
  links: readonly ProxyLink[],
  { proxyHistory: history, images }: Pick<Context, 'proxyHistory' | 'images'> = {},
): LearnedRules {
  const sides = new Map(RULES.map((rule) => [rule, sidesOf(links, rule)] as const));
  const verdictOf = (link: ProxyLink, rule: ProxyRule) => verdict(link, rule, sides.get(rule));
  const own = scoresBy(links, processKey, verdictOf);
  const ownScore = (link: ProxyLink, rule: ProxyRule) =>
    own.get(processKey(link))?.[rule] ?? NO_SCORE;
  // Of an image that is new here, its name tells more than nothing.
  const knownOf = (link: ProxyLink) =>
    history?.get(programOf(link, images)) ?? history?.get(link.process);
  const longerScore = (link: ProxyLink, rule: ProxyRule) => {
    const before = knownOf(link)?.[rule] ?? NO_SCORE;
    const here = ownScore(link, rule);
    return judged(before) > judged(here) ? before : here;
  };
  const isReliable = (link: ProxyLink, rule: ProxyRule) => {
    const here = ownScore(link, rule);
    if (judged(here) >= MIN_OWN_LINKS && rate(here) < MIN_OWN_RATE) return false;
    return isRegular(longerScore(link, rule));
  };
  const countsByQueue = (link: ProxyLink) =>
    MEASURED_RULES[link.process] === undefined
      ? isReliable(link, 'oldest')
      : MEASURED_RULES[link.process] === 'oldest';
  return {
    verdictOf,
    reliableRules: (link) => RULES.filter((rule) => isReliable(link, rule)),
    betterRule: (link) =>
      betterOf({ lastRead: longerScore(link, 'lastRead'), oldest: longerScore(link, 'oldest') }),
    measuredRule: (link) => {
      const rule = MEASURED_RULES[link.process] ?? null;
      return rule !== null && longerScore(link, rule).opposed === 0 ? rule : null;
    },
    soleReceiver: ({ subject }, rule) => {
      const { clientsOf, named } = sides.get(rule) ?? NO_SIDES;
      const [only, another] = clientsOf.get(burstKey(subject)) ?? [];
      if (only === undefined || another !== undefined) return null;
      return named.has(burstKey(only)) ? null : only;
    },
    countsByQueue,
    hasSeveralAtOnce: (link) => {
      const { unawaited = 0, shared = 0 } = knownOf(link) ?? {};
      return shared >= 1 || (unawaited >= 1 && countsByQueue(link));
    },
    isContested: ({ subject }) =>
      [...sides.values()].some(
        ({ clientsOf }) => (clientsOf.get(burstKey(subject))?.length ?? 0) > 1,
      ),
    isReliableAlone: (link, rule) => isRegularAlone(longerScore(link, rule)),
  };
}

function isRegular(score: RuleScore): boolean {
  return judged(score) >= MIN_LINKS && rate(score) >= MIN_RATE;
}

function isRegularAlone({ agreedAlone, opposedAlone }: RuleScore): boolean {
  const count = agreedAlone + opposedAlone;
  return count >= MIN_ALONE_LINKS && agreedAlone / count >= MIN_OWN_RATE;
}

function betterOf({ lastRead, oldest }: RuleScores): ProxyRule | null {
  const lead = lastRead.agreedAlone - oldest.agreedAlone || lastRead.agreed - oldest.agreed;
  return lead === 0 ? null : lead > 0 ? 'lastRead' : 'oldest';
}

/** What a history settles. Equal texts: nothing that was left open would be decided now. */
export function settledRules(history: ProxyHistory): string {
  return [...history]
    .map(([program, scores]) =>
      [
        program,
        betterOf(scores),
        ...RULES.map((rule) => `${isRegular(scores[rule])}/${isRegularAlone(scores[rule])}`),
      ].join('|'),
    )
    .sort()
    .join('\n');
}

/** What these links show of each program; for a history, add them up with addScores. */
export function scoreLinks(links: readonly ProxyLink[], images?: ImagesByNetns): ProxyHistory {
  const sides = new Map(RULES.map((rule) => [rule, sidesOf(links, rule)] as const));
  const ofProgram = (link: ProxyLink) => programOf(link, images);
  const rules = scoresBy(links, ofProgram, (link, rule) => verdict(link, rule, sides.get(rule)));
  const unawaited = countBy(links.filter(isUnawaited), ofProgram);
  const shared = countBy(repeatedCauses(links), ofProgram);
  return new Map(
    [...rules].map(([program, scores]): [string, RuleScores] => [
      program,
      {
        ...scores,
        ...{ unawaited: unawaited.get(program) ?? 0, shared: shared.get(program) ?? 0 },
      },
    ]),
  );
}

function countBy(
  links: readonly ProxyLink[],
  keyOf: (link: ProxyLink) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const link of links) counts.set(keyOf(link), (counts.get(keyOf(link)) ?? 0) + 1);
  return counts;
}

/** All answers of one rule, by burst. */
interface Sides {
  /** Upstream burst → the client that the request side names. */
  readonly requestOf: ReadonlyMap<string, string | null>;
  /** Client burst → the upstream that the response side names. */
  readonly responseOf: ReadonlyMap<string, string | null>;
  /** Upstream burst → the clients whose responses name it. */
  readonly clientsOf: ReadonlyMap<string, readonly BurstRef[]>;
  /** Clients that request links name. */
  readonly named: ReadonlySet<string>;
}

const NO_SIDES: Sides = {
  requestOf: new Map(),
  responseOf: new Map(),
  clientsOf: new Map(),
  named: new Set(),
};

function sidesOf(links: readonly ProxyLink[], rule: ProxyRule): Sides {
  const requestOf = new Map<string, string | null>();
  const responseOf = new Map<string, string | null>();
  const clientsOf = new Map<string, BurstRef[]>();
  const namedClients = new Set<string>();
  for (const link of links) {
    const named = link[rule] === null ? null : burstKey(link[rule]);
    const subject = burstKey(link.subject);
    if (link.side === 'request') {
      requestOf.set(subject, named);
      if (named !== null) namedClients.add(named);
    } else {
      responseOf.set(subject, named);
      if (named !== null) clientsOf.set(named, [...(clientsOf.get(named) ?? []), link.subject]);
    }
  }
  return { requestOf, responseOf, clientsOf, named: namedClients };
}

function verdict(link: ProxyLink, rule: ProxyRule, sides: Sides | undefined): RuleVerdict {
  if (link[rule] === null || sides === undefined) return 'unnamed';
  const client = burstKey(link[rule]);
  const upstream = burstKey(link.subject);
  const answer = sides.responseOf.get(client);
  if (answer === upstream) return 'agreed';
  const others = sides.clientsOf.get(upstream) ?? [];
  if (others.length > 0) return 'opposed';
  if (answer === undefined || answer === null) return 'silent';
  const owner = sides.requestOf.get(answer);
  if (owner === client) return 'severalUpstreams';
  return owner === null ? 'silent' : 'opposed';
}

/** Only links whose client was seen to be answered say how good the rule is. */
function scoresBy(
  links: readonly ProxyLink[],
  keyOf: (link: ProxyLink) => string,
  verdictOf: (link: ProxyLink, rule: ProxyRule) => RuleVerdict,
): Map<string, RuleScores> {
  const answered = new Set(
    links.flatMap(({ side, subject }) => (side === 'response' ? [burstKey(subject)] : [])),
  );
  const scores = new Map<string, RuleScores>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const before = scores.get(keyOf(link)) ?? NO_SCORES;
    const scored = (rule: ProxyRule): RuleScore => {
      const client = link[rule];
      if (client === null || !answered.has(burstKey(client))) return NO_SCORE;
      const said = verdictOf(link, rule);
      const [agreed, opposed] = [Number(said === 'agreed'), Number(said === 'opposed')];
      const alone = Number(isTwoNames(link));
      return { agreed, opposed, agreedAlone: agreed * alone, opposedAlone: opposed * alone };
    };
    const more = { lastRead: scored('lastRead'), oldest: scored('oldest') };
    scores.set(keyOf(link), addScores(before, more));
  }
  return scores;
}

/** Each rule names another client burst. */
export function isTwoNames(link: ProxyLink): boolean {
  return link.lastRead !== null && link.oldest !== null && !isOneName(link);
}

/** Both rules name the same client burst. */
export function isOneName({ lastRead, oldest }: ProxyLink): boolean {
  return lastRead !== null && oldest !== null && burstKey(lastRead) === burstKey(oldest);
}

export function burstKey(burst: BurstRef): string {
  return `${burst.isnPairHash}#${burst.burst}`;
}
