/** One step through a proxy: this inbound connection caused that outbound one. */
export interface ProxyEdge {
  readonly inboundKey: string;
  readonly outboundKey: string;
  readonly edgeClass: 'A' | 'B';
  readonly method: 'threadRule' | 'proxyHeader';
  /** Both sides told, or the sender itself. Else a record is missing that would say so, or would deny it. */
  readonly isProven: boolean;
  /** Request bursts that went this way. */
  readonly requests: number;
}

export function proxyEdge(edge: Omit<ProxyEdge, 'requests'>): ProxyEdge {
  const { inboundKey, outboundKey, edgeClass, method, isProven } = edge;
  return { inboundKey, outboundKey, edgeClass, method, isProven, requests: 1 };
}

/** What several bursts, or several kinds of evidence, say of the same two connections. */
export function strongest(a: ProxyEdge, b: ProxyEdge): ProxyEdge {
  const isFirst =
    a.edgeClass === b.edgeClass ? a.isProven || !b.isProven : a.edgeClass < b.edgeClass;
  return {
    ...(isFirst ? a : b),
    isProven: a.isProven || b.isProven,
    requests: a.method === b.method ? a.requests + b.requests : Math.max(a.requests, b.requests),
  };
}
