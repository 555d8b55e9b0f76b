/** States of Kubernetes objects as rows of topology_v1. */
import { z } from 'zod';
import { bigColumn } from './values.ts';

export const TOPOLOGY_TABLE = 'topology_v1';
/** Stands for "still so": before 2106, where DateTime ends, with room for ten years of retention. */
const OPEN_US = 3_900_000_000_000_000;

export const TOPOLOGY_SOURCES = ['watch', 'list', 'file', 'post', 'agent'] as const;
export type StoredSource = (typeof TOPOLOGY_SOURCES)[number];

/** One state of one object. Times in microseconds since the epoch; minus infinity: as long as anybody knows. */
export interface StoredVersion {
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly fromUs: number;
  readonly earliestUs: number;
  /** Infinity: still so. */
  readonly toUs: number;
  readonly earliestToUs: number;
  readonly source: StoredSource;
  readonly revision: string;
  /** JSON. */
  readonly object: string;
}

export const topologyRowSchema = z.object({
  cluster: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  valid_from_us: bigColumn,
  earliest_from_us: bigColumn,
  valid_to_us: bigColumn,
  earliest_to_us: bigColumn,
  source: z.enum(TOPOLOGY_SOURCES),
  revision: z.string(),
  object: z.string(),
});

export function toTopologyRow(version: StoredVersion): object {
  const { cluster, kind, namespace, name, source, revision, object } = version;
  return {
    ...{ cluster, kind, namespace, name, source, revision, object },
    valid_from_us: toColumn(version.fromUs),
    earliest_from_us: toColumn(version.earliestUs),
    valid_to_us: toColumn(version.toUs),
    earliest_to_us: toColumn(version.earliestToUs),
    is_ended: version.toUs === Number.POSITIVE_INFINITY ? 0 : 1,
  };
}

export function fromTopologyRow(row: z.infer<typeof topologyRowSchema>): StoredVersion {
  const { cluster, kind, namespace, name, source, revision, object } = row;
  return {
    ...{ cluster, kind, namespace, name, source, revision, object },
    fromUs: fromColumn(row.valid_from_us),
    earliestUs: fromColumn(row.earliest_from_us),
    toUs: fromColumn(row.valid_to_us),
    earliestToUs: fromColumn(row.earliest_to_us),
  };
}

function toColumn(us: number): number {
  if (us === Number.POSITIVE_INFINITY) return OPEN_US;
  return us === Number.NEGATIVE_INFINITY ? 0 : us;
}

function fromColumn(us: number): number {
  if (us >= OPEN_US) return Number.POSITIVE_INFINITY;
  return us === 0 ? Number.NEGATIVE_INFINITY : us;
}
