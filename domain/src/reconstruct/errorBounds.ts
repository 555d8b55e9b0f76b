/** How sure the steps of a path are. */
import type { Hop, PathClass, Warning } from '../rest/path.ts';
import type { DraftHop } from './draftHop.ts';
import type { ProxyEdge } from './proxyEdge.ts';

/**
 * Upper bounds of the chance that an edge is wrong. A: equal ISN pairs (2^-64 a pair) and two-sided thread
 * links (0 wrong in 121,247 measured, rule of three). B: one ISN and tuples, or one rule alone. C: of those that
 * are claimed, where the edge does not say better. D: not decided.
 */
const ERROR_BY_CLASS: Readonly<Record<PathClass, number>> = {
  A: 5e-5,
  B: 1e-2,
  C: 0.1,
  D: 0.5,
  M: 0,
};

export function linkOf(edge: ProxyEdge): NonNullable<Hop['link']> {
  return {
    method: edge.method,
    confidence: edge.confidence ?? 1 - ERROR_BY_CLASS[edge.edgeClass],
  };
}

export function errorOf({ class: hopClass, link }: Pick<Hop, 'class' | 'link'>): number {
  return hopClass === 'C' && link != null ? 1 - link.confidence : ERROR_BY_CLASS[hopClass];
}

/** A link that nobody observed, however likely. */
export function isInferred({ link }: Pick<Hop, 'link'>): boolean {
  return link?.method === 'timing';
}

export function inferredWarnings(drafts: readonly DraftHop[]): Warning[] {
  return drafts.filter(isInferred).map(({ from, link }) => ({
    code: 'linkInferred',
    text: `that ${from.name ?? from.ip} made this connection for this client is inferred from times and sizes, nobody saw it; of such links ${percentOf(link?.confidence ?? 0)} % are right`,
    subject: from.name ?? from.ip,
  }));
}

/** Rounded down: what is inferred is never said to be always right. */
function percentOf(share: number): string {
  return (Math.floor(share * 1000) / 10).toFixed(1);
}
