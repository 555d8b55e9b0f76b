/** Proxy edges from what the threads of a proxy read and wrote (see proxyLink in wire/v1.ts). */
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { ProxyLink } from './evidence.ts';
import { burstKey, type LearnedRules, learnRules } from './proxyRules.ts';

export interface ProxyEdge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly edgeClass: 'A' | 'B';
  readonly method: 'threadRule' | 'proxyHeader';
  /** Request bursts that went this way. */
  readonly requests: number;
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
  const requests = requestSide(links, keyOf);
  const responses = responseSide(links, keyOf, requests.claims);
  return {
    edges: [...requests.edges, ...responses.edges],
    ambiguous: requests.ambiguous,
    selfAnswered: responses.selfAnswered,
  };
}

function requestSide(links: readonly ProxyLink[], keyOf: ReadonlyMap<string, string>) {
  const rules = learnRules(links);
  const edges: ProxyEdge[] = [];
  const ambiguous = new Map<string, Warning>();
  const claims = new Map<string, string | null>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const outboundKey = keyOf.get(link.subject.isnPairHash);
    const decision = decide(link, rules);
    const isDecided = decision !== null && 'inboundHash' in decision;
    claims.set(burstKey(link.subject), isDecided ? decision.inboundHash : null);
    if (decision === null || outboundKey === undefined) continue;
    if (!isDecided) ambiguous.set(outboundKey, decision.warning);
    const inboundKey = isDecided ? keyOf.get(decision.inboundHash) : undefined;
    if (isDecided && inboundKey !== undefined)
      edges.push(proxyEdge(inboundKey, outboundKey, decision.edgeClass, 'threadRule'));
  }
  return { edges, ambiguous, claims };
}

/**
 * A response whose upstream burst nobody claims on the request side: that link was lost, the response alone
 * names the upstream. A response that only names bursts of other clients (a proxy that answers by itself still
 * carries the one before) was made by the proxy. Anything else stays open.
 */
function responseSide(
  links: readonly ProxyLink[],
  keyOf: ReadonlyMap<string, string>,
  claims: Claims,
) {
  const edges: ProxyEdge[] = [];
  const isSelfAnswered = new Map<string, boolean>();
  for (const link of links) {
    if (link.side !== 'response') continue;
    const inboundKey = keyOf.get(link.subject.isnPairHash);
    if (inboundKey === undefined) continue;
    const upstream = unclaimedUpstream(link, claims);
    const outboundKey = upstream === null ? undefined : keyOf.get(upstream);
    if (outboundKey !== undefined)
      edges.push(proxyEdge(inboundKey, outboundKey, 'B', 'threadRule'));
    const before = isSelfAnswered.get(inboundKey) ?? true;
    isSelfAnswered.set(inboundKey, before && namesOthersOnly(link, claims));
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

function namesOthersOnly({ lastRead, oldest, subject }: ProxyLink, claims: Claims): boolean {
  const causes = [lastRead, oldest].flatMap((burst) =>
    burst === null ? [] : [claims.get(burstKey(burst)) ?? null],
  );
  return causes.length > 0 && causes.every((hash) => hash !== null && hash !== subject.isnPairHash);
}

type Decision = { inboundHash: string; edgeClass: 'A' | 'B' } | { warning: Warning } | null;

/** Rules that name the same request need no choice; else the process's own rule decides, and else nothing does. */
function decide(link: ProxyLink, rules: LearnedRules): Decision {
  const { lastRead, oldest } = link;
  if (lastRead !== null && oldest !== null && burstKey(lastRead) === burstKey(oldest)) {
    return { inboundHash: lastRead.isnPairHash, edgeClass: 'A' };
  }
  const rule = rules.ruleFor(link);
  const named = rule === null ? null : link[rule];
  if (rule !== null && named !== null) {
    return { inboundHash: named.isnPairHash, edgeClass: rules.isAgreed(link, rule) ? 'A' : 'B' };
  }
  const only = lastRead ?? oldest;
  if (only === null) return null;
  if (lastRead === null || oldest === null)
    return { inboundHash: only.isnPairHash, edgeClass: 'B' };
  return {
    warning: {
      code: 'proxyLinkAmbiguous',
      text: `${link.process} on ${link.node}: two inbound requests may have caused this connection, and the responses decide for neither`,
      subject: `${link.node}/${link.process}`,
    },
  };
}
