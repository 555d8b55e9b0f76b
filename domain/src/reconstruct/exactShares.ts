/**
 * Exact shares of the pairs of an assignment, by going through the rows once forwards and once backwards. A state
 * is the set of columns in use, of those only that a later row may still want:
 *
 *   rows (by time)   0   1   2   3   4        Few requests are inside a proxy at once, so few columns are
 *   column a         ├───────┤                open at once, however long the batch is.
 *   column b             ├───────┤
 *   column c                     ├───┤
 */
import type { WeightedPair } from './marginals.ts';

/** Beyond this the sum is not worth its time. */
const MAX_STATES = 256;
const MAX_SLOTS = 30;

type States = Map<number, number>;

interface Step {
  /** Pairs of this row, by their index, with the bit of their column. */
  readonly choices: readonly {
    readonly index: number;
    readonly bit: number;
    readonly weight: number;
  }[];
  /** Bits of the columns that no later row wants. */
  readonly closing: number;
}

/** The share of each pair, in their order; null where too many columns are open at once. Rows are in order of time. */
export function exactShares(pairs: readonly WeightedPair[]): number[] | null {
  const steps = stepsOf(pairs);
  if (steps === null) return null;
  const before: States[] = [];
  let states: States = new Map([[0, 1]]);
  for (const step of steps) {
    before.push(states);
    const next: States = new Map();
    for (const [mask, weight] of states) {
      add(next, mask & ~step.closing, weight);
      for (const choice of step.choices)
        if ((mask & choice.bit) === 0)
          add(next, (mask | choice.bit) & ~step.closing, weight * choice.weight);
    }
    if (next.size > MAX_STATES) return null;
    states = normalised(next);
  }
  return sharesOf(pairs.length, steps, before);
}

function sharesOf(count: number, steps: readonly Step[], before: readonly States[]): number[] {
  const shares = new Array<number>(count).fill(0);
  let after: States = new Map([[0, 1]]);
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at] as Step;
    const own: States = new Map();
    const sums = step.choices.map(() => 0);
    let total = 0;
    for (const [mask, weight] of before[at] ?? []) {
      let ahead = after.get(mask & ~step.closing) ?? 0;
      total += weight * ahead;
      for (const [place, choice] of step.choices.entries()) {
        if ((mask & choice.bit) !== 0) continue;
        const through = choice.weight * (after.get((mask | choice.bit) & ~step.closing) ?? 0);
        ahead += through;
        total += weight * through;
        sums[place] = (sums[place] ?? 0) + weight * through;
      }
      own.set(mask, ahead);
    }
    for (const [place, { index }] of step.choices.entries())
      shares[index] = total > 0 ? (sums[place] ?? 0) / total : 0;
    after = normalised(own);
  }
  return shares;
}

/** Gives every column a bit for as long as some row may want it; null where there are not enough bits. */
function stepsOf(pairs: readonly WeightedPair[]): Step[] | null {
  const lastRow = new Map<number, number>();
  const byRow = new Map<number, number[]>();
  for (const [index, { row, column }] of pairs.entries()) {
    lastRow.set(column, Math.max(row, lastRow.get(column) ?? row));
    byRow.set(row, [...(byRow.get(row) ?? []), index]);
  }
  const bits = new Map<number, number>();
  let used = 0;
  const steps: Step[] = [];
  for (const row of [...byRow.keys()].sort((a, b) => a - b)) {
    let closing = 0;
    const choices: Step['choices'][number][] = [];
    for (const index of byRow.get(row) ?? []) {
      const { column, weight } = pairs[index] as WeightedPair;
      const bit = bits.get(column) ?? freeBit(used);
      if (bit === 0) return null;
      bits.set(column, bit);
      used |= bit;
      if (lastRow.get(column) === row) closing |= bit;
      choices.push({ index, bit, weight });
    }
    used &= ~closing;
    steps.push({ choices, closing });
  }
  return steps;
}

function freeBit(used: number): number {
  for (let slot = 0; slot < MAX_SLOTS; slot++) if ((used & (1 << slot)) === 0) return 1 << slot;
  return 0;
}

function add(states: States, mask: number, weight: number): void {
  states.set(mask, (states.get(mask) ?? 0) + weight);
}

/** Only ratios count: the largest becomes 1, so that nothing overflows. */
function normalised(states: States): States {
  let largest = 0;
  for (const weight of states.values()) largest = Math.max(largest, weight);
  if (largest > 0) for (const [mask, weight] of states) states.set(mask, weight / largest);
  return states;
}
