/** One log, one process. The lock names its holder by pid and start time, so that none is ever stale. */
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Throws AppError HOP_LOG_LOCKED while another living process holds the directory. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = path.join(directory, 'lock');
  const own = identityOf(process.pid);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, own, { flag: 'wx', mode: 0o600 });
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error;
    }
    const holder = await readFile(file, 'utf8').catch(() => '');
    if (isAlive(holder)) throw locked(directory, holder);
    await rm(file, { force: true });
  }
  throw locked(directory, 'another process');
}

/** `PID STARTTIME`; a pid that was given to another process since has another start time (proc(5), field 22). */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return String(pid);
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return Reflect.get(Object(error), 'code') === 'EPERM';
  }
  return identityOf(pid) === holder;
}

function locked(directory: string, holder: string): AppError {
  return new AppError('HOP_LOG_LOCKED', `${directory} is in use by process ${holder}`, {
    problems: [
      {
        field: 'HOPTRACE_COLLECTOR_DATA_DIR',
        text: `${directory} holds the log of a running collector`,
        remedy: 'stop that collector, or give each one a directory of its own',
      },
    ],
  });
}
