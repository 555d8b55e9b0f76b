/**
 * How sure is each pair of a sparse assignment? Sinkhorn scaling with a slack for each side: every client
 * exchange has one upstream exchange or none, every upstream exchange one client's or none.
 */

export interface WeightedPair {
  readonly row: number;
  readonly column: number;
  /** Likelihood of the pair, relative to `alone` of its row and column. */
  readonly weight: number;
}

const ROUNDS = 60;

/** The share of each pair, in their order. `rowAlone` and `columnAlone`: likelihood of having no partner. */
export function pairShares(
  pairs: readonly WeightedPair[],
  rowAlone: readonly number[],
  columnAlone: readonly number[],
): number[] {
  const rowScale = new Float64Array(rowAlone.length).fill(1);
  const columnScale = new Float64Array(columnAlone.length).fill(1);
  const sums = {
    row: new Float64Array(rowAlone.length),
    column: new Float64Array(columnAlone.length),
  };
  for (let round = 0; round < ROUNDS; round++) {
    sums.row.set(rowAlone);
    for (const { row, column, weight } of pairs)
      sums.row[row] = (sums.row[row] ?? 0) + weight * (columnScale[column] ?? 0);
    for (let row = 0; row < rowScale.length; row++) rowScale[row] = 1 / (sums.row[row] ?? 1);
    sums.column.set(columnAlone);
    for (const { row, column, weight } of pairs)
      sums.column[column] = (sums.column[column] ?? 0) + weight * (rowScale[row] ?? 0);
    for (let column = 0; column < columnScale.length; column++)
      columnScale[column] = 1 / (sums.column[column] ?? 1);
  }
  return pairs.map(
    ({ row, column, weight }) => weight * (rowScale[row] ?? 0) * (columnScale[column] ?? 0),
  );
}
