/** The newest file of a log, cut off and flipped at every one of its bytes. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLogged } from '@hoptrace/collector/ingest/parseLogged.ts';
import { batchPrefix, FRAME, readBatchPayload } from '@hoptrace/collector/wal/frames.ts';
import { recoverLog } from '@hoptrace/collector/wal/recover.ts';
import { WriteAheadLog } from '@hoptrace/collector/wal/wal.ts';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { ResultRow } from '../lab/commands/output.ts';
import { CLUSTER, legOf } from './records.ts';

const BATCHES = 6;

/** Rows: cases, batches lost beyond the damaged one, and damage that nobody was told of. */
export async function breakEveryByte(): Promise<{ rows: ResultRow[]; details: object }> {
  const folder = mkdtempSync(join(tmpdir(), 'hoptrace-damage-'));
  try {
    await writeLog(folder);
    const [name = ''] = readdirSync(folder);
    const whole = readFileSync(join(folder, name));
    const ends = await endsOf(folder, whole.length);
    let beyond = 0;
    let silent = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const isCut of [true, false]) {
        const copy = join(folder, 'copy');
        rmSync(copy, { recursive: true, force: true });
        mkdirSync(copy);
        const bad = isCut ? whole.subarray(0, at) : Buffer.from(whole);
        if (!isCut) bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(join(copy, name), bad);
        const { lsns, reports } = await readLog(copy);
        const hit = ends.findIndex((end) => at < end) + 1;
        const expected = Array.from({ length: BATCHES }, (_, index) => index + 1).filter((lsn) =>
          isCut ? lsn < hit : lsn !== hit,
        );
        if (JSON.stringify(lsns) !== JSON.stringify(expected)) beyond += 1;
        const isAtEnd = isCut && (at === 0 || ends.includes(at));
        if (reports === 0 && !isAtEnd) silent += 1;
      }
    }
    const none = (what: string, value: number): ResultRow => ({
      name: what,
      value,
      goal: 0,
      unit: 'cases',
      met: value === 0,
    });
    return {
      rows: [
        {
          name: 'log cut or flipped',
          value: 2 * whole.length,
          goal: null,
          unit: 'cases',
          met: true,
        },
        none('more lost than the damaged batch', beyond),
        none('damage not reported', silent),
      ],
      details: { damagedFileBytes: whole.length },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeLog(directory: string): Promise<void> {
  const recovered = await recoverLog(directory, () => {});
  const options = {
    maxBytes: 1e9,
    segmentBytes: 1e9,
    nowMs: Date.now,
    onStall: () => {},
    onResume: () => {},
  };
  const log = new WriteAheadLog({ directory, ...options }, recovered);
  for (let index = 0; index < BATCHES; index++) {
    const leg = { ...legOf(index + 1, 'node1', 1e15), seq: index + 1 };
    const from = { cluster: CLUSTER, node: 'node1', bootId: 'boot-of-this-log' };
    const losses = { ringEvents: 0, badFrames: 0, evictedLegs: 0, unsentRecords: 0 };
    const envelope = {
      schemaVersion: 1,
      ...from,
      firstSeq: index + 1,
      count: 1,
      sentAtUs: 0,
    } as const;
    const bytes = encodeBatch({ ...envelope, losses, addresses: [] }, [leg]);
    await log.append([batchPrefix(1, 0), bytes]).durable;
  }
  await log.close();
}

async function endsOf(directory: string, total: number): Promise<number[]> {
  const ends: number[] = [];
  await recoverLog(directory, ({ offset }) => {
    if (offset > 0) ends.push(offset);
  });
  return [...ends, total];
}

async function readLog(directory: string): Promise<{ lsns: number[]; reports: number }> {
  const lsns: number[] = [];
  const { damages, tornBytes } = await recoverLog(directory, ({ type, id, payload }) => {
    if (type === FRAME.batch && parseLogged(readBatchPayload(id, payload)) !== null) lsns.push(id);
  });
  return { lsns, reports: damages.length + (tornBytes > 0 ? 1 : 0) };
}
