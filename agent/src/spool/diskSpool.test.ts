import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeBatch, encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { newMetrics } from '../metrics.ts';
import { proxyHeaderOf } from '../testRecords.ts';
import { DiskSpool, type SpoolOptions } from './diskSpool.ts';

let directory: string;
beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), 'hoptrace-spool-')), 'spool');
});
afterEach(() => rmSync(path.dirname(directory), { recursive: true, force: true }));

const LOSSES = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 3 };

function open(part: Partial<SpoolOptions> = {}) {
  const metrics = newMetrics();
  const dropped: number[] = [];
  const onDrop: SpoolOptions['onDrop'] = ({ firstSeq }) => dropped.push(firstSeq);
  const limits = { maxBytes: 1e9, maxAgeMs: 1e9, fsync: 'always' } as const;
  const spool = new DiskSpool({ directory, ...limits, metrics, onDrop, ...part });
  return { spool, metrics, dropped };
}

/** A batch of `count` records; some 75 bytes each. */
function cut(firstSeq: number, count: number) {
  const records = Array.from({ length: count }, (_, index) => ({
    ...proxyHeaderOf(index),
    seq: firstSeq + index,
  }));
  const from = { cluster: 'lab', node: 'node1', bootId: 'boot-of-this-test' };
  const envelope = { schemaVersion: 1, ...from, firstSeq, count, sentAtUs: 0 } as const;
  const bytes = encodeBatch({ ...envelope, losses: LOSSES, addresses: [] }, records);
  return { bootId: from.bootId, firstSeq, count, losses: LOSSES, bytes };
}

const seqsOf = (spool: DiskSpool) => [...spool.batches].map(({ firstSeq }) => firstSeq);

test('what was not freed is there after a restart, byte by byte, with its name and its losses', () => {
  const first = open();
  const batches = [cut(1, 10), cut(11, 5), cut(16, 1)].map((each) => ({
    each,
    kept: first.spool.add(each),
  }));
  const [freed] = batches;
  if (freed !== undefined) first.spool.free(freed.kept);
  // No close: as after kill -9.
  const { spool } = open();
  expect(seqsOf(spool)).toEqual([1, 11, 16]);
  for (const batch of spool.batches) {
    const { each } = batches.find(({ kept }) => kept.firstSeq === batch.firstSeq) ?? {};
    expect(spool.bytesOf(batch)).toEqual(each?.bytes);
    expect(batch).toMatchObject({
      bootId: 'boot-of-this-test',
      count: each?.count,
      losses: LOSSES,
    });
  }
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('a file goes when all its batches are freed, and an orderly end leaves none behind', () => {
  const { spool } = open();
  const batches = [cut(1, 40_000), cut(40_001, 40_000), cut(80_001, 1)].map((each) =>
    spool.add(each),
  );
  expect(readdirSync(directory)).toHaveLength(2);
  for (const batch of batches.slice(0, 2)) spool.free(batch);
  expect(readdirSync(directory)).toHaveLength(1);
  for (const batch of batches) spool.free(batch);
  spool.close();
  expect(readdirSync(directory)).toEqual([]);
});

test('a full spool drops its oldest file and says what was in it', () => {
  const { spool, dropped, metrics } = open({ maxBytes: 12_000_000 });
  for (let index = 0; index < 8; index++) spool.add(cut(1 + index * 30_000, 30_000));
  expect(dropped.length).toBeGreaterThan(0);
  expect([...dropped, ...seqsOf(spool)]).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((n) => 1 + n * 30_000),
  );
  expect(metrics.spoolDroppedTotal).toBe(dropped.length * 30_000);
  expect(spool.sizeBytes).toBeLessThanOrEqual(12_000_000);
});

test('what is too old is dropped at the start, because no collector would take it', () => {
  open().spool.add(cut(1, 10));
  const { spool, dropped } = open({ maxAgeMs: -1 });
  expect(seqsOf(spool)).toEqual([]);
  expect(dropped).toEqual([1]);
});

test('a bit flipped anywhere costs one batch, counted, and a cut end costs the last', () => {
  const first = open();
  for (const seq of [1, 2, 3]) first.spool.add(cut(seq, 1));
  const [name = ''] = readdirSync(directory);
  const whole = readFileSync(path.join(directory, name));
  for (let at = 0; at < whole.length; at += 7) {
    const bad = Buffer.from(whole);
    bad[at] = (bad[at] ?? 0) ^ 4;
    writeFileSync(path.join(directory, name), bad);
    const { spool, metrics } = open();
    expect(spool.batches.size).toBe(2);
    expect(metrics.spoolDamagedTotal).toBe(1);
  }
  writeFileSync(path.join(directory, name), whole.subarray(0, -1));
  expect(seqsOf(open().spool)).toEqual([1, 2]);
  expect(decodeBatch(cut(1, 1).bytes).records).toHaveLength(1);
});
