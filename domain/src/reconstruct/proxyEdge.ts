/** One step through a proxy: this inbound connection caused that outbound one. */
import type { LinkMethod } from '../rest/path.ts';

export interface ProxyEdge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly edgeClass: 'A' | 'B' | 'C';
  readonly method: LinkMethod;
  /** Both sides told, or the sender itself. Else a record is missing that would say so, or would deny it. */
  readonly isProven: boolean;
  /** Request bursts that went this way. */
  readonly requests: number;
  /** Which ones, as numbers in the inbound and in the outbound connection; absent: the proxy's links tell. */
  readonly bursts?: readonly (readonly [number, number])[];
  /** Of class C: the chance that it is right. */
  readonly confidence?: number;
}

export function proxyEdge(edge: Omit<ProxyEdge, 'requests' | 'bursts' | 'confidence'>): ProxyEdge {
  const { inboundKey, outboundKey, edgeClass, method, isProven } = edge;
  return { inboundKey, outboundKey, edgeClass, method, isProven, requests: 1 };
}

/** What several bursts, or several kinds of evidence, say of the same two connections. */
export function strongest(a: ProxyEdge, b: ProxyEdge): ProxyEdge {
  const isFirst =
    a.edgeClass === b.edgeClass ? a.isProven || !b.isProven : a.edgeClass < b.edgeClass;
  const bursts = [...(a.bursts ?? []), ...(b.bursts ?? [])];
  return {
    ...(isFirst ? a : b),
    ...(bursts.length === 0 ? {} : { bursts }),
    isProven: a.isProven || b.isProven,
    requests: a.method === b.method ? a.requests + b.requests : Math.max(a.requests, b.requests),
  };
}
