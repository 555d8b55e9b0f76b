/**
 * Which of the two thread rules does this proxy obey, and how well? Each rule answers twice: on the request side
 * (whose request made this upstream burst?) and on the response side (whose response is this client getting?).
 * A rule whose two answers name the same pair agrees with itself. nginx reads and connects for one client at a
 * time (last read), HAProxy reads first and then connects in that order (oldest unlinked), Go does neither surely.
 */
import type { BurstRef } from '../wire/v1.ts';
import type { ProxyLink } from './evidence.ts';

export type ProxyRule = 'lastRead' | 'oldest';
export const RULES: readonly ProxyRule[] = ['lastRead', 'oldest'];

/** From so many links on, a process's own rate is worth more than a single link's say. */
const MIN_LINKS = 20;
const MIN_RATE = 0.98;

export interface LearnedRules {
  /** The rule of the process that made this link; null while its links do not decide. */
  ruleFor(link: ProxyLink): ProxyRule | null;
  /** The process obeys this rule so regularly that it may be believed where one side is missing. */
  isReliable(link: ProxyLink, rule: ProxyRule): boolean;
  /** Do both sides of this rule name the same pair of bursts? */
  isAgreed(link: ProxyLink, rule: ProxyRule): boolean;
  /** The client that this rule names was answered, and by this rule not by this upstream. */
  isContradicted(link: ProxyLink, rule: ProxyRule): boolean;
}

interface Score {
  links: number;
  agreed: Record<ProxyRule, number>;
}

export function learnRules(links: readonly ProxyLink[]): LearnedRules {
  const responses = links.filter((link) => link.side === 'response');
  const pairs = new Map(
    RULES.map((rule) => [rule, new Set(responses.flatMap((link) => responseKey(link, rule)))]),
  );
  const answered = new Set(responses.map(({ subject }) => burstKey(subject)));
  const isAgreed = (link: ProxyLink, rule: ProxyRule) => {
    const client = link[rule];
    return client !== null && (pairs.get(rule)?.has(pairKey(client, link.subject)) ?? false);
  };
  const scores = new Map<string, Score>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const score = scores.get(processKey(link)) ?? { links: 0, agreed: { lastRead: 0, oldest: 0 } };
    score.links += 1;
    for (const rule of RULES) if (isAgreed(link, rule)) score.agreed[rule] += 1;
    scores.set(processKey(link), score);
  }
  const scoreOf = (link: ProxyLink) =>
    scores.get(processKey(link)) ?? { links: 0, agreed: { lastRead: 0, oldest: 0 } };
  return {
    isAgreed,
    isContradicted: (link, rule) => {
      const client = link[rule];
      if (client === null || !answered.has(burstKey(client))) return false;
      return !(pairs.get(rule)?.has(pairKey(client, link.subject)) ?? false);
    },
    ruleFor: (link) => {
      const { agreed } = scoreOf(link);
      if (agreed.lastRead === agreed.oldest) return null;
      return agreed.lastRead > agreed.oldest ? 'lastRead' : 'oldest';
    },
    isReliable: (link, rule) => {
      const { links: count, agreed } = scoreOf(link);
      return count >= MIN_LINKS && agreed[rule] / count >= MIN_RATE;
    },
  };
}

function responseKey(link: ProxyLink, rule: ProxyRule): string[] {
  const upstream = link[rule];
  return upstream === null ? [] : [pairKey(link.subject, upstream)];
}

function processKey(link: ProxyLink): string {
  return `${link.node}|${link.bootId}|${link.pid}`;
}

export function burstKey(burst: BurstRef): string {
  return `${burst.isnPairHash}#${burst.burst}`;
}

function pairKey(client: BurstRef, upstream: BurstRef): string {
  return `${burstKey(client)}>${burstKey(upstream)}`;
}
