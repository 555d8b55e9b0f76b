/** States of Kubernetes objects; one that ended replaces the same one as it was still so. */
import type { CallOptions, Store } from '../client.ts';
import { type StoredVersion, TOPOLOGY_TABLE, toTopologyRow } from '../rows/topologyRow.ts';
import { insertInChunks } from './chunks.ts';

/** Resolves when they are in the table. The same token with the same states is stored once. */
export async function insertTopology(
  store: Store,
  versions: readonly StoredVersion[],
  dedupToken: string,
  options: CallOptions = {},
): Promise<void> {
  const rows = versions.map((each) => ({
    row: toTopologyRow(each),
    sizeBytes: Buffer.byteLength(each.object),
  }));
  await insertInChunks(store, TOPOLOGY_TABLE, rows, { ...options, dedupToken });
}
