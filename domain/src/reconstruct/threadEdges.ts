/** Proxy edges from what the threads of a proxy read and wrote (see proxyLink in wire/v1.ts). */
import type { Warning } from '../rest/path.ts';
import type { BurstRef } from '../wire/v1.ts';
import type { Connection } from './connection.ts';
import type { Context, ProxyLink } from './evidence.ts';
import { type ProxyEdge, proxyEdge } from './proxyEdge.ts';
import { burstKey, isOneName, isTwoNames, type LearnedRules, learnRules } from './proxyRules.ts';
import { type ProxyRule, RULES } from './ruleScores.ts';
import { severalAtOnce } from './severalAtOnce.ts';

interface ThreadEdges {
  readonly edges: ProxyEdge[];
  readonly ambiguous: ReadonlyMap<string, Warning>;
  readonly selfAnswered: ReadonlySet<string>;
}

type KeyOf = ReadonlyMap<string, string>;
type Decision = Pick<ProxyEdge, 'edgeClass' | 'isProven'> & { readonly client: BurstRef };

interface Doubts {
  /** Around attempts that failed. */
  isShaken(link: ProxyLink): boolean;
  /** Around requests for which nobody waited. */
  isOutOfStep(link: ProxyLink): boolean;
}

/** What the request side came to: each upstream burst with its client, where that is decided. */
interface RequestSide {
  readonly edges: ProxyEdge[];
  readonly ambiguous: Map<string, Warning>;
  /** Every upstream burst with a link of its own → its client's ISN pair hash; null: open. */
  readonly claims: Map<string, string | null>;
  /** Upstream bursts whose client both sides name. */
  readonly confirmed: Set<string>;
  /** Keys of inbound connections that may have gone on by a link that is open, or not proven to be another's. */
  readonly suspected: Set<string>;
}

export interface DecidedLink {
  readonly upstream: BurstRef;
  /** The client's burst that caused it. */
  readonly client: BurstRef;
  readonly edgeClass: 'A' | 'B' | 'C';
  readonly isProven: boolean;
}

/** Burst by burst what cleaned links come to, in their order; what stays open is left out. */
export function decidedLinks(
  links: readonly ProxyLink[],
  context: Pick<Context, 'images' | 'proxyHistory'> = {},
): DecidedLink[] {
  const rules = learnRules(links, context);
  const { isOutOfStep } = severalAtOnce(links);
  return links.flatMap((link) => {
    const isInDoubt = isOutOfStep(link) && rules.countsByQueue(link);
    const decision = link.side === 'request' ? decide(link, rules, isInDoubt) : null;
    return decision === null ? [] : [{ upstream: link.subject, ...decision }];
  });
}

export function threadEdges(
  connections: readonly Connection[],
  links: readonly ProxyLink[],
  context: Pick<Context, 'proxyHistory' | 'images' | 'failedAttempts'> = {},
): ThreadEdges {
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const rules = learnRules(links, context);
  const isShaken = shakenBy(connections, context.failedAttempts);
  const several = severalAtOnce(links);
  const isOutOfStep = (link: ProxyLink) => several.isOutOfStep(link) && rules.countsByQueue(link);
  const requests = requestSide(links, keyOf, rules, { isShaken, isOutOfStep });
  const isSilent = (link: ProxyLink) =>
    rules.hasSeveralAtOnce(link) || isOutOfStep(link) || several.hasSharedUpstreams(link);
  return {
    edges: requests.edges,
    ambiguous: requests.ambiguous,
    selfAnswered: selfAnsweredOf(links, keyOf, requests, rules, isSilent),
  };
}

/**
 * A proxy whose upstream refuses it connects again, and by then it may be another client's turn: in a simulated
 * HAProxy both sides of the oldest rule confirmed a wrong link. Around attempts that failed one rule is no proof.
 */
function shakenBy(
  connections: readonly Connection[],
  failedAttempts: Context['failedAttempts'],
): (link: ProxyLink) => boolean {
  if (failedAttempts === undefined) return () => false;
  const sources = new Map(
    connections.flatMap(({ legs: [first], pairHashes }) =>
      first === undefined
        ? []
        : pairHashes.map((hash) => [hash, (first.original ?? first.tuple).src.ip] as const),
    ),
  );
  return ({ subject, startUs }) => {
    const ip = sources.get(subject.isnPairHash);
    return ip !== undefined && failedAttempts.has(ip, { fromUs: startUs, toUs: startUs });
  };
}

function requestSide(
  links: readonly ProxyLink[],
  keyOf: KeyOf,
  rules: LearnedRules,
  { isShaken, isOutOfStep }: Doubts,
): RequestSide {
  const side: RequestSide = {
    edges: [],
    ambiguous: new Map(),
    claims: new Map(),
    confirmed: new Set(),
    suspected: new Set(),
  };
  for (const link of links) {
    if (link.side !== 'request') continue;
    const upstream = burstKey(link.subject);
    const decision = decide(link, rules, isOutOfStep(link));
    side.claims.set(upstream, decision?.client.isnPairHash ?? null);
    if (RULES.some((rule) => rules.verdictOf(link, rule) === 'agreed'))
      side.confirmed.add(upstream);
    const outboundKey = keyOf.get(link.subject.isnPairHash);
    if (decision === null || !decision.isProven) suspect(link, keyOf, side.suspected);
    if (outboundKey === undefined) continue;
    if (decision === null) {
      side.ambiguous.set(outboundKey, openLink(link));
      continue;
    }
    const inboundKey = keyOf.get(decision.client.isnPairHash);
    if (inboundKey === undefined) continue;
    const isProven = decision.isProven && (isByBoth(link, rules) || !isShaken(link));
    const { edgeClass } = decision;
    const method = 'threadRule';
    side.edges.push(proxyEdge({ inboundKey, outboundKey, edgeClass, method, isProven }));
  }
  return side;
}

function suspect({ lastRead, oldest }: ProxyLink, keyOf: KeyOf, suspected: Set<string>): void {
  for (const burst of [lastRead, oldest]) {
    const key = burst === null ? undefined : keyOf.get(burst.isnPairHash);
    if (key !== undefined) suspected.add(key);
  }
}

/**
 * Inbound connections that the proxy answered by itself, every burst of them: a response that names nobody, or only
 * bursts whose own client got them. Go's threads, which obey no rule, prove nothing by silence; nor does silence where
 * several requests go at once (`isSilent`). A response that names a burst without a request link links nothing: that
 * link was lost, and a proxy's own answer may name what still waits.
 */
function selfAnsweredOf(
  links: readonly ProxyLink[],
  keyOf: KeyOf,
  requests: RequestSide,
  rules: LearnedRules,
  isSilent: (link: ProxyLink) => boolean,
): Set<string> {
  const ownAnswers = new Map<string, Set<number> | null>();
  for (const link of links) {
    if (link.side !== 'response') continue;
    const inboundKey = keyOf.get(link.subject.isnPairHash);
    if (inboundKey === undefined) continue;
    const isOwn =
      rules.reliableRules(link).length > 0 &&
      !requests.suspected.has(inboundKey) &&
      namesOthersOnly(link, requests) &&
      !isSilent(link);
    const known = ownAnswers.get(inboundKey);
    if (!isOwn || known === null) ownAnswers.set(inboundKey, null);
    else ownAnswers.set(inboundKey, (known ?? new Set()).add(link.subject.burst));
  }
  return new Set([...ownAnswers].flatMap(([key, bursts]) => (isUnbroken(bursts) ? [key] : [])));
}

/** The first burst and every one up to the last that was seen: none in between was lost. */
function isUnbroken(bursts: ReadonlySet<number> | null): boolean {
  return bursts !== null && bursts.size > 0 && Math.max(...bursts) === bursts.size;
}

function namesOthersOnly(
  { lastRead, oldest, subject }: ProxyLink,
  { claims, confirmed }: RequestSide,
): boolean {
  const bursts = [lastRead, oldest].filter((burst) => burst !== null);
  return bursts.every((burst) => {
    const owner = claims.get(burstKey(burst)) ?? null;
    return owner !== null && owner !== subject.isnPairHash && confirmed.has(burstKey(burst));
  });
}

/**
 * Believed is what the response side confirms, or what a process does so regularly that one side is enough.
 * What the response side contradicts, and what two rules name differently with nothing to choose, stays open.
 */
function decide(link: ProxyLink, rules: LearnedRules, isOutOfStep: boolean): Decision | null {
  if (isOutOfStep) return decideOutOfStep(link, rules);
  const reliable = rules.reliableRules(link);
  if (reliable.length === 0) return withoutRule(link, rules);
  const receiver = reliable.includes('lastRead') ? receiverOf(link, rules) : null;
  if (receiver !== null) return { client: receiver, edgeClass: 'B', isProven: false };
  const naming = reliable.filter((rule) => link[rule] !== null);
  const agreed = naming.filter((rule) => rules.verdictOf(link, rule) === 'agreed');
  if (isTwoNames(link)) {
    const rule = naming.length === 1 ? naming[0] : rules.betterRule(link);
    if (rule == null || !isKnownAlone(link, rule, agreed, rules)) return null;
    return byReliableRule(link, rule, rules);
  }
  const rule = agreed[0] ?? naming[0];
  const decision = rule === undefined ? null : byReliableRule(link, rule, rules);
  // The other rule names nobody: a second try, or a queue that ran over.
  const isProven = isOneName(link) || decision?.edgeClass === 'A';
  return decision === null ? null : { ...decision, isProven: decision.isProven && isProven };
}

/**
 * Each rule names another client: the one that is known to be right where they differ, unless the other one alone is
 * confirmed. nginx that reads a PROXY header first and the request when it comes back to the client names two wherever
 * several clients come at once, before it did so often enough to be known: then what was measured of its name, confirmed
 * by both sides, is known enough.
 */
function isKnownAlone(
  link: ProxyLink,
  rule: ProxyRule,
  agreed: readonly ProxyRule[],
  rules: LearnedRules,
): boolean {
  const isConfirmed = agreed.includes(rule);
  if (rules.isReliableAlone(link, rule)) return agreed.length === 0 || isConfirmed;
  return isConfirmed && agreed.length === 1 && rules.measuredRule(link) === rule;
}

/**
 * Where a process obeys the last read, who gets an upstream's answer is who asked, also where the request side names
 * nobody, or somebody whose answer came from elsewhere: nginx reads ahead in TLS, and begins requests it read long ago.
 */
function receiverOf(link: ProxyLink, rules: LearnedRules): BurstRef | null {
  const verdict = rules.verdictOf(link, 'lastRead');
  if (verdict !== 'unnamed' && verdict !== 'opposed') return null;
  return rules.soleReceiver(link, 'lastRead');
}

/**
 * Where a queue lost step its rule names the clients of others, and by chance both sides and both rules do. Believed is
 * what a response confirms and nobody else claims: strong, and no proof. Simulated HAProxy, 60 worlds,
 * three clients in ten with HTTP/2: 11 wrong of 3,507.
 */
function decideOutOfStep(link: ProxyLink, rules: LearnedRules): Decision | null {
  if (isTwoNames(link) || rules.isContested(link)) return null;
  const rule = RULES.find((each) => rules.verdictOf(link, each) === 'agreed');
  const client = rule === undefined ? null : link[rule];
  return client === null ? null : { client, edgeClass: 'B', isProven: false };
}

function byReliableRule(link: ProxyLink, rule: ProxyRule, rules: LearnedRules): Decision | null {
  const client = link[rule];
  if (client === null) return null;
  switch (rules.verdictOf(link, rule)) {
    case 'agreed':
      return { client, edgeClass: 'A', isProven: true };
    case 'severalUpstreams':
      return { client, edgeClass: 'B', isProven: true };
    case 'silent':
      return { client, edgeClass: 'B', isProven: false };
    default:
      return null;
  }
}

/**
 * No rule is known to hold, but perhaps by the program's name. Simulated Go (seeds 1 to 4 and 20 to 31, 60 worlds
 * each), links whose two rules name one client, by what the response side says: confirmed by both 0 wrong of 51,270,
 * by one 15 of 62,293 (strong, not proven), by none 198 of the 5,097 that were counted (left open). Later one was
 * wrong that both confirmed, and a second client claimed its upstream: so that is asked, too. A rule that is alone
 * in naming its client, confirmed by its own response side, is right in 99 of 100, measured as well.
 */
function withoutRule(link: ProxyLink, rules: LearnedRules): Decision | null {
  const verdicts = RULES.map((rule) => ({ rule, verdict: rules.verdictOf(link, rule) }));
  const agreed = verdicts.filter(({ verdict }) => verdict === 'agreed').map(({ rule }) => rule);
  if (!isOneName(link)) {
    const [only, another] = agreed;
    const client = only === undefined || another !== undefined ? null : link[only];
    return client === null ? null : { client, edgeClass: 'B', isProven: false };
  }
  const client = link.lastRead;
  if (client === null) return null;
  const measured = rules.measuredRule(link);
  const isMeasured = measured !== null && agreed.includes(measured);
  if (isMeasured || isByBoth(link, rules)) return { client, edgeClass: 'A', isProven: true };
  const said = verdicts.map(({ verdict }) => verdict);
  const isOwnOther = said.includes('severalUpstreams') && !said.includes('opposed');
  return agreed.length > 0 || isOwnOther ? { client, edgeClass: 'B', isProven: false } : null;
}

/** Both rules name the pair on both sides, and nobody else claims the upstream. */
function isByBoth(link: ProxyLink, rules: LearnedRules): boolean {
  return (
    isOneName(link) &&
    RULES.every((rule) => rules.verdictOf(link, rule) === 'agreed') &&
    !rules.isContested(link)
  );
}

function openLink(link: ProxyLink): Warning {
  return {
    code: 'proxyLinkAmbiguous',
    text: `${link.process} on ${link.node}: which inbound request caused this connection is not decided by what its threads read and wrote`,
    subject: `${link.node}/${link.process}`,
  };
}
