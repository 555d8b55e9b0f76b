/** Spools of collectors that the settings name no more: their batches go to one that they do. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DiskSpool, SPOOL_FILE, type SpoolOptions } from './diskSpool.ts';
import type { Outbox } from './outbox.ts';

export interface LeftoverOptions {
  /** Of this node; a spool lies in it, or in folders of it, one a collector. */
  readonly folder: string;
  /** Spools in use. */
  readonly inUse: readonly string[];
  readonly spool: Omit<SpoolOptions, 'directory'>;
}

/** Moves what lies in other spools of the node to `heir`; answers how many batches. Throws where it cannot write. */
export function takeLeftovers(heir: Outbox, { folder, inUse, spool }: LeftoverOptions): number {
  if (!existsSync(folder)) return 0;
  const entries = readdirSync(folder, { withFileTypes: true });
  const folders = entries.filter((each) => each.isDirectory());
  const places = [
    ...(entries.some((each) => SPOOL_FILE.test(each.name)) ? [folder] : []),
    ...folders.map(({ name }) => path.join(folder, name)),
  ];
  let taken = 0;
  for (const directory of places.filter((each) => !inUse.includes(each))) {
    const old = new DiskSpool({ ...spool, directory });
    for (const batch of [...old.batches]) {
      const bytes = old.bytesOf(batch);
      if (bytes === null) continue;
      heir.add({ ...batch, bytes });
      old.free(batch);
      taken += 1;
    }
    old.close();
    if (directory !== folder) rmSync(directory, { recursive: true, force: true });
  }
  return taken;
}
