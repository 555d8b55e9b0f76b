/**
 * Three clocks check each other: going round, offsets add up to nothing.
 *
 *        a ──offset(a→b)──► b        offset(a→b) + offset(b→c) − offset(a→c) = 0
 *         ╲                 │        If 0 is outside the sum of the three bounds, one of them is wrong.
 *          ╲──offset(a→c)─► c
 */
import { boundsAt, type PairClock } from './pairClock.ts';
import { PAIR_DRIFT } from './stampErrors.ts';
import { type OffsetBound, untilOf } from './window.ts';

export interface CycleFault {
  /** Keys of the three pairs. */
  readonly pairs: readonly [string, string, string];
  /** How far the middles miss zero, and half the sum of the widths, which is as far as they may. */
  readonly errorNs: number;
  readonly allowedNs: number;
}

/** A full check of 100 clocks is 161,700 triangles; more neighbours than this of one pair add nothing. */
const MAX_TRIANGLES_A_PAIR = 16;
const MAX_FAULTS = 256;

interface Edge {
  readonly key: string;
  readonly pair: PairClock;
}

/** Triangles whose bounds exclude each other, in the order of their keys. */
export function cycleFaults(pairs: ReadonlyMap<string, PairClock>): CycleFault[] {
  const edgesFrom = neighbours(pairs);
  const faults: CycleFault[] = [];
  for (const fromA of edgesFrom.values()) {
    for (const [b, ab] of fromA) {
      let triangles = 0;
      for (const [c, bc] of edgesFrom.get(b) ?? []) {
        const ac = fromA.get(c);
        if (ac === undefined) continue;
        triangles += 1;
        if (triangles > MAX_TRIANGLES_A_PAIR) break;
        const fault = checkTriangle(ab, bc, ac);
        if (fault !== null) faults.push(fault);
      }
    }
  }
  const idOf = (fault: CycleFault) => fault.pairs.join();
  return faults.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)).slice(0, MAX_FAULTS);
}

/**
 * Which pairs to disbelieve: the one in most broken triangles, then the one in most of the rest, and so on.
 * A tie accuses all of the tied: with three clocks nothing tells which bound is wrong.
 */
export function suspectsOf(faults: readonly CycleFault[]): Set<string> {
  const suspects = new Set<string>();
  let open = faults;
  while (open.length > 0) {
    const counts = new Map<string, number>();
    for (const key of open.flatMap((fault) => fault.pairs))
      counts.set(key, (counts.get(key) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [key, count] of counts) if (count === most) suspects.add(key);
    open = open.filter((fault) => !fault.pairs.some((key) => suspects.has(key)));
  }
  return suspects;
}

/** `cluster|a` → `cluster|b` → pair, in the order of names, so that arrival does not choose the triangles. */
function neighbours(pairs: ReadonlyMap<string, PairClock>): Map<string, Map<string, Edge>> {
  const edgesFrom = new Map<string, Map<string, Edge>>();
  for (const key of [...pairs.keys()].sort()) {
    const pair = pairs.get(key);
    const [cluster = '', a = '', b = ''] = key.split('|');
    if (pair === undefined) continue;
    const from = `${cluster}|${a}`;
    const known = edgesFrom.get(from) ?? new Map<string, Edge>();
    known.set(`${cluster}|${b}`, { key, pair });
    edgesFrom.set(from, known);
  }
  return edgesFrom;
}

function checkTriangle(ab: Edge, bc: Edge, ac: Edge): CycleFault | null {
  const atUs = Math.min(untilOf(ab.pair.current), untilOf(ac.pair.current));
  const first = currentBound(ab, atUs);
  if (first === null) return null;
  const second = currentBound(bc, atUs + first.baseUs + middleOf(first) / 1000);
  const direct = currentBound(ac, atUs);
  if (second === null || direct === null) return null;
  const baseNs = (first.baseUs + second.baseUs - direct.baseUs) * 1000;
  const errorNs = Math.abs(baseNs + middleOf(first) + middleOf(second) - middleOf(direct));
  // The second bound is read at a time of b that is known to the width of the first only.
  const allowedNs = (widthOf(first) * (1 + PAIR_DRIFT) + widthOf(second) + widthOf(direct)) / 2;
  return errorNs > allowedNs ? { pairs: [ab.key, bc.key, ac.key], errorNs, allowedNs } : null;
}

/** None where a clock that went back makes two windows possible. */
function currentBound({ pair }: Edge, atUs: number): OffsetBound | null {
  const bounds = boundsAt(pair, atUs);
  return bounds.length === 1 ? (bounds[0] ?? null) : null;
}

function middleOf({ lowNs, highNs }: OffsetBound): number {
  return (lowNs + highNs) / 2;
}

function widthOf({ lowNs, highNs }: OffsetBound): number {
  return highNs - lowNs;
}
