/**
 * Step 5: which inbound connection of a proxy caused which outbound one.
 *
 * Two rules answer in the kernel (see proxyLink in wire/v1.ts), on the request side and on the response
 * side. Rules that agree, or one answer that the response side confirms, make an edge; two answers that
 * nothing decides between make an ambiguous set and no edge. A PROXY header names the inbound connection itself.
 */
import { isSameTuple } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { BurstRef } from '../wire/v1.ts';
import type { Connection } from './connection.ts';
import type { Evidence, ProxyLink } from './evidence.ts';
import { forms } from './group.ts';

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
  const confirmed = responsePairs(links);
  const edges: ProxyEdge[] = [];
  const ambiguous = new Map<string, Warning>();
  for (const link of links) {
    if (link.side !== 'request') continue;
    const outboundKey = link.subject.isnPairHash;
    const decision = decide(link, confirmed);
    if (decision === null) continue;
    if ('warning' in decision) ambiguous.set(outboundKey, decision.warning);
    else if (known.has(decision.inboundKey) && known.has(outboundKey)) {
      edges.push({ ...decision, outboundKey, method: 'threadRule', requests: 1 });
    }
  }
  return { edges, ambiguous };
}

function decide(
  link: ProxyLink,
  confirmed: ReadonlySet<string>,
): { inboundKey: string; edgeClass: 'A' | 'B' } | { warning: Warning } | null {
  const candidates = distinctBursts([link.lastRead, link.oldest]);
  const agreed = candidates.filter((burst) => confirmed.has(pairOf(burst, link.subject)));
  const only =
    candidates.length === 1 ? candidates[0] : agreed.length === 1 ? agreed[0] : undefined;
  if (only !== undefined) {
    const bothRules = link.lastRead !== null && link.oldest !== null && candidates.length === 1;
    return {
      inboundKey: only.isnPairHash,
      edgeClass: bothRules || agreed.length === 1 ? 'A' : 'B',
    };
  }
  if (candidates.length === 0) return null;
  return {
    warning: {
      code: 'proxyLinkAmbiguous',
      text: `${link.process} on ${link.node}: the thread rules name ${candidates.length} inbound requests as the cause and the response decides for none`,
      subject: `${link.node}/${link.process}`,
    },
  };
}

function distinctBursts(bursts: readonly (BurstRef | null)[]): BurstRef[] {
  const byKey = new Map(
    bursts.flatMap((burst) => (burst === null ? [] : [[burstKey(burst), burst] as const])),
  );
  return [...byKey.values()];
}

/** All (client burst, upstream burst) pairs that the response side names. */
function responsePairs(links: readonly ProxyLink[]): Set<string> {
  return new Set(
    links
      .filter((link) => link.side === 'response')
      .flatMap((link) =>
        distinctBursts([link.lastRead, link.oldest]).map((upstream) =>
          pairOf(link.subject, upstream),
        ),
      ),
  );
}

function burstKey(burst: BurstRef): string {
  return `${burst.isnPairHash}#${burst.burst}`;
}

function pairOf(client: BurstRef, upstream: BurstRef): string {
  return `${burstKey(client)}>${burstKey(upstream)}`;
}
