/** The columns that every raw table starts with. */
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';
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

export const SOURCE_COLUMNS: readonly Column<Sourced>[] = [
  ['cluster', (out, { cluster }) => out.text(cluster)],
  ['node', (out, { node }) => out.text(node)],
  ['boot_id', (out, { bootId }) => out.text(bootId)],
  ['seq', (out, { seq }) => out.u64(seq)],
  ['start_us', (out, { startUs }) => out.u64(startUs)],
];

export function toSource(row: SourceColumns) {
  return {
    cluster: row.cluster,
    node: row.node,
    bootId: row.boot_id,
    seq: row.seq,
    startUs: row.start_us,
  };
}
