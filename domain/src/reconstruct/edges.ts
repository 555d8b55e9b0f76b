/**
 * Step 5: which inbound connection of a proxy caused which outbound one.
 *
 * Two rules answer in the kernel (see proxyLink in wire/v1.ts). Where they name the same request, or where the
 * process is known to obey one of them (proxyRules.ts), that is an edge; two answers that nothing decides
 * between make an ambiguous set and no edge. A PROXY header names the inbound connection itself.
 */
import { isSameTuple } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Evidence, ProxyLink } from './evidence.ts';
import { forms } from './group.ts';
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
  return { edges, ambiguous: threads.ambiguous };
}

function strongest(a: ProxyEdge, b: ProxyEdge): ProxyEdge {
  const best = a.edgeClass <= b.edgeClass ? a : b;
  return {
    ...best,
    requests: a.method === b.method ? a.requests + b.requests : Math.max(a.requests, b.requests),
  };
}

function headerEdges(connections: readonly Connection[]): ProxyEdge[] {
  return connections.flatMap((outbound) => {
    const claimed = outbound.proxyHeader?.claimed;
    if (claimed === null || claimed === undefined) return [];
    const inbound = connections.filter(
      (each) =>
        each.key !== outbound.key &&
        each.legs.some((leg) => forms(leg).some((form) => isSameTuple(form, claimed))),
    );
    const only = inbound.length === 1 ? inbound[0] : undefined;
    if (only === undefined) return [];
    return [
      {
        inboundKey: only.key,
        outboundKey: outbound.key,
        edgeClass: 'A',
        method: 'proxyHeader',
        requests: 1,
      } as const,
    ];
  });
}

function threadEdges(
  connections: readonly Connection[],
  links: readonly ProxyLink[],
): { edges: ProxyEdge[]; ambiguous: Map<string, Warning> } {
  const known = new Set(connections.flatMap((connection) => connection.pairHash ?? []));
  const rules = learnRules(links);
  const edges: ProxyEdge[] = [];
  const ambiguous = new Map<string, Warning>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const outboundKey = link.subject.isnPairHash;
    const decision = decide(link, rules);
    if (decision === null) continue;
    if ('warning' in decision) ambiguous.set(outboundKey, decision.warning);
    else if (known.has(decision.inboundKey) && known.has(outboundKey)) {
      edges.push({ ...decision, outboundKey, method: 'threadRule', requests: 1 });
    }
  }
  return { edges, ambiguous };
}

type Decision = { inboundKey: string; edgeClass: 'A' | 'B' } | { warning: Warning } | null;

/** Rules that name the same request need no choice; else the process's own rule decides, and else nothing does. */
function decide(link: ProxyLink, rules: LearnedRules): Decision {
  const { lastRead, oldest } = link;
  if (lastRead !== null && oldest !== null && burstKey(lastRead) === burstKey(oldest)) {
    return { inboundKey: lastRead.isnPairHash, edgeClass: 'A' };
  }
  const rule = rules.ruleFor(link);
  const named = rule === null ? null : link[rule];
  if (rule !== null && named !== null) {
    return { inboundKey: named.isnPairHash, edgeClass: rules.isAgreed(link, rule) ? 'A' : 'B' };
  }
  const only = lastRead ?? oldest;
  if (only === null) return null;
  if (lastRead === null || oldest === null) return { inboundKey: only.isnPairHash, edgeClass: 'B' };
  return {
    warning: {
      code: 'proxyLinkAmbiguous',
      text: `${link.process} on ${link.node}: two inbound requests may have caused this connection, and the responses decide for neither`,
      subject: `${link.node}/${link.process}`,
    },
  };
}
