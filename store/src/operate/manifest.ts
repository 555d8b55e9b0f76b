/** What a backup says about itself: `manifest.json`, written last. */
import { z } from 'zod';

export const MANIFEST_FILE = 'manifest.json';

const fileSchema = z.object({
  /** Relative to the folder, gzip of Native. */
  file: z.string().regex(/^[a-z0-9_]+\/[A-Za-z0-9_-]+\.native\.gz$/),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const tableSchema = z.object({
  name: z.string().regex(/^[a-z_][a-z0-9_]*$/),
  columns: z.array(
    z.object({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.]*$/), type: z.string() }),
  ),
  files: z.array(fileSchema),
});

export const manifestSchema = z.object({
  format: z.literal(1),
  createdAt: z.iso.datetime(),
  clickhouseVersion: z.string(),
  /** That the database had, in their order. */
  migrations: z.array(z.string()),
  tables: z.array(tableSchema),
});

export type BackupFile = z.infer<typeof fileSchema>;
export type BackupTable = z.infer<typeof tableSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
