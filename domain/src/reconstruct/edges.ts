/**
 * Step 6: which inbound connection of a proxy caused which outbound one.
 *
 * Two rules answer in the kernel (see proxyLink in wire/v1.ts and threadEdges.ts); a PROXY header names the
 * inbound connection itself. What nothing decides makes an ambiguous set and no edge.
 */
import { tupleKey } from '../model/tuple.ts';
import type { Warning } from '../rest/path.ts';
import type { Connection } from './connection.ts';
import type { Context, Evidence } from './evidence.ts';
import { bucketBy, formKeys, partition } from './forms.ts';
import { lowerRungs } from './lowerRungs.ts';
import { type ProxyEdge, proxyEdge, strongest } from './proxyEdge.ts';
import { isAddressOf } from './stops.ts';
import { threadEdges } from './threadEdges.ts';

export interface ProxyEdges {
  readonly edges: readonly ProxyEdge[];
  /** Keys of inbound connections that led to several outbound ones. */
  readonly branching: ReadonlySet<string>;
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
  const threads = threadEdges(connections, evidence.proxyLinks, context);
  const headers = headerEdges(connections, context);
  const isDenied = deniedBy(threads.edges);
  const [doubted, held] = partition(headers, isDenied);
  const merged = new Map<string, ProxyEdge>();
  const higher = [...held, ...threads.edges];
  const lower = lowerRungs(connections, evidence, higher, context);
  for (const edge of [...higher, ...lower.edges]) {
    const key = pairKey(edge);
    const known = merged.get(key);
    merged.set(key, known === undefined ? edge : strongest(known, edge));
  }
  const edges = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  const onward = bucketBy(edges, ({ inboundKey }) => inboundKey);
  const branching = new Set([...onward].flatMap(([key, list]) => (list.length > 1 ? [key] : [])));
  const ambiguous = new Map([...lower.open, ...threads.ambiguous]);
  for (const { outboundKey } of doubted) ambiguous.set(outboundKey, headerDenied(outboundKey));
  const { selfAnswered } = threads;
  return { edges, branching, ambiguous, selfAnswered, remarks: lower.remarks };
}

/** A connection with a header serves one client's connection: threads that say otherwise, on either side, refute it. */
function deniedBy(threads: readonly ProxyEdge[]): (header: ProxyEdge) => boolean {
  const pairs = new Set(threads.map(pairKey));
  const inbound = new Set(threads.map(({ inboundKey }) => inboundKey));
  const outbound = new Set(threads.map(({ outboundKey }) => outboundKey));
  return (header) =>
    (inbound.has(header.inboundKey) || outbound.has(header.outboundKey)) &&
    !pairs.has(pairKey(header));
}

function pairKey({ inboundKey, outboundKey }: ProxyEdge): string {
  return `${inboundKey}>${outboundKey}`;
}

function headerDenied(outboundKey: string): Warning {
  return {
    code: 'proxyLinkAmbiguous',
    text: 'the PROXY header names a connection that, by what the threads read and wrote, was passed on elsewhere: a tuple that was used again',
    subject: outboundKey,
  };
}

/**
 * The header names the inbound connection by its tuple. Believed only from the party at which that connection
 * ended, while it lived: anybody can write a header, and tuples are used again. Where this tuple was, the header
 * alone is no proof.
 */
function headerEdges(connections: readonly Connection[], context: Context): ProxyEdge[] {
  const named = connections.flatMap((outbound) => {
    const claimed = outbound.proxyHeader?.claimed ?? null;
    return claimed === null ? [] : [{ outbound, key: tupleKey(claimed) }];
  });
  if (named.length === 0) return [];
  const claims = bucketBy(named, ({ key }) => key);
  const entries = connections.flatMap((connection) =>
    [...formKeys(connection.legs)].flatMap((key) => (claims.has(key) ? [{ key, connection }] : [])),
  );
  const byForm = bucketBy(entries, ({ key }) => key);
  const fits = named.flatMap(({ outbound, key }) => {
    const carriers = byForm.get(key) ?? [];
    const candidates = carriers.filter(({ connection }) =>
      isHandedOn(connection, outbound, context),
    );
    const only = candidates.length === 1 ? candidates[0] : undefined;
    const isProven = carriers.length === 1 && claims.get(key)?.length === 1;
    return only === undefined ? [] : [{ inbound: only.connection, outbound, isProven }];
  });
  const byInbound = bucketBy(fits, ({ inbound }) => inbound.key);
  return fits
    .filter(({ inbound }) => byInbound.get(inbound.key)?.length === 1)
    .map(({ inbound, outbound, isProven }) =>
      proxyEdge({
        ...{ inboundKey: inbound.key, outboundKey: outbound.key },
        ...{ edgeClass: 'A', method: 'proxyHeader', isProven },
      }),
    );
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
