/** What damage, a power failure, a full disk and a long outage of ClickHouse do to the log of a real collector. */
import type { ResultRow } from '../lab/commands/output.ts';
import { breakEveryByte } from './damage.ts';
import { fillDisk } from './fullDisk.ts';
import { outage } from './outage.ts';
import { losePower } from './powerLoss.ts';

const DISKS_AFTER_POWER_LOSS = 100_000;

export async function runLog(
  seed: number,
): Promise<{ rows: ResultRow[]; details: Record<string, unknown> }> {
  const damage = await breakEveryByte();
  const power = await losePower(DISKS_AFTER_POWER_LOSS, seed);
  const disk = await fillDisk();
  const gone = await outage();
  return {
    rows: [...damage.rows, ...power.rows, ...disk.rows, ...gone.rows],
    details: { ...damage.details, ...power.details, ...disk.details, ...gone.details },
  };
}
