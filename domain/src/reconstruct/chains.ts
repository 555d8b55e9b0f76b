/** Step 7: from each connection that no proxy caused, walk the proxy edges to the far end. One chain, one path. */
import type { Connection } from './connection.ts';
import type { ProxyEdges } from './edges.ts';
import { bucketBy } from './forms.ts';
import type { ProxyEdge } from './proxyEdge.ts';

export interface ChainLink {
  readonly connection: Connection;
  /** The edge that led here; null for the first. */
  readonly edge: ProxyEdge | null;
}

export type Chain = readonly ChainLink[];

export function walkChains(connections: readonly Connection[], { edges }: ProxyEdges): Chain[] {
  const byKey = new Map(connections.map((connection) => [connection.key, connection]));
  const caused = new Set(edges.map((edge) => edge.outboundKey));
  const byInbound = bucketBy(edges, (edge) => edge.inboundKey);
  const next = (key: string) => byInbound.get(key) ?? [];

  const extend = (chain: Chain, seen: ReadonlySet<string>): Chain[] => {
    const last = chain.at(-1)?.connection.key ?? '';
    const onward = next(last).flatMap((edge) => {
      const connection = byKey.get(edge.outboundKey);
      if (connection === undefined || seen.has(connection.key)) return [];
      return extend([...chain, { connection, edge }], new Set([...seen, connection.key]));
    });
    return onward.length > 0 ? onward : [chain];
  };
  return connections
    .filter((connection) => !caused.has(connection.key))
    .flatMap((connection) => extend([{ connection, edge: null }], new Set([connection.key])));
}
