/** What really happened, in the words of a path document, so that every claim can be held against it. */
import { formatEndpoint, isSameEndpoint } from '@hoptrace/domain/model/tuple.ts';
import { type ConnectionSpec, flow } from './connection.ts';

/**
 * `hops`: every step and every rewrite of the source, as a complete path names them.
 * `alsoTrue`: what a path with gaps may say besides (tuples as some tap saw them).
 */
export interface Truth {
  readonly id: string;
  readonly hops: readonly string[];
  readonly alsoTrue: readonly string[];
}

export const stepMark = (from: string, to: string): string => `${from} > ${to}`;
export const rewriteMark = (before: string, after: string): string => `${before} ~ ${after}`;

export function truthOf(id: string, chain: readonly ConnectionSpec[]): Truth {
  const hops: string[] = [];
  const alsoTrue: string[] = [];
  let sourceSeen: string | null = null;
  for (const { taps } of chain) {
    const stops = stopsOf(taps);
    for (const [index, stop] of stops.entries()) {
      const next = stops[index + 1];
      if (next !== undefined) hops.push(stepMark(stop, next));
    }
    const source = stops[0] ?? '';
    if (sourceSeen !== null) alsoTrue.push(rewriteMark(sourceSeen, source));
    sourceSeen = source;
    for (const [before, after] of new Set(
      taps.flatMap((tap) => (tap.nat === undefined ? [] : [tap.nat])),
    )) {
      const [from, to] = [flow(before), flow(after)];
      if (isSameEndpoint(from.src, to.src)) continue;
      hops.push(rewriteMark(formatEndpoint(from.src), formatEndpoint(to.src)));
      sourceSeen = formatEndpoint(to.src);
    }
    for (const { tuple } of taps) {
      const { src, dst } = flow(tuple);
      alsoTrue.push(stepMark(formatEndpoint(src), formatEndpoint(dst)));
    }
  }
  return { id, hops: [...new Set(hops)], alsoTrue: [...new Set(alsoTrue)] };
}

/** Source, every address that was dialled and translated, destination. */
function stopsOf(taps: ConnectionSpec['taps']): string[] {
  const first = taps[0];
  const last = taps.at(-1);
  if (first === undefined || last === undefined) return [];
  const source = flow(first.nat?.[0] ?? first.tuple).src;
  const dialled = taps.flatMap(({ nat }) => {
    if (nat === undefined) return [];
    const [from, to] = [flow(nat[0]).dst, flow(nat[1]).dst];
    return isSameEndpoint(from, to) ? [] : [formatEndpoint(from)];
  });
  const target = flow(last.nat?.[1] ?? last.tuple).dst;
  return [...new Set([formatEndpoint(source), ...dialled, formatEndpoint(target)])];
}
