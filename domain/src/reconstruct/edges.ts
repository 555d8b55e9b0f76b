/**
 * Step 5: which inbound connection of a proxy caused which outbound one.
 *
 * Two rules answer in the kernel (see proxyLink in wire/v1.ts). Where they name the same request, or where the
 * process is known to obey one of them (proxyRules.ts), that is an edge; two answers that nothing decides
 * between make an ambiguous set and no edge. A PROXY header names the inbound connection itself.
 */
import { tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Evidence, ProxyLink } from './evidence.ts';
import { formKeys } from './forms.ts';
import { burstKey, type LearnedRules, learnRules } from './proxyRules.ts';

export interface ProxyEdge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly edgeClass: 'A' | 'B';
  readonly method: 'threadRule' | 'proxyHeader';
  /** Request bursts that went this way. */
  readonly requests: number;
}

export interface ProxyEdges {
  readonly edges: readonly ProxyEdge[];
  /** By the key of the outbound connection whose cause stays open. */
  readonly ambiguous: ReadonlyMap<string, Warning>;
  /** By the key of an inbound connection whose response was watched: true, the proxy answered by itself. */
  readonly answeredBy: ReadonlyMap<string, boolean>;
}

export function linkProxies(connections: readonly Connection[], evidence: Evidence): ProxyEdges {
  const threads = threadEdges(connections, evidence.proxyLinks);
  const merged = new Map<string, ProxyEdge>();
  for (const edge of [...headerEdges(connections), ...threads.edges]) {
    const key = `${edge.inboundKey}>${edge.outboundKey}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? edge : strongest(known, edge));
  }
  const edges = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  return { edges, ambiguous: threads.ambiguous, answeredBy: threads.answeredBy };
}

function strongest(a: ProxyEdge, b: ProxyEdge): ProxyEdge {
  const best = a.edgeClass <= b.edgeClass ? a : b;
  return {
    ...best,
    requests: a.method === b.method ? a.requests + b.requests : Math.max(a.requests, b.requests),
  };
}

function headerEdges(connections: readonly Connection[]): ProxyEdge[] {
  const byForm = new Map<string, Connection[]>();
  for (const connection of connections) {
    for (const key of formKeys(connection.legs)) {
      const list = byForm.get(key);
      if (list === undefined) byForm.set(key, [connection]);
      else list.push(connection);
    }
  }
  return connections.flatMap((outbound): ProxyEdge[] => {
    const claimed = outbound.proxyHeader?.claimed ?? null;
    if (claimed === null) return [];
    const named = (byForm.get(tupleKey(claimed)) ?? []).filter((each) => each.key !== outbound.key);
    const only = named.length === 1 ? named[0] : undefined;
    if (only === undefined) return [];
    return [edge(only.key, outbound.key, 'A', 'proxyHeader')];
  });
}

function edge(
  inboundKey: string,
  outboundKey: string,
  ...[edgeClass, method]: [ProxyEdge['edgeClass'], ProxyEdge['method']]
): ProxyEdge {
  return { inboundKey, outboundKey, edgeClass, method, requests: 1 };
}

function threadEdges(
  connections: readonly Connection[],
  links: readonly ProxyLink[],
): { edges: ProxyEdge[]; ambiguous: Map<string, Warning>; answeredBy: Map<string, boolean> } {
  const keyOf = new Map(
    connections.flatMap(({ key, pairHashes }) => pairHashes.map((hash) => [hash, key] as const)),
  );
  const rules = learnRules(links);
  const edges: ProxyEdge[] = [];
  const ambiguous = new Map<string, Warning>();
  const claimedUpstream = new Set<string>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const outboundKey = keyOf.get(link.subject.isnPairHash);
    const decision = decide(link, rules);
    claimedUpstream.add(burstKey(link.subject));
    if (decision === null || outboundKey === undefined) continue;
    if ('warning' in decision) ambiguous.set(outboundKey, decision.warning);
    else {
      const inboundKey = keyOf.get(decision.inboundHash);
      if (inboundKey !== undefined)
        edges.push(edge(inboundKey, outboundKey, decision.edgeClass, 'threadRule'));
    }
  }
  const answeredBy = new Map<string, boolean>();
  for (const link of links) {
    if (link.side !== 'response') continue;
    const inboundKey = keyOf.get(link.subject.isnPairHash);
    if (inboundKey === undefined) continue;
    const upstream = lostUpstream(link, claimedUpstream);
    const outboundKey = upstream === null ? undefined : keyOf.get(upstream);
    if (outboundKey !== undefined) edges.push(edge(inboundKey, outboundKey, 'B', 'threadRule'));
    answeredBy.set(inboundKey, upstream === null);
  }
  return { edges, ambiguous, answeredBy };
}

/**
 * The upstream that answered, where only the response side was seen: both rules name one burst, and no request
 * side claims that burst for anybody. null: the burst is somebody else's (a proxy that answers by itself still
 * carries the one before), or nothing is named.
 */
function lostUpstream(link: ProxyLink, claimed: ReadonlySet<string>): string | null {
  const { lastRead, oldest } = link;
  if (lastRead === null || oldest === null || burstKey(lastRead) !== burstKey(oldest)) return null;
  return claimed.has(burstKey(lastRead)) ? null : lastRead.isnPairHash;
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
