import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { calibrationError, fitIsotonic } from './calibration.ts';
import { exactShares } from './exactShares.ts';
import { assignColumns } from './linearAssignment.ts';
import { pairShares, type WeightedPair } from './marginals.ts';

const costOf = (costs: readonly number[][], columns: readonly (number | null)[]) =>
  columns.reduce<number>((sum, column, row) => sum + (costs[row]?.[column ?? -1] ?? 0), 0);

/** All ways to give rows different columns. */
function* assignments(rows: number, columns: number, taken: number[] = []): Generator<number[]> {
  if (taken.length === rows) yield taken;
  else
    for (let column = 0; column < columns; column++)
      if (!taken.includes(column)) yield* assignments(rows, columns, [...taken, column]);
}

const matrix = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }))
  .chain(([rows, more]) =>
    fc.array(
      fc.array(fc.integer({ min: -50, max: 50 }), {
        minLength: rows + more,
        maxLength: rows + more,
      }),
      { minLength: rows, maxLength: rows },
    ),
  );

test('no assignment costs less than the one that is found', () => {
  fc.assert(
    fc.property(matrix, (costs) => {
      const found = assignColumns(costs.map((line) => Float64Array.from(line)));
      expect(new Set(found).size).toBe(costs.length);
      const best = Math.min(
        ...[...assignments(costs.length, costs[0]?.length ?? 0)].map((each) => costOf(costs, each)),
      );
      expect(costOf(costs, found)).toBe(best);
    }),
  );
});

test('pairs that cannot be are never taken while another way is open', () => {
  const no = Number.POSITIVE_INFINITY;
  const lines = [
    [1, 2, no, no],
    [1, no, 0, no],
    [no, 1, no, 0],
  ];
  expect(assignColumns(lines.map((line) => Float64Array.from(line)))).toEqual([0, 2, 3]);
});

/** By adding up all assignments. */
function trueShares(weights: readonly number[][]): number[][] {
  const rows = weights.length;
  const columns = weights[0]?.length ?? 0;
  const shares = weights.map((line) => line.map(() => 0));
  let total = 0;
  const visit = (row: number, taken: (number | null)[], weight: number): void => {
    if (row === rows) {
      total += weight;
      for (const [each, column] of taken.entries()) {
        const line = shares[each];
        if (column !== null && line !== undefined) line[column] = (line[column] ?? 0) + weight;
      }
      return;
    }
    visit(row + 1, [...taken, null], weight);
    for (let column = 0; column < columns; column++)
      if (!taken.includes(column))
        visit(row + 1, [...taken, column], weight * (weights[row]?.[column] ?? 0));
  };
  visit(0, [], 1);
  return shares.map((line) => line.map((share) => share / total));
}

const pairsIn = (weights: readonly number[][]): WeightedPair[] =>
  weights.flatMap((line, row) =>
    line.flatMap((weight, column) => (weight === 0 ? [] : [{ row, column, weight }])),
  );

const weights = fc.array(
  fc.array(fc.constantFrom(0, 0, 0.01, 1, 40, 50, 1e9), { minLength: 4, maxLength: 4 }),
  { minLength: 1, maxLength: 5 },
);

test('exact shares are those of all assignments added up', () => {
  fc.assert(
    fc.property(weights, (table) => {
      const wanted = trueShares(table);
      const shares = exactShares(pairsIn(table)) ?? [];
      for (const [index, { row, column }] of pairsIn(table).entries())
        expect(shares[index]).toBeCloseTo(wanted[row]?.[column] ?? -1, 9);
    }),
  );
});

test('a batch that is too wide is left to belief propagation', () => {
  const wide = Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => 1));
  expect(exactShares(pairsIn(wide))).toBeNull();
  const shares = pairShares(pairsIn(wide));
  expect(Math.max(...shares)).toBeLessThan(0.05);
});

test('belief propagation is exact where pairs form a tree', () => {
  for (const table of [
    [[9]],
    [[9, 4]],
    [[1e12]],
    [
      [9, 4, 0],
      [0, 3, 8],
    ],
  ]) {
    const wanted = trueShares(table);
    const shares = pairShares(pairsIn(table));
    for (const [index, { row, column }] of pairsIn(table).entries())
      expect(shares[index]).toBeCloseTo(wanted[row]?.[column] ?? -1, 5);
  }
});

test('two that fit two equally well share evenly', () => {
  const [share = 0] = pairShares(
    [0, 1].flatMap((row) => [0, 1].map((column) => ({ row, column, weight: 1e6 }))),
  );
  expect(share).toBeCloseTo(0.5, 2);
});

test('the isotonic map never falls, and mends claims that are too sure', () => {
  const judged = Array.from({ length: 1000 }, (_, n) => ({
    claimed: n < 500 ? 0.95 : 0.6,
    isRight: n % 10 < (n < 500 ? 7 : 5),
  }));
  expect(calibrationError(judged)).toBeGreaterThan(0.1);
  const mend = fitIsotonic(judged);
  const mended = judged.map((each) => ({ ...each, claimed: mend(each.claimed) }));
  expect(calibrationError(mended)).toBeLessThan(0.01);
  expect(mend(0.95)).toBeGreaterThan(mend(0.6));
});
