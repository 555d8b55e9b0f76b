/**
 * What of the stitcher outlives the process. Before paths are written, the log says which, in which version and of
 * which group; afterwards, below which batch nothing is left to write. A start reads both:
 *
 *   batches kept   ├────────────────┼──────────────────┤      below S: paths are written, the records are context
 *                  first            S (stitched)              from S on: news; their groups are emitted again, in
 *                                                             versions above all that may have been written
 */
import { z } from 'zod';

export interface Emission {
  readonly cluster: string;
  /** Any record of the group (recordKey): by it the group is found again. */
  readonly key: string;
  /** Of the group's first record: where it is no longer in the log, the group cannot be had whole. */
  readonly firstLsn: number;
  /** A record of each group that was one with it because of what times said, which a start does not remember. */
  readonly joined: readonly string[];
  readonly written: readonly (readonly [pathId: string, version: number])[];
  readonly withdrawn: readonly (readonly [pathId: string, version: number])[];
  /** Of paths that stand for others as well, and of those that were shed (0). */
  readonly weights: readonly (readonly [pathId: string, weight: number])[];
}

const schema = z.array(
  z.object({
    cluster: z.string(),
    key: z.string(),
    firstLsn: z.int(),
    joined: z.array(z.string()).default([]),
    written: z.array(z.tuple([z.string(), z.int()])),
    withdrawn: z.array(z.tuple([z.string(), z.int()])),
    weights: z.array(z.tuple([z.string(), z.int().min(0)])).default([]),
  }),
);

export function encodeEmissions(emissions: readonly Emission[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(emissions));
}

/** Empty where the bytes are of another version. */
export function decodeEmissions(bytes: Uint8Array): readonly Emission[] {
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  return parsed.success ? parsed.data : [];
}
