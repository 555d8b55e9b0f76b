/**
 * Step 5: which inbound connection of a proxy caused which outbound one.
 *
 * Two rules answer in the kernel (see proxyLink in wire/v1.ts and threadEdges.ts); a PROXY header names the
 * inbound connection itself. What nothing decides makes an ambiguous set and no edge.
 */
import { tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Context, Evidence } from './evidence.ts';
import { bucketBy, formKeys } from './forms.ts';
import { lowerRungs } from './lowerRungs.ts';
import { isAddressOf } from './stops.ts';
import { type ProxyEdge, proxyEdge, threadEdges } from './threadEdges.ts';

export interface ProxyEdges {
  readonly edges: readonly ProxyEdge[];
  /** By the key of the outbound connection whose cause stays open. */
  readonly ambiguous: ReadonlyMap<string, Warning>;
  /** Keys of inbound connections that the proxy is known to have answered by itself. */
  readonly selfAnswered: ReadonlySet<string>;
  /** By the key of an outbound connection, what its paths have to say of the link. */
  readonly remarks?: ReadonlyMap<string, Warning>;
}

export function linkProxies(
  connections: readonly Connection[],
  evidence: Evidence,
  context: Context,
): ProxyEdges {
  const threads = threadEdges(connections, evidence.proxyLinks);
  const merged = new Map<string, ProxyEdge>();
  const higher = [...headerEdges(connections, context), ...threads.edges];
  const lower = lowerRungs(connections, evidence, higher, context);
  for (const edge of [...higher, ...lower.edges]) {
    const key = `${edge.inboundKey}>${edge.outboundKey}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? edge : strongest(known, edge));
  }
  const edges = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  const ambiguous = new Map([...lower.open, ...threads.ambiguous]);
  return { edges, ambiguous, selfAnswered: threads.selfAnswered, remarks: lower.remarks };
}

function strongest(a: ProxyEdge, b: ProxyEdge): ProxyEdge {
  const best = a.edgeClass <= b.edgeClass ? a : b;
  const bursts = [...(a.bursts ?? []), ...(b.bursts ?? [])];
  return {
    ...best,
    ...(bursts.length === 0 ? {} : { bursts }),
    requests: a.method === b.method ? a.requests + b.requests : Math.max(a.requests, b.requests),
  };
}

/**
 * The header names the inbound connection by its tuple. Believed only from the party at which that connection
 * ended, while it lived: anybody can write a header, and tuples are used again.
 */
function headerEdges(connections: readonly Connection[], context: Context): ProxyEdge[] {
  const named = connections.flatMap((outbound) => {
    const claimed = outbound.proxyHeader?.claimed ?? null;
    return claimed === null ? [] : [{ outbound, key: tupleKey(claimed) }];
  });
  const wanted = new Set(named.map(({ key }) => key));
  const entries = connections.flatMap((connection) =>
    [...formKeys(connection.legs)].flatMap((key) => (wanted.has(key) ? [{ key, connection }] : [])),
  );
  const byForm = bucketBy(entries, ({ key }) => key);
  const fits = named.flatMap(({ outbound, key }) => {
    const candidates = (byForm.get(key) ?? []).filter(({ connection }) =>
      isHandedOn(connection, outbound, context),
    );
    const only = candidates.length === 1 ? candidates[0] : undefined;
    return only === undefined ? [] : [{ inbound: only.connection, outbound }];
  });
  const claims = bucketBy(fits, ({ inbound }) => inbound.key);
  return fits
    .filter(({ inbound }) => claims.get(inbound.key)?.length === 1)
    .map(({ inbound, outbound }) => proxyEdge(inbound.key, outbound.key, 'A', 'proxyHeader'));
}

/** The outbound connection starts where the inbound one ends, and while it was open (by that machine's own clock). */
function isHandedOn(inbound: Connection, outbound: Connection, context: Context): boolean {
  const end = inbound.legs.at(-1);
  const start = outbound.legs[0];
  if (end === undefined || start === undefined || inbound.key === outbound.key) return false;
  const source = (start.original ?? start.tuple).src.ip;
  const isSamePlace = end.tuple.dst.ip === source || isAddressOf(context, end.node, source);
  if (!isSamePlace || end.node !== start.node) return isSamePlace;
  const offsetNs = (start.startUs - end.startUs) * 1000 + start.synNs;
  return offsetNs >= end.synNs && (end.endNs === null || offsetNs <= end.endNs);
}
