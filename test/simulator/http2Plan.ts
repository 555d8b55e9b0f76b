/** Which worlds have HTTP/2. */
import type { Random } from './random.ts';

export interface Http2Plan {
  /** Clients that speak it; the others speak HTTP/1.1. */
  readonly share: number;
  /** The proxies speak it to their upstreams as well: one connection, several clients. */
  readonly hasUpstreams: boolean;
}

const RARE = 0.12;
const NONE: Http2Plan = { share: 0, hasUpstreams: false };

export function drawHttp2(rare: Random): Http2Plan {
  if (!rare.chance(RARE)) return NONE;
  return { share: rare.pick([0.03, 0.3, 1]), hasUpstreams: rare.chance(0.25) };
}

export function http2InWords({ share, hasUpstreams }: Http2Plan): string[] {
  return [...(share > 0 ? ['HTTP/2'] : []), ...(hasUpstreams ? ['HTTP/2 to the backends'] : [])];
}
