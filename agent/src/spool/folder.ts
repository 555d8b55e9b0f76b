/** Where the spool of one node lies, and whether it can. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';

/** A folder for each node, so that several agents may share a directory (recordings, the lab). */
export function spoolFolder(directory: string, cluster: string, node: string): string {
  return path.join(directory, encodeURIComponent(`${cluster}.${node}`));
}

/** Null where the directory can be written (it is made if need be), else what stands against it. */
export function spoolProblem(directory: string): string | null {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
