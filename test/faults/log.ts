/** What damage, a full disk and a long outage of ClickHouse do to the log of a real collector. */
import type { ResultRow } from '../lab/commands/output.ts';
import { breakEveryByte } from './damage.ts';
import { fillDisk } from './fullDisk.ts';
import { outage } from './outage.ts';

export async function runLog(): Promise<{ rows: ResultRow[]; details: Record<string, unknown> }> {
  const damage = await breakEveryByte();
  const disk = await fillDisk();
  const gone = await outage();
  return {
    rows: [...damage.rows, ...disk.rows, ...gone.rows],
    details: { ...damage.details, ...disk.details, ...gone.details },
  };
}
