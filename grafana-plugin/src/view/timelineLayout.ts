/** Where the cells and marks of a refusal timeline lie. */
import type { Change, RefusalTimeline, TimelinePlace } from './model.ts';

export interface Cell {
  readonly startUs: number;
  readonly x: number;
  readonly width: number;
  readonly refused: number;
  readonly accepted: number;
  readonly kind: 'refused' | 'mixed' | 'accepted';
}

export interface Mark {
  readonly x: number;
  readonly changes: readonly Change[];
}

type Span = Pick<RefusalTimeline, 'fromUs' | 'toUs' | 'stepSeconds'>;

export function xOf({ fromUs, toUs }: Span, us: number, width: number): number {
  return ((us - fromUs) / Math.max(1, toUs - fromUs)) * width;
}

/** One cell a bucket; a time without any connection stays empty. */
export function cellsOf(place: TimelinePlace, span: Span, width: number): Cell[] {
  const cell = (span.stepSeconds * 1e6 * width) / Math.max(1, span.toUs - span.fromUs);
  return place.buckets.map(({ startUs, reset, rejected, dropped, accepted }) => {
    const refused = reset + rejected + dropped;
    return {
      startUs,
      x: xOf(span, startUs, width),
      width: Math.max(1, cell - (cell > 4 ? 1 : 0)),
      refused,
      accepted,
      kind: refused === 0 ? 'accepted' : accepted === 0 ? 'refused' : 'mixed',
    };
  });
}

/** Marks closer than `apart` pixels become one. Changes in order of time, from the left. */
export function marksOf(
  changes: readonly Change[],
  span: Span,
  { width, apart }: { readonly width: number; readonly apart: number },
): Mark[] {
  const inside = changes
    .filter(({ atUs }) => atUs >= span.fromUs && atUs < span.toUs)
    .sort((a, b) => a.atUs - b.atUs);
  const marks: { x: number; changes: Change[] }[] = [];
  for (const change of inside) {
    const x = xOf(span, change.atUs, width);
    const last = marks.at(-1);
    if (last !== undefined && x - last.x < apart) last.changes.push(change);
    else marks.push({ x, changes: [change] });
  }
  return marks;
}

/** Changes that may bear on a place: those of its machine, of one of its services, or of all. */
export function changesAt(place: TimelinePlace, changes: readonly Change[]): Change[] {
  return changes.filter(({ nodes, namespace, name, kind }) => {
    if (kind === 'node') return place.node === name;
    const isService = place.services.includes(`${namespace}/${name}`);
    const isNode = nodes.length === 0 || place.node === null || nodes.includes(place.node);
    const isOfNodes = kind === 'endpoints' || kind === 'health';
    return isService && (!isOfNodes || isNode);
  });
}
