/** Which containers run on this node, and in which network namespace: from /proc, which must be that of the node. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeFacts, Workload } from '@hoptrace/domain/wire/nodeFacts.ts';
import { containerOf } from './cgroup.ts';

const MAX_WORKLOADS = 1024;

/** A process that ends meanwhile is passed over. Rejects where `proc` cannot be read. */
export async function scanWorkloads(
  proc: string,
): Promise<Pick<NodeFacts, 'workloads' | 'workloadsLeftOut'>> {
  const found = new Map<string, Workload>();
  // One after the other: this is never urgent, and nothing else shall wait for it.
  for (const name of await readdir(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const workload = await workloadOf(join(proc, name));
    if (workload !== null) found.set(keyOf(workload), workload);
  }
  const all = [...found.values()].sort(
    (a, b) => a.netns - b.netns || (keyOf(a) < keyOf(b) ? -1 : 1),
  );
  return {
    workloads: all.slice(0, MAX_WORKLOADS),
    workloadsLeftOut: Math.max(0, all.length - MAX_WORKLOADS),
  };
}

async function workloadOf(folder: string): Promise<Workload | null> {
  try {
    const container = containerOf(await readFile(join(folder, 'cgroup'), 'utf8'));
    if (container === null) return null;
    const inode = /^net:\[(\d+)\]$/.exec(await readlink(join(folder, 'ns/net')))?.[1];
    return inode === undefined ? null : { netns: Number(inode), ...container };
  } catch {
    return null;
  }
}

function keyOf({ netns, podUid, container }: Workload): string {
  return `${netns}|${podUid}|${container}`;
}
