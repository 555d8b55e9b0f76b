import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { newMetrics } from '../metrics.ts';
import { proxyHeaderOf } from '../testRecords.ts';
import { DiskSpool } from './diskSpool.ts';
import { takeLeftovers } from './leftovers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoptrace-leftovers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
const spool = {
  ...{ maxBytes: 1e8, maxAgeMs: 3_600_000, fsync: 'never' as const, metrics: newMetrics() },
  onDrop: () => {},
};

function batchOf(firstSeq: number) {
  const bootId = 'boot-of-this-test';
  const from = { cluster: 'lab', node: 'node1', bootId, firstSeq, losses };
  const envelope = { schemaVersion: 1, count: 1, sentAtUs: 0, ...from } as const;
  const bytes = encodeBatch({ ...envelope, addresses: [] }, [
    { ...proxyHeaderOf(), seq: firstSeq },
  ]);
  return { bootId, firstSeq, count: 1, losses, bytes };
}

test('from one collector to several, and back: no batch stays behind, each keeps its seqs', () => {
  const one = new DiskSpool({ ...spool, directory: folder });
  one.add(batchOf(1));
  one.add(batchOf(2));
  one.close();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const first = new DiskSpool({ ...spool, directory: a });
  expect(takeLeftovers(first, { folder, inUse: [a, b], spool })).toBe(2);
  first.close();
  const second = new DiskSpool({ ...spool, directory: b });
  second.add(batchOf(3));
  second.close();
  const again = new DiskSpool({ ...spool, directory: folder });
  expect(takeLeftovers(again, { folder, inUse: [folder], spool })).toBe(3);
  expect([...again.batches].map(({ firstSeq }) => firstSeq).sort()).toEqual([1, 2, 3]);
  const [any] = again.batches;
  expect(any !== undefined && again.bytesOf(any)).toEqual(batchOf(any?.firstSeq ?? 0).bytes);
  expect([existsSync(a), existsSync(b)]).toEqual([false, false]);
  again.close();
});
