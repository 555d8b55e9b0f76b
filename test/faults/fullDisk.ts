/** A collector whose log lies on a disk of a few MiB, while ClickHouse is away and comes back. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRow } from '../lab/commands/output.ts';
import { Oracle } from './oracle.ts';
import { startRig, until } from './rig.ts';
import { BOOT_ID, openSender } from './sender.ts';

const DISK_BYTES = 8 * 1024 * 1024;
const BATCH = 500;

/** An ext4 of its own in a file, by a loop device. */
function mountDisk(folder: string, image: string): void {
  writeFileSync(image, '');
  truncateSync(image, DISK_BYTES);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', image]);
  execFileSync('mount', ['-o', 'loop', image, folder]);
}

export async function fillDisk(): Promise<{ rows: ResultRow[]; details: object }> {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') {
    const why = 'a disk of its own needs root on Linux';
    return {
      rows: [{ name: 'full disk', value: 0, goal: 1, unit: `skipped: ${why}`, met: false }],
      details: {},
    };
  }
  const disk = mkdtempSync(join(tmpdir(), 'hoptrace-disk-'));
  const image = `${disk}.img`;
  mountDisk(disk, image);
  const rig = await startRig({
    logDir: join(disk, 'log'),
    env: { HOPTRACE_COLLECTOR_LOG_SEGMENT_BYTES: '1048576' },
  });
  try {
    const sender = await openSender(rig.collectorUrl);
    await rig.clickhouse.kill();
    let isOver = false;
    const sending = sender.send(1, BATCH, () => isOver);
    // Full when nothing has become durable for a second.
    let last = -1;
    await until(async () => {
      const before = last;
      last = sender.durable.size;
      await sleep(1000);
      return last > 0 && before === last;
    }, 30_000);
    const atFull = sender.durable.size;
    await rig.clickhouse.start();
    await until(async () => sender.durable.size >= atFull + 20, 60_000);
    isOver = true;
    const nextSeq = await sending;
    await until(async () => sender.durable.size * BATCH >= nextSeq - 1, 20_000);
    const oracle = new Oracle();
    for (const [firstSeq, count] of sender.durable)
      oracle.acknowledge('node1', BOOT_ID, firstSeq, count);
    await until(async () => (await oracle.missing(rig.store)).length === 0, 60_000);
    const verdict = await oracle.judge(rig.store);
    const afterFull = sender.durable.size - atFull;
    sender.close();
    return {
      rows: [
        {
          name: 'batches durable when the disk was full',
          value: atFull,
          goal: null,
          unit: 'batches',
          met: atFull > 0,
        },
        {
          name: 'batches durable after it had room, no restart',
          value: afterFull,
          goal: 20,
          unit: 'batches',
          met: afterFull >= 20,
        },
        {
          name: 'full disk: acknowledged records lost',
          value: verdict.lost,
          goal: 0,
          unit: 'records',
          met: verdict.lost === 0,
        },
        {
          name: 'full disk: duplicate rows',
          value: verdict.duplicateRows,
          goal: 0,
          unit: 'rows',
          met: verdict.duplicateRows === 0,
        },
      ],
      details: {
        disk: 'ext4 on a loop device',
        diskBytes: DISK_BYTES,
        fullDiskAcknowledged: verdict.acknowledged,
      },
    };
  } finally {
    await rig.close();
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
    rmSync(image);
  }
}
