/**
 * When times may be compared: in windows of one place's time of which nobody is missing.
 *
 *   place's time   ├── block ──┼── block ──┼── block ──┤     cut where nobody was inside (windowCuts)
 *   its agent      boot ├───── has told everything ──────┤ watermark, a margin beyond the window's end
 *                                  no loss, nothing forgotten, no exchange whose connection is unknown
 *
 * Anything else, and nothing is inferred. A late record makes its block stale: it is looked at again, and what was
 * inferred stands, changes or goes.
 */

import { hasLosses } from '@hoptrace/domain/loss/lossWindows.ts';
import type { TimeWindow } from '@hoptrace/domain/loss/timeWindows.ts';
import type { Context, Evidence, InferredLink } from '@hoptrace/domain/reconstruct/evidence.ts';
import { inferLinks } from '@hoptrace/domain/reconstruct/inferLinks.ts';
import { loadOf } from '@hoptrace/domain/reconstruct/timingAssignment.ts';
import { MAX_LOAD } from '@hoptrace/domain/reconstruct/timingEdges.ts';
import { evidenceOf, type Group } from './group.ts';
import { type Block, PlaceBlocks } from './placeBlocks.ts';
import type { Stay } from './visits.ts';
import { cutWindows, isIn } from './windowCuts.ts';

export interface WindowOptions {
  /** Places are looked at in stretches of this length: shorter ones teach less of a proxy, longer ones delay. */
  readonly blockMs: number;
  /** A request is told at its end and a little later: so long after the window nothing of it should be on its way. */
  readonly marginMs: number;
  /** Exchanges at the place, at all its taps, that are compared at once. */
  readonly maxStays: number;
  /** Records of the groups of one window. */
  readonly maxRecords: number;
  /** Between these the agent of a node has told of every request, by its own clock; null: it does not say so. */
  readonly coverageOf: (cluster: string, node: string) => TimeWindow | null;
  readonly contextOf: (cluster: string, atUs: number) => Context;
}

export const WINDOW_LIMITS = {
  blockMs: 20_000,
  marginMs: 5000,
  maxStays: 2000,
  maxRecords: 20_000,
} satisfies Partial<WindowOptions>;

/** Grow only. */
export interface WindowCounts {
  /** Windows in which some cause was open, and times were compared. */
  judgedWindows: number;
  /** Windows in which some cause was open, and somebody may be missing or too much was there. */
  unjudgedWindows: number;
}

export interface Verdict {
  readonly block: Block;
  readonly before: readonly InferredLink[];
  readonly links: readonly InferredLink[];
}

export class PlaceWindows {
  readonly counts: WindowCounts = { judgedWindows: 0, unjudgedWindows: 0 };
  readonly blocks: PlaceBlocks;
  readonly #options: WindowOptions;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.blocks = new PlaceBlocks(options.blockMs * 1000);
  }

  /**
   * What is to be said of blocks now, where that differs from before. `dirtySinceMs`: of the oldest group that was
   * not reconstructed since it has news; where it was is not known yet.
   */
  look(nowMs: number, dirtySinceMs: number): Verdict[] {
    const verdicts: Verdict[] = [];
    let compared = 0;
    for (const block of [...this.blocks.stale]) {
      // The rest waits for the next turn: sockets want theirs.
      if (compared >= this.#options.maxStays) break;
      if (this.#toldUs(block) < this.blocks.timeOf(block).toUs) continue;
      const groups = this.blocks.groupsOf(block);
      const visits = [...groups].flatMap(
        ({ visits: { byPlace } }) => byPlace.get(block.place.key) ?? [],
      );
      if (block.links.length === 0 && !visits.some(({ hasOpen }) => hasOpen)) {
        this.blocks.lookedAt(block);
        continue;
      }
      const stays = visits.flatMap((visit) => visit.stays);
      const links = this.#verdictOf(block, stays, { nowMs, dirtySinceMs });
      if (links === null) continue;
      compared += stays.length;
      this.blocks.lookedAt(block);
      if (JSON.stringify(links) === JSON.stringify(block.links)) continue;
      verdicts.push({ block, before: block.links, links });
      block.links = links;
    }
    return verdicts;
  }

  /** Null: it is too early to say. */
  #verdictOf(
    block: Block,
    stays: readonly Stay[],
    { nowMs, dirtySinceMs }: { readonly nowMs: number; readonly dirtySinceMs: number },
  ): InferredLink[] | null {
    const { marginMs, maxStays, coverageOf, contextOf } = this.#options;
    const { cluster, node } = block.place;
    const time = this.blocks.timeOf(block);
    const { span, windows, uncut } = cutWindows(stays, time, maxStays);
    if (this.#toldUs(block) < (span?.toUs ?? time.toUs)) return null;
    block.toldSinceMs ??= nowMs;
    if (dirtySinceMs <= block.toldSinceMs) return null;
    block.span = span;
    this.counts.unjudgedWindows += uncut;
    if (span === null) return [];
    const context = contextOf(cluster, span.fromUs);
    const fromUs = coverageOf(cluster, node)?.fromUs ?? Number.POSITIVE_INFINITY;
    const touched = { fromUs: span.fromUs, toUs: span.toUs + marginMs * 1000 };
    if (
      span.fromUs < fromUs ||
      this.blocks.isBroken(block, span) ||
      hasLosses(context.losses, node, touched)
    ) {
      this.counts.unjudgedWindows += windows.length;
      return [];
    }
    return windows.flatMap((window) => this.#judge(block, stays, window, context));
  }

  /** Up to here nothing of the place should be on its way any more. */
  #toldUs({ place: { cluster, node } }: Block): number {
    const { coverageOf, marginMs } = this.#options;
    return (coverageOf(cluster, node)?.toUs ?? 0) - marginMs * 1000;
  }

  #judge(
    block: Block,
    stays: readonly Stay[],
    window: TimeWindow,
    context: Context,
  ): InferredLink[] {
    const inside = stays.filter((stay) => isIn(stay, window));
    if (!inside.some(({ isInbound }) => isInbound) || loadAt(inside) > MAX_LOAD) return [];
    const evidence = this.#evidenceOf(block, window);
    if (evidence === null) {
      this.counts.unjudgedWindows += 1;
      return [];
    }
    this.counts.judgedWindows += 1;
    return inferLinks(evidence, context, block.place.key);
  }

  /** All that is known of those who were at the place within the window, and of the place nothing beyond it. */
  #evidenceOf(block: Block, window: TimeWindow): Evidence | null {
    const groups: Group[] = [];
    const beyond = new Set<unknown>();
    let records = 0;
    for (const group of this.blocks.groupsOf(block)) {
      const stays = group.visits.byPlace.get(block.place.key)?.stays ?? [];
      if (!stays.some((stay) => isIn(stay, window))) continue;
      for (const stay of stays) if (!isIn(stay, window)) beyond.add(stay.record);
      groups.push(group);
      records += group.records.size;
    }
    if (records > this.#options.maxRecords) return null;
    const parts = groups.map(evidenceOf);
    return {
      legs: parts.flatMap(({ legs }) => legs),
      refusals: parts.flatMap(({ refusals }) => refusals),
      proxyLinks: parts.flatMap(({ proxyLinks }) => proxyLinks),
      proxyHeaders: parts.flatMap(({ proxyHeaders }) => proxyHeaders),
      exchanges: parts.flatMap(({ exchanges = [] }) =>
        exchanges.filter((each) => !beyond.has(each)),
      ),
    };
  }
}

/** Mean number of other requests inside when one comes in; a request that two taps saw is one. */
function loadAt(stays: readonly Stay[]): number {
  const requests = new Map(
    stays.flatMap(({ record, isInbound, fromUs, toUs }) => {
      const id = `${record.isnPairHash}#${record.burst}`;
      const times = { startNs: fromUs * 1000, endNs: toUs * 1000 };
      return isInbound ? [[id, { id, ...times, bytes: 0, isFirst: false }]] : [];
    }),
  );
  return loadOf([...requests.values()]);
}
