/** What a path graph says of an edge, in words. */
import { formatNs, formatShare, plural } from './format.ts';
import type { GraphEdge, GraphNode } from './graphModel.ts';

/** `45 %`; says `<1 %` and `>99 %` rather than none or all. */
export function shareText({ share }: GraphEdge): string {
  return formatShare(share, 1);
}

/** Median: `800 µs`, `≤ 2.1 ms`, `not measured`. */
export function latencyText({ medianNs, isBound }: GraphEdge): string {
  if (medianNs === null) return 'not measured';
  return isBound ? `≤ ${formatNs(medianNs)}` : formatNs(medianNs);
}

/** `p99 2 ms`; empty for a bound, and of fewer than 100 round trips, of which it says nothing. */
export function tailText({ p99Ns, isBound, measured }: GraphEdge): string {
  return p99Ns === null || isBound || measured < 100 ? '' : `p99 ${formatNs(p99Ns)}`;
}

/** What is wrong with it, the worst first; empty if nothing is known to be. */
export function troubleText({ refused, extra, paths }: GraphEdge): string {
  const parts = [];
  if (refused > 0) parts.push(refused === paths ? 'all refused' : `${refused} refused`);
  if (extra > 0) parts.push(`${extra} extra ${extra === 1 ? 'hop' : 'hops'}`);
  return parts.join(' · ');
}

export type EdgeTone = 'refused' | 'extra' | 'plain';

export function toneOf({ refused, extra }: GraphEdge): EdgeTone {
  if (refused > 0) return 'refused';
  return extra > 0 ? 'extra' : 'plain';
}

/** The whole edge as one sentence, to be read out. */
export function edgeSentence(edge: GraphEdge, source: GraphNode, target: GraphNode): string {
  const tail = tailText(edge);
  const latency =
    edge.medianNs === null
      ? 'round trip not measured'
      : `median round trip ${latencyText(edge)}${tail === '' ? '' : ` (${tail})`}`;
  const trouble = troubleText(edge);
  const unseen = edge.unseen === 0 ? '' : `; ${edge.unseen} not seen by an agent`;
  return `${source.title} to ${target.title}: ${plural(edge.paths, 'path')}, ${shareText(edge)}, ${latency}${trouble === '' ? '' : `; ${trouble}`}${unseen}`;
}
