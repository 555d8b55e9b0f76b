/**
 * Which client exchange caused which upstream exchange of a proxy, by times and bytes alone:
 *
 *   client    ├─ request ───────────────────────── response ─┤   one in, one out, and the upstream exchange
 *   upstream       ├─ request ─────────── response ─┤            lies inside the client's
 *             │gap1│                                │gap2│       peaked gaps and sizes tell pairs apart
 *
 * The distributions are the proxy's own, learned in a few rounds of expectation and maximisation from a
 * first-in-first-out start. A cost that grows linearly with the gaps is the same for every assignment that fits,
 * so what tells nothing also decides nothing: the shares then spread evenly.
 */
import { exactShares } from './exactShares.ts';
import { ByteHistogram, TimeHistogram } from './gapModel.ts';
import { assignColumns } from './linearAssignment.ts';
import { pairShares, type WeightedPair } from './marginals.ts';

/** Times in ns of one clock. */
export interface TimedExchange {
  readonly id: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly bytes: number;
  /** Of an upstream exchange: it had to open its connection first. Those have gaps of their own. */
  readonly isFirst: boolean;
}

export interface TimedPair {
  readonly inbound: TimedExchange;
  readonly outbound: TimedExchange;
  /** Share of the pair under the learned model, not yet held against exact links. */
  readonly share: number;
}

export interface Assignment {
  /** The most likely assignment as a whole, by the id of the outbound exchange. */
  readonly pairs: readonly TimedPair[];
  /** Batches that were too large to solve. */
  readonly skippedBatches: number;
}

export const MAX_BATCH = 300;
const ROUNDS = 5;

interface Candidate {
  readonly inbound: TimedExchange;
  readonly outbound: TimedExchange;
  share: number;
}

interface Batch {
  readonly inbound: readonly TimedExchange[];
  readonly outbound: readonly TimedExchange[];
  readonly candidates: readonly Candidate[];
}

/** `slackNs`: stamps in an order that is off by less may be in either. */
export function assignByTiming(
  inbound: readonly TimedExchange[],
  outbound: readonly TimedExchange[],
  slackNs: number,
): Assignment {
  const all = batchesOf(byStart(inbound), byStart(outbound), slackNs);
  const batches = all.filter(
    (batch) => batch.inbound.length <= MAX_BATCH && batch.outbound.length <= MAX_BATCH,
  );
  startFirstInFirstOut(batches);
  for (let round = 0; round < ROUNDS; round++) {
    const model = learn(batches);
    for (const batch of batches) spread(batch, model);
  }
  const model = learn(batches);
  return {
    pairs: batches.flatMap((batch) => solve(batch, model)),
    skippedBatches: all.length - batches.length,
  };
}

/** How many other requests are inside the proxy when one comes in, on average. */
export function loadOf(inbound: readonly TimedExchange[]): number {
  const ends: number[] = [];
  let others = 0;
  for (const { startNs, endNs } of byStart(inbound)) {
    const still = ends.filter((end) => end > startNs);
    others += still.length;
    ends.splice(0, ends.length, ...still, endNs);
  }
  return inbound.length === 0 ? 0 : others / inbound.length;
}

function byStart(exchanges: readonly TimedExchange[]): TimedExchange[] {
  return [...exchanges].sort((a, b) => a.startNs - b.startNs || (a.id < b.id ? -1 : 1));
}

/** Sets of exchanges that hang together by what fits into what, each in the order of their starts. */
function batchesOf(
  inbound: readonly TimedExchange[],
  outbound: readonly TimedExchange[],
  slackNs: number,
): Batch[] {
  const batchOf = new Map<TimedExchange, Candidate[]>();
  let open: TimedExchange[] = [];
  let next = 0;
  for (const out of outbound) {
    for (; (inbound[next]?.startNs ?? Number.POSITIVE_INFINITY) <= out.startNs + slackNs; next++)
      open.push(inbound[next] as TimedExchange);
    open = open.filter(({ endNs }) => endNs >= out.startNs - slackNs);
    const fitting = open.filter(({ endNs }) => endNs >= out.endNs - slackNs);
    const own = fitting.map((each): Candidate => ({ inbound: each, outbound: out, share: 0 }));
    const known = fitting.map((each) => batchOf.get(each)).filter((each) => each !== undefined);
    const merged = [...new Set(known)].sort((a, b) => b.length - a.length);
    const target = merged[0] ?? [];
    for (const other of merged.slice(1)) {
      target.push(...other);
      for (const { inbound: each } of other) batchOf.set(each, target);
    }
    target.push(...own);
    for (const each of fitting) batchOf.set(each, target);
  }
  const paired = new Set([...new Set(batchOf.values())].flat().map((each) => each.outbound));
  const lonely: Batch[] = [
    ...inbound.filter((each) => !batchOf.has(each)).map((each) => batchOfOne([each], [])),
    ...outbound.filter((each) => !paired.has(each)).map((each) => batchOfOne([], [each])),
  ];
  const joined = [...new Set(batchOf.values())].map((candidates): Batch => {
    const sorted = [...candidates].sort(
      (a, b) => a.outbound.startNs - b.outbound.startNs || a.inbound.startNs - b.inbound.startNs,
    );
    return {
      candidates: sorted,
      inbound: byStart([...new Set(candidates.map((each) => each.inbound))]),
      outbound: byStart([...new Set(candidates.map((each) => each.outbound))]),
    };
  });
  return [...joined, ...lonely];
}

function batchOfOne(inbound: TimedExchange[], outbound: TimedExchange[]): Batch {
  return { inbound, outbound, candidates: [] };
}

function startFirstInFirstOut(batches: readonly Batch[]): void {
  for (const { candidates } of batches) {
    const taken = new Set<TimedExchange>();
    for (const candidate of candidates) {
      if (taken.has(candidate.inbound) || taken.has(candidate.outbound)) continue;
      taken.add(candidate.inbound).add(candidate.outbound);
      candidate.share = 1;
    }
  }
}

interface GapModel {
  readonly likelihood: (candidate: Candidate) => number;
  readonly inboundAlone: (exchange: TimedExchange) => number;
  /** Of an upstream exchange that no client exchange here caused, per ns. */
  readonly outboundAlone: number;
}

function learn(batches: readonly Batch[]): GapModel {
  const gaps = {
    first: new TimeHistogram(),
    reused: new TimeHistogram(),
    end: new TimeHistogram(),
  };
  const alone = new TimeHistogram();
  const bytes = new ByteHistogram();
  const count = { inbound: 0, outbound: 0, paired: 0 };
  let [fromNs, toNs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const batch of batches) {
    const paired = new Map<TimedExchange, number>();
    for (const { inbound, outbound, share } of batch.candidates) {
      if (share < 1e-6) continue;
      (outbound.isFirst ? gaps.first : gaps.reused).add(outbound.startNs - inbound.startNs, share);
      gaps.end.add(inbound.endNs - outbound.endNs, share);
      bytes.add(inbound.bytes - outbound.bytes, share);
      paired.set(inbound, (paired.get(inbound) ?? 0) + share);
      count.paired += share;
    }
    for (const each of batch.inbound) {
      alone.add(each.endNs - each.startNs, Math.max(0, 1 - (paired.get(each) ?? 0)));
      fromNs = Math.min(fromNs, each.startNs);
      toNs = Math.max(toNs, each.endNs);
    }
    count.inbound += batch.inbound.length;
    count.outbound += batch.outbound.length;
  }
  const localShare = share(count.inbound - count.paired, count.inbound);
  const strayShare = share(count.outbound - count.paired, count.outbound);
  return {
    likelihood: ({ inbound, outbound }) =>
      (1 - localShare) *
      (outbound.isFirst ? gaps.first : gaps.reused).density(outbound.startNs - inbound.startNs) *
      gaps.end.density(inbound.endNs - outbound.endNs) *
      bytes.density(inbound.bytes - outbound.bytes),
    inboundAlone: ({ startNs, endNs }) => (localShare * alone.density(endNs - startNs)) / 4096,
    outboundAlone: (strayShare * count.outbound) / Math.max(1, toNs - fromNs),
  };
}

/** With half an observation of each, so that neither is ever impossible. */
function share(part: number, whole: number): number {
  return (Math.max(0, part) + 0.5) / (whole + 1);
}

/** Expectation: the share of each candidate under the model. */
function spread(batch: Batch, model: GapModel): void {
  const rows = new Map(batch.inbound.map((each, index) => [each, index]));
  const columns = new Map(batch.outbound.map((each, index) => [each, index]));
  const aloneIn = batch.inbound.map((each) => model.inboundAlone(each));
  const pairs = batch.candidates.map((candidate): WeightedPair => {
    const row = rows.get(candidate.inbound) ?? 0;
    return {
      row,
      column: columns.get(candidate.outbound) ?? 0,
      weight: model.likelihood(candidate) / ((aloneIn[row] ?? 1) * model.outboundAlone),
    };
  });
  const shares = exactShares(pairs) ?? pairShares(pairs);
  for (const [index, candidate] of batch.candidates.entries())
    candidate.share = Math.min(1, shares[index] ?? 0);
}

/** The assignment of least cost; a column of its own for each client exchange that nothing was sent on for. */
function solve(batch: Batch, model: GapModel): TimedPair[] {
  spread(batch, model);
  const width = batch.outbound.length + batch.inbound.length;
  const rows = new Map(batch.inbound.map((each, index) => [each, index]));
  const columns = new Map(batch.outbound.map((each, index) => [each, index]));
  const costs = batch.inbound.map((_, row) => {
    const line = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
    line[batch.outbound.length + row] = 0;
    return line;
  });
  const byPlace = new Map<number, Candidate>();
  for (const candidate of batch.candidates) {
    const [row = 0, column = 0] = [rows.get(candidate.inbound), columns.get(candidate.outbound)];
    const alone = model.inboundAlone(candidate.inbound) * model.outboundAlone;
    const line = costs[row];
    if (line !== undefined) line[column] = -Math.log(model.likelihood(candidate) / alone);
    byPlace.set(row * width + column, candidate);
  }
  return assignColumns(costs).flatMap((column, row): TimedPair[] => {
    const candidate = column === null ? undefined : byPlace.get(row * width + column);
    return candidate === undefined ? [] : [{ ...candidate }];
  });
}
