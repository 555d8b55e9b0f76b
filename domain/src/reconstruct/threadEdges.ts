/** Proxy edges from what the threads of a proxy read and wrote (see proxyLink in wire/v1.ts). */
import type { LinkMethod, Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { ProxyLink } from './evidence.ts';
import { burstKey, type LearnedRules, learnRules, RULES } from './proxyRules.ts';

export interface ProxyEdge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly edgeClass: 'A' | 'B' | 'C';
  readonly method: LinkMethod;
  /** Request bursts that went this way. */
  readonly requests: number;
  /** Which ones, as numbers in the inbound and in the outbound connection; absent: the proxy's links tell. */
  readonly bursts?: readonly (readonly [number, number])[];
  /** Of class C: the chance that it is right. */
  readonly confidence?: number;
}

export function proxyEdge(
  inboundKey: string,
  outboundKey: string,
  ...[edgeClass, method]: [ProxyEdge['edgeClass'], ProxyEdge['method']]
): ProxyEdge {
  return { inboundKey, outboundKey, edgeClass, method, requests: 1 };
}

interface ThreadEdges {
  readonly edges: ProxyEdge[];
  readonly ambiguous: ReadonlyMap<string, Warning>;
  readonly selfAnswered: ReadonlySet<string>;
}

/** Upstream burst → hash of the inbound connection that caused it; null where that stays open. */
type Claims = ReadonlyMap<string, string | null>;

export function threadEdges(
  connections: readonly Connection[],
  links: readonly ProxyLink[],
): ThreadEdges {
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const rules = learnRules(links);
  const requests = requestSide(links, keyOf, rules);
  const responses = responseSide(links, keyOf, { ...requests, rules });
  return {
    edges: [...requests.edges, ...responses.edges],
    ambiguous: requests.ambiguous,
    selfAnswered: responses.selfAnswered,
  };
}

function requestSide(
  links: readonly ProxyLink[],
  keyOf: ReadonlyMap<string, string>,
  rules: LearnedRules,
) {
  const edges: ProxyEdge[] = [];
  const ambiguous = new Map<string, Warning>();
  const claims = new Map<string, string | null>();
  const confirmed = new Set<string>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const outboundKey = keyOf.get(link.subject.isnPairHash);
    const decision = decide(link, rules);
    const isDecided = decision !== null && 'inboundHash' in decision;
    claims.set(burstKey(link.subject), isDecided ? decision.inboundHash : null);
    if (RULES.some((rule) => rules.isAgreed(link, rule))) confirmed.add(burstKey(link.subject));
    if (decision === null || outboundKey === undefined) continue;
    if (!isDecided) ambiguous.set(outboundKey, decision.warning);
    const inboundKey = isDecided ? keyOf.get(decision.inboundHash) : undefined;
    if (isDecided && inboundKey !== undefined)
      edges.push(proxyEdge(inboundKey, outboundKey, decision.edgeClass, 'threadRule'));
  }
  return { edges, ambiguous, claims, confirmed };
}

/**
 * A response that both rules trace to one upstream burst which nobody claims on the request side: that link was
 * lost, the response alone names the upstream. A response that names only bursts whose own client got them
 * (a proxy that answers by itself still carries the one before) was made by the proxy. Anything else stays open.
 */
function responseSide(
  links: readonly ProxyLink[],
  keyOf: ReadonlyMap<string, string>,
  {
    claims,
    confirmed,
    rules,
  }: { claims: Claims; confirmed: ReadonlySet<string>; rules: LearnedRules },
) {
  const edges: ProxyEdge[] = [];
  const isSelfAnswered = new Map<string, boolean>();
  for (const link of links) {
    if (link.side !== 'response') continue;
    const inboundKey = keyOf.get(link.subject.isnPairHash);
    if (inboundKey === undefined) continue;
    // Only of a process that is known to obey one of the rules: Go's threads prove nothing by silence.
    const isRegular = RULES.some((rule) => rules.isReliable(link, rule));
    const upstream = isRegular ? unclaimedUpstream(link, claims) : null;
    const outboundKey = upstream === null ? undefined : keyOf.get(upstream);
    if (outboundKey !== undefined)
      edges.push(proxyEdge(inboundKey, outboundKey, 'B', 'threadRule'));
    const before = isSelfAnswered.get(inboundKey) ?? true;
    const isOwn = isRegular && namesOthersOnly(link, claims, confirmed);
    isSelfAnswered.set(inboundKey, before && isOwn);
  }
  const selfAnswered = new Set(
    [...isSelfAnswered].flatMap(([key, isSure]) => (isSure ? [key] : [])),
  );
  return { edges, selfAnswered };
}

function unclaimedUpstream({ lastRead, oldest }: ProxyLink, claims: Claims): string | null {
  if (lastRead === null || oldest === null || burstKey(lastRead) !== burstKey(oldest)) return null;
  return claims.has(burstKey(lastRead)) ? null : lastRead.isnPairHash;
}

function namesOthersOnly(
  { lastRead, oldest, subject }: ProxyLink,
  claims: Claims,
  confirmed: ReadonlySet<string>,
): boolean {
  const bursts = [lastRead, oldest].filter((burst) => burst !== null);
  return (
    bursts.length > 0 &&
    bursts.every((burst) => {
      const owner = claims.get(burstKey(burst)) ?? null;
      return owner !== null && owner !== subject.isnPairHash && confirmed.has(burstKey(burst));
    })
  );
}

type Decision = { inboundHash: string; edgeClass: 'A' | 'B' } | { warning: Warning } | null;

/**
 * Believed is what the response side confirms, or what a process does so regularly that one side is enough.
 * What the response side contradicts, and what two rules name differently with nothing to choose, stays open.
 */
function decide(link: ProxyLink, rules: LearnedRules): Decision {
  const { lastRead, oldest } = link;
  const isOneName = lastRead !== null && oldest !== null && burstKey(lastRead) === burstKey(oldest);
  if (isOneName) return decideOneName(link, lastRead.isnPairHash, rules);
  const agreed = RULES.filter((rule) => rules.isAgreed(link, rule));
  const rule = agreed.length === 1 ? (agreed[0] ?? null) : rules.ruleFor(link);
  const named = rule === null ? null : link[rule];
  if (rule !== null && named !== null && !rules.isContradicted(link, rule)) {
    const isReliable = rules.isReliable(link, rule);
    if (rules.isAgreed(link, rule))
      return { inboundHash: named.isnPairHash, edgeClass: isReliable ? 'A' : 'B' };
    if (isReliable) return { inboundHash: named.isnPairHash, edgeClass: 'B' };
  }
  return lastRead === null && oldest === null ? null : open(link);
}

/**
 * Both rules name one request: right in nginx and HAProxy always, in Go 98 of 100 times (simulated). The response
 * side has to confirm it by the process's own rule; the other rule may agree by chance.
 */
function decideOneName(link: ProxyLink, inboundHash: string, rules: LearnedRules): Decision {
  const own = rules.ruleFor(link);
  const judges = own === null ? RULES : [own];
  if (judges.every((rule) => rules.isAgreed(link, rule))) return { inboundHash, edgeClass: 'A' };
  const isOpposed = judges.some((rule) => rules.isContradicted(link, rule));
  return isOpposed ? open(link) : { inboundHash, edgeClass: 'B' };
}

function open(link: ProxyLink): { warning: Warning } {
  return {
    warning: {
      code: 'proxyLinkAmbiguous',
      text: `${link.process} on ${link.node}: which inbound request caused this connection is not decided by what its threads read and wrote`,
      subject: `${link.node}/${link.process}`,
    },
  };
}
