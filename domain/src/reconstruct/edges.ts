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
import type { Evidence } from './evidence.ts';
import { formKeys } from './forms.ts';
import { type ProxyEdge, proxyEdge, threadEdges } from './threadEdges.ts';

export interface ProxyEdges {
  readonly edges: readonly ProxyEdge[];
  /** By the key of the outbound connection whose cause stays open. */
  readonly ambiguous: ReadonlyMap<string, Warning>;
  /** Keys of inbound connections that the proxy is known to have answered by itself. */
  readonly selfAnswered: ReadonlySet<string>;
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
  return { edges, ambiguous: threads.ambiguous, selfAnswered: threads.selfAnswered };
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
    return [proxyEdge(only.key, outbound.key, 'A', 'proxyHeader')];
  });
}
