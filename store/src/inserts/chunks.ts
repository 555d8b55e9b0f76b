/**
 * Cuts a batch into inserts that fit the memory of a small engine: a block is held about five times while it
 * is parsed, sorted and written. The cuts depend on the batch alone, so that a repeated batch is cut the same
 * way and the tokens of its parts match.
 */
import type { CallOptions, Store } from '../client.ts';

/** A raw row is about 150 bytes in memory; path documents are bounded in bytes besides. */
export const MAX_ROWS = 20_000;
const MAX_BYTES = 4_194_304;

export interface SizedRow {
  readonly row: object;
  /** Of the parts whose size varies; fixed columns are covered by the number of rows. */
  readonly sizeBytes: number;
}

export async function insertInChunks(
  store: Store,
  table: string,
  rows: readonly SizedRow[],
  options: CallOptions & { readonly dedupToken: string },
): Promise<void> {
  for (const [index, chunk] of chunksOf(rows).entries()) {
    await store.insert(table, chunk, { ...options, dedupToken: `${options.dedupToken}#${index}` });
  }
}

export function chunksOf(
  rows: readonly SizedRow[],
  limits = { rows: MAX_ROWS, bytes: MAX_BYTES },
): object[][] {
  const chunks: object[][] = [];
  let chunk: object[] = [];
  let sizeBytes = 0;
  for (const next of rows) {
    const isFull = chunk.length >= limits.rows || sizeBytes + next.sizeBytes > limits.bytes;
    if (isFull && chunk.length > 0) {
      chunks.push(chunk);
      chunk = [];
      sizeBytes = 0;
    }
    chunk.push(next.row);
    sizeBytes += next.sizeBytes;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}
