/**
 * The lab's long-running programs. Each writes its own process id and start time into `pids/` before it becomes the
 * program, so no crash of the lab can leave one that nobody knows; a stop goes by that pair alone, never by name.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNamespace, labEnvironment } from './command.ts';
import { LabError, messageOf } from './errors.ts';

/** A process id can be used again; together with its start time it cannot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTicks: number;
}

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
const POLL_MS = 5;
/** Records its identity, then turns into the program: same process id, same start time. */
const RECORD_AND_BECOME = 'cat /proc/$$/stat >"$1" && shift && exec "$@"';

export interface DaemonSpec {
  /** Name inside the lab, for the pid file, the log file and messages. */
  readonly name: string;
  readonly namespacePath: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Ready when all these TCP ports listen in its namespace, or when its log contains `readyText`. */
  readonly ports?: readonly number[];
  readonly readyText?: string;
}

/**
 * Starts a program inside a namespace and waits until it is ready. It outlives this process.
 * Throws LabError with the end of its log if it exits, or is not ready within 15 s.
 */
export async function startDaemon(labFolder: string, spec: DaemonSpec): Promise<ProcessIdentity> {
  const pidFile = join(labFolder, 'pids', spec.name);
  const logFile = logFileOf(labFolder, spec.name);
  const log = openSync(logFile, 'a');
  const child = spawn(
    'sh',
    [
      '-c',
      RECORD_AND_BECOME,
      'sh',
      pidFile,
      'nsenter',
      ...inNamespace(spec.namespacePath, spec.program, ...spec.args),
    ],
    { detached: true, env: labEnvironment(), stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  let ended: string | null = null;
  child.on('exit', (code, signal) => {
    ended = `ended with ${signal ?? `exit code ${code}`}`;
  });
  child.on('error', (error) => {
    ended = messageOf(error);
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (ended === null && Date.now() < deadline) {
    const identity = readIdentity(pidFile);
    if (identity !== null && isReady(identity, spec, logFile)) return identity;
    await sleep(POLL_MS);
  }
  const why = ended ?? `not ready within ${READY_TIMEOUT_MS} ms`;
  throw new LabError(
    `${spec.name} (${spec.program}) ${why}: ${tail(logFile)}`,
    `Read its log: ${logFile}`,
  );
}

/** Where a daemon's standard output and standard error go. */
export function logFileOf(labFolder: string, name: string): string {
  return join(labFolder, 'logs', `${name}.log`);
}

/** Identity of a running process; null if there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | null {
  return readIdentity(`/proc/${pid}/stat`);
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/**
 * Stops every process recorded in a lab's folder, with their children: asks first, forces after 2 s.
 * Blocks, so that it also works while the process exits. Answers how many had to be forced.
 */
export function stopDaemons(labFolder: string): number {
  const recorded = readRecorded(labFolder).filter(isAlive);
  // nginx: a worker outlives a master that had to be killed, so the workers are noted while the master lives.
  const all = [...recorded, ...recorded.flatMap(childrenOf)];
  for (const identity of recorded) signal(identity, 'SIGTERM');
  waitUntilGone(all, STOP_TIMEOUT_MS);
  const stubborn = all.filter(isAlive);
  for (const identity of stubborn) signal(identity, 'SIGKILL');
  waitUntilGone(stubborn, STOP_TIMEOUT_MS);
  return stubborn.length;
}

/** The daemons of a lab that are still running. */
export function runningDaemons(labFolder: string): string[] {
  return readRecorded(labFolder)
    .filter(isAlive)
    .map((recorded) => recorded.name);
}

function readRecorded(labFolder: string): (ProcessIdentity & { name: string })[] {
  const folder = join(labFolder, 'pids');
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // The lab died before it had this folder, or another clean-up was quicker.
  }
  return names.flatMap((name) => {
    const identity = readIdentity(join(folder, name));
    return identity === null ? [] : [{ name, ...identity }];
  });
}

/**
 * Reads the form of /proc/PID/stat; the second field may hold blanks and brackets:
 * `4711 (nginx: master) S 1 4711 4711 0 -1 4194560 … 123456 …`
 */
function readIdentity(path: string): ProcessIdentity | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const pid = Number.parseInt(text, 10);
  const startTicks = Number(rest[19]);
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(startTicks) || rest[0] === 'Z') {
    return null;
  }
  return { pid, startTicks };
}

function childrenOf(identity: ProcessIdentity): ProcessIdentity[] {
  try {
    const text = readFileSync(`/proc/${identity.pid}/task/${identity.pid}/children`, 'utf8');
    return text
      .split(' ')
      .filter((pid) => pid !== '')
      .flatMap((pid) => identify(Number(pid)) ?? []);
  } catch {
    return [];
  }
}

function isReady(identity: ProcessIdentity, spec: DaemonSpec, logFile: string): boolean {
  if (spec.readyText !== undefined && !readFileSync(logFile, 'utf8').includes(spec.readyText)) {
    return false;
  }
  const listening = listeningPorts(identity.pid);
  return (spec.ports ?? []).every((port) => listening.has(port));
}

/** TCP ports in state LISTEN (0A) in the process's network namespace: `1: 00000000:1F90 00000000:0000 0A …`. */
function listeningPorts(pid: number): Set<number> {
  try {
    const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1);
    return new Set(
      rows
        .map((row) => row.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A')
        .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)),
    );
  } catch {
    return new Set();
  }
}

function signal(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // It ended between the look and the signal: that is what was wanted.
  }
}

function waitUntilGone(identities: readonly ProcessIdentity[], timeoutMs: number): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline && identities.some(isAlive)) Atomics.wait(clock, 0, 0, POLL_MS);
}

function tail(file: string): string {
  try {
    return (
      readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' | ') || '(it said nothing)'
    );
  } catch {
    return '(no log)';
  }
}
