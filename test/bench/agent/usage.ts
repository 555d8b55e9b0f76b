/** What a process used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Time on a CPU of all its living threads, in seconds; 0 for a process that is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.reduce((sum, task) => sum + taskSeconds(`/proc/${pid}/task/${task}/schedstat`), 0);
  } catch {
    return 0;
  }
}

/** The first number of schedstat is nanoseconds on a CPU. */
function taskSeconds(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e9;
}

export function rssBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}
