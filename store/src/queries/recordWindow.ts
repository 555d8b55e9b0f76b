/** What every look-up of raw records shares: a time window and a list of hashes. */
import { z } from 'zod';

export interface TimeWindow {
  readonly fromUs: number;
  /** Exclusive. */
  readonly toUs: number;
}

const hashes = z
  .array(z.string().regex(/^[0-9a-f]{16}$/))
  .transform((list) => list.map((hash) => BigInt(`0x${hash}`)));

export const windowParams = { fromUs: z.int().min(0), toUs: z.int().min(0) };
export const hashesParam = hashes;

/** The window twice: the key of the raw tables starts with the minute, which the planner cannot derive. */
export const IN_WINDOW = `intDiv(start_us, 60000000) BETWEEN intDiv({fromUs:UInt64}, 60000000) AND intDiv({toUs:UInt64}, 60000000)
    AND start_us >= {fromUs:UInt64} AND start_us < {toUs:UInt64}`;

/** No cluster named: all of them. */
export const IN_CLUSTERS =
  '(empty({clusters:Array(String)}) OR has({clusters:Array(String)}, cluster))';
export const clustersParam = z.array(z.string());

/** A record that was stored twice (another token) counts once. */
export const ONCE = 'LIMIT 1 BY cluster, node, boot_id, seq';
