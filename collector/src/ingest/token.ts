/** Deduplication tokens: equal content, equal token, in every process and after every restart. */
import { createHash } from 'node:crypto';
import type { Envelope, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import type { Heartbeat, PathChanges } from '../collectorStore.ts';

/**
 * The token of a batch. It covers the seq of every record that is kept, not only the batch's limits:
 * ClickHouse drops other rows under a token that it knows, so a batch that comes again with a record
 * repaired must not carry the token of its first, incomplete coming.
 */
export function batchToken(envelope: Envelope, records: readonly WireRecord[]): string {
  const { cluster, node, bootId, firstSeq, count } = envelope;
  const hash = createHash('sha256').update(
    JSON.stringify([cluster, node, bootId, firstSeq, count]),
  );
  for (const record of records) hash.update(`,${record.seq}`);
  return `batch-${hash.digest('hex').slice(0, 32)}`;
}

/** The token of path changes that are written together. */
export function pathsToken({ paths, withdrawals }: PathChanges): string {
  const hash = createHash('sha256');
  for (const { cluster, pathId, version } of [...paths, ...withdrawals]) {
    hash.update(JSON.stringify([cluster, pathId, version]));
  }
  return `paths-${hash.digest('hex').slice(0, 32)}`;
}

/** The token of heartbeats that are written together. */
export function heartbeatsToken(heartbeats: readonly Heartbeat[]): string {
  const hash = createHash('sha256');
  for (const { cluster, node, bootId, seenUs } of heartbeats) {
    hash.update(JSON.stringify([cluster, node, bootId, seenUs]));
  }
  return `heartbeats-${hash.digest('hex').slice(0, 32)}`;
}
