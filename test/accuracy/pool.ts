/**
 * Worlds in several processes, their results in the order of their numbers: what is counted does not depend on how
 * many there are, nor on which of them was faster.
 *
 *   processes  ─0───2──3─  ─1─────4──      results wait until all before them are there;
 *   handed on   0, 1, 2, 3, 4              at most AHEAD worlds a process are begun beyond the last one handed on
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { WorldResult } from './worldJob.ts';

const AHEAD = 4;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** Most of what a world makes does not outlive it: a large nursery saves most of the collector's work. */
const FLAGS = ['--max-semi-space-size=64', '--max-old-space-size=1024', '--import', 'tsx'];

export interface PoolOptions {
  readonly seed: number;
  readonly workers: number;
  readonly firstWorld: number;
  /** Given each result in order; false: no more. */
  readonly take: (result: WorldResult) => boolean;
}

/** Ends when `take` wants no more. Rejects where a process fails, naming the world. */
export async function runWorlds({ seed, workers, firstWorld, take }: PoolOptions): Promise<void> {
  let begun = firstWorld;
  let handedOn = firstWorld;
  const waiting = new Map<number, WorldResult>();
  const children = Array.from({ length: workers }, newChild);
  const idle = [...children];
  const busy = new Map<ChildProcess, number>();
  const begin = () => {
    while (begun - handedOn < AHEAD * workers) {
      const child = idle.pop();
      if (child === undefined) return;
      busy.set(child, begun);
      child.send({ seed, world: begun++ });
    }
  };
  /** False once nothing more is wanted. */
  const handOn = (): boolean => {
    for (let next = waiting.get(handedOn); next !== undefined; next = waiting.get(handedOn)) {
      waiting.delete(handedOn++);
      if (!take(next)) return false;
    }
    return true;
  };
  const work = new Promise<void>((resolve, reject) => {
    for (const child of children) {
      child.on('message', (result: WorldResult) => {
        waiting.set(result.index, result);
        idle.push(child);
        if (handOn()) begin();
        else resolve();
      });
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        reject(new Error(`the process of world ${busy.get(child)} ended: ${signal ?? code}`)),
      );
    }
  });
  begin();
  try {
    await work;
  } finally {
    for (const child of children) child.kill();
  }
}

/** What it says goes to stderr: stdout is the result's. */
function newChild(): ChildProcess {
  return fork(WORKER, {
    cwd: ROOT,
    execArgv: FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
}
