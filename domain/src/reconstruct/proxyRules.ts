/**
 * Which of the two thread rules does this proxy obey? Each rule answers twice: on the request side (whose
 * request made this upstream burst?) and on the response side (whose response is this client getting?). The
 * rule whose two answers agree more often is the proxy's rule: nginx reads and connects for one client at a
 * time (last read), HAProxy reads first and then connects in that order (oldest unlinked).
 */
import type { BurstRef } from '../wire/v1.ts';
import type { ProxyLink } from './evidence.ts';

export type ProxyRule = 'lastRead' | 'oldest';
const RULES: readonly ProxyRule[] = ['lastRead', 'oldest'];

export interface LearnedRules {
  /** The rule of the process that made this link; null while its links do not decide. */
  ruleFor(link: ProxyLink): ProxyRule | null;
  /** Do both sides of this rule name the same pair of bursts? */
  isAgreed(link: ProxyLink, rule: ProxyRule): boolean;
}

export function learnRules(links: readonly ProxyLink[]): LearnedRules {
  const responses = new Map<ProxyRule, Set<string>>(
    RULES.map((rule) => [rule, new Set(links.flatMap((link) => responseKey(link, rule)))]),
  );
  const isAgreed = (link: ProxyLink, rule: ProxyRule) => {
    const client = link[rule];
    return client !== null && (responses.get(rule)?.has(pairKey(client, link.subject)) ?? false);
  };
  const scores = new Map<string, Record<ProxyRule, number>>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const score = scores.get(processKey(link)) ?? { lastRead: 0, oldest: 0 };
    for (const rule of RULES) if (isAgreed(link, rule)) score[rule] += 1;
    scores.set(processKey(link), score);
  }
  return {
    isAgreed,
    ruleFor: (link) => {
      const score = scores.get(processKey(link)) ?? { lastRead: 0, oldest: 0 };
      if (score.lastRead === score.oldest) return null;
      return score.lastRead > score.oldest ? 'lastRead' : 'oldest';
    },
  };
}

function responseKey(link: ProxyLink, rule: ProxyRule): string[] {
  const upstream = link[rule];
  return link.side === 'response' && upstream !== null ? [pairKey(link.subject, upstream)] : [];
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
