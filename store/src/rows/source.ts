/** The columns that every raw table starts with. */
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { bigColumn } from './values.ts';

export const sourceColumns = {
  cluster: z.string(),
  node: z.string(),
  boot_id: z.string(),
  seq: bigColumn,
  start_us: bigColumn,
};

export interface SourceColumns {
  readonly cluster: string;
  readonly node: string;
  readonly boot_id: string;
  readonly seq: number;
  readonly start_us: number;
}

export function sourceValues(record: Sourced): SourceColumns {
  return {
    cluster: record.cluster,
    node: record.node,
    boot_id: record.bootId,
    seq: record.seq,
    start_us: record.startUs,
  };
}

export function toSource(row: SourceColumns) {
  return {
    cluster: row.cluster,
    node: row.node,
    bootId: row.boot_id,
    seq: row.seq,
    startUs: row.start_us,
  };
}
