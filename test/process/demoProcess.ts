/** `npm start -- --demo` as a user runs it: a process tree of its own, on ports and in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The page may have to be built first. */
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

export interface DemoProcess {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** From spawn to the ready line; for printing, never for asserting. */
  readonly readyMs: number;
  /** Everything printed so far. */
  output(): string;
  /** Resident memory of the whole tree, in MiB. Pages that processes share are counted in each. */
  rssMiB(): number;
  /** Pids of the tree. */
  pids(): number[];
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>;
}

export interface DemoOptions {
  readonly dataDir: string;
  readonly portOffset: number;
}

/** Rejects with the output when the process ends before it is ready. */
export async function startDemo({ dataDir, portOffset }: DemoOptions): Promise<DemoProcess> {
  const startedMs = Date.now();
  const child = spawn(
    process.execPath,
    ['node_modules/tsx/dist/cli.mjs', 'cli/src/main.ts', 'up', '--demo'],
    {
      cwd: ROOT,
      env: { ...process.env, HOPTRACE_DATA_DIR: dataDir, HOPTRACE_PORT_OFFSET: String(portOffset) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const pids = () => treeOf(child.pid ?? 0);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const url = await readyUrl(child, () => output);
  return {
    url,
    readyMs: Date.now() - startedMs,
    output: () => output,
    rssMiB: () => pids().reduce((sum, pid) => sum + rssKiB(pid), 0) / 1024,
    pids,
    stop: () => stop(child),
  };
}

async function readyUrl(child: ChildProcess, output: () => string): Promise<string> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const url = /^ready: (http:\S+)/m.exec(output())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null)
      throw new Error(`exit ${child.exitCode} before it was ready:\n${output()}`);
    await sleep(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`not ready after ${READY_TIMEOUT_MS} ms:\n${output()}`);
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  const code = await exited;
  clearTimeout(kill);
  return code;
}

/** The process and all that descend from it, by /proc. */
function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /\) \S (\d+)/.exec(readProc(name, 'stat'))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const tree = [root];
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  }
  return tree.filter((pid) => parents.has(pid));
}

/** Runs, and is not merely waiting for its parent to notice that it ended. */
export function isAlive(pid: number): boolean {
  return /\) [^ZX] /.test(readProc(String(pid), 'stat'));
}

function rssKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readProc(String(pid), 'status'))?.[1] ?? 0);
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}
