/**
 * Times of one proxy's whole window, compared once: what follows goes with the records from then on (inferredLinks),
 * so that paths need not be reconstructed together with everything else that the proxy did at the time.
 */
import { clean } from './clean.ts';
import { linkProxies } from './edges.ts';
import type { Context, Evidence, InferredLink } from './evidence.ts';
import { connectionsOf } from './reconstruct.ts';

/**
 * The links at this place (a key of proxyPlaces) that no key of the records shows, by the steps of reconstruct().
 * `evidence` must hold everything of the place's window: a request that is missing could be the cause of another's.
 */
export function inferLinks(evidence: Evidence, context: Context, place: string): InferredLink[] {
  const cleaned = clean({ ...evidence, inferredLinks: [] }, context.cluster);
  const connections = connectionsOf(cleaned, context);
  const hashOf = new Map(connections.map(({ key, pairHashes }) => [key, pairHashes[0]]));
  const { edges } = linkProxies(connections, cleaned, { ...context, wholePlace: place });
  return edges.flatMap(({ method, inboundKey, outboundKey, bursts, confidence = 0 }) => {
    const [from, to] = [hashOf.get(inboundKey), hashOf.get(outboundKey)];
    if (method !== 'timing' && method !== 'byteCounters') return [];
    if (from === undefined || to === undefined) return [];
    const pairs = method === 'timing' ? (bursts ?? []) : [[1, 1] as const];
    return pairs.map(
      ([inbound, outbound]): InferredLink => ({
        ...{ method, confidence },
        inbound: { isnPairHash: from, burst: inbound },
        outbound: { isnPairHash: to, burst: outbound },
      }),
    );
  });
}
