/**
 * The linear assignment problem by shortest augmenting paths with potentials (Jonker and Volgenant 1987, in the
 * form of Crouse 2016, without the initial reduction): O(n²·m) for n rows and m ≥ n columns. Deterministic: of
 * equal costs the first column wins.
 */

/** `costs[row][column]`, finite or Infinity. The column of each row; null where no finite assignment is left for it. */
export function assignColumns(costs: readonly Float64Array[]): (number | null)[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  const rowOf = new Int32Array(columns).fill(-1);
  const columnOf = new Int32Array(rows).fill(-1);
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    augment(costs, row, { rowOf, columnOf, rowPrice, columnPrice });
  }
  return [...columnOf].map((column) => (column < 0 ? null : column));
}

interface Solution {
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  readonly rowPrice: Float64Array;
  readonly columnPrice: Float64Array;
}

/** Finds the cheapest alternating path from a free row to a free column, and swaps along it. */
function augment(costs: readonly Float64Array[], start: number, solution: Solution): void {
  const { rowOf, columnOf, rowPrice, columnPrice } = solution;
  const columns = rowOf.length;
  const shortest = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(columns).fill(-1);
  const isDone = new Uint8Array(columns);
  const visited: number[] = [];
  let row = start;
  let reached = 0;
  let sink = -1;
  while (sink < 0) {
    visited.push(row);
    let next = -1;
    let least = Number.POSITIVE_INFINITY;
    const line = costs[row] ?? new Float64Array(columns);
    const price = rowPrice[row] ?? 0;
    for (let column = 0; column < columns; column++) {
      if (isDone[column] === 1) continue;
      const through = reached + (line[column] ?? 0) - price - (columnPrice[column] ?? 0);
      if (through < (shortest[column] ?? 0)) {
        shortest[column] = through;
        from[column] = row;
      }
      if ((shortest[column] ?? 0) < least) {
        least = shortest[column] ?? 0;
        next = column;
      }
    }
    if (next < 0) return;
    reached = least;
    isDone[next] = 1;
    const owner = rowOf[next] ?? -1;
    if (owner < 0) sink = next;
    else row = owner;
  }
  rowPrice[start] = (rowPrice[start] ?? 0) + reached;
  for (const each of visited) {
    if (each === start) continue;
    const column = columnOf[each] ?? 0;
    rowPrice[each] = (rowPrice[each] ?? 0) + reached - (shortest[column] ?? 0);
  }
  for (let column = 0; column < columns; column++) {
    if (isDone[column] === 1)
      columnPrice[column] = (columnPrice[column] ?? 0) - (reached - (shortest[column] ?? 0));
  }
  for (let column = sink; ; ) {
    const owner = from[column] ?? start;
    rowOf[column] = owner;
    const before = columnOf[owner] ?? -1;
    columnOf[owner] = column;
    if (owner === start) return;
    column = before;
  }
}
