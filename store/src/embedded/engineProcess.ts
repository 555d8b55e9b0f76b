/** The launcher as a child process: its settings go in by stdin, its events come back on descriptor 3. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { EngineFailure } from './failure.ts';

export const LAUNCHER_LOG = 'launcher.log';
const LAUNCHER = fileURLToPath(new URL('./launcher.mjs', import.meta.url));
/** The launcher kills itself after 15 s of stopping; this is the last resort should even that fail. */
const STOP_TIMEOUT_MS = 20_000;

export interface EngineSettings {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly nativePort?: number;
  readonly database: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface EngineProcess {
  readonly pid: number;
  readonly exited: Promise<EngineExit>;
  /** True once the launcher holds lock and port and has called the engine. */
  hasStarted(): boolean;
  /** Why it ended without being asked to; null while it runs. */
  failure(): EngineFailure | null;
  stop(): Promise<EngineExit>;
}

const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('started') }),
  z.object({
    event: z.literal('failed'),
    code: z.enum(['LIBRARY_MISSING', 'LOCKED', 'PORT', 'FIFO', 'ENGINE']),
    text: z.string(),
    holder: z.string().optional(),
  }),
]);

export async function spawnEngine(settings: EngineSettings): Promise<EngineProcess> {
  const log = await open(path.join(settings.dataDir, LAUNCHER_LOG), 'w', 0o600);
  const child = spawnLauncher(log);
  const exited = new Promise<EngineExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  await log.close();
  let hasStarted = false;
  let failure: EngineFailure | null = null;
  readEvents(child, (event) => {
    if (event.event === 'started') hasStarted = true;
    else failure = event;
  });
  void exited.then((exit) => {
    failure ??= { code: 'ENGINE', text: `the process ended with ${exit.signal ?? exit.code}` };
  });
  // A child that ended at once closes its pipe; the failure says why, not an EPIPE here.
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(`${JSON.stringify(settings)}\n`);
  return {
    pid: child.pid ?? -1,
    exited,
    hasStarted: () => hasStarted,
    failure: () => failure,
    stop: () => stopProcess(child, exited),
  };
}

function spawnLauncher(log: FileHandle): ChildProcess {
  return spawn(process.execPath, ['--max-old-space-size=64', LAUNCHER], {
    stdio: ['pipe', 'ignore', log.fd, 'pipe'],
    // Its own group: Ctrl-C in a terminal reaches the parent alone, which stops its services in order.
    detached: true,
    // Neither the product's secrets nor NODE_OPTIONS are for the engine.
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH, TZ: 'UTC' },
  });
}

function readEvents(
  child: ChildProcess,
  onEvent: (event: z.infer<typeof eventSchema>) => void,
): void {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) return;
  createInterface({ input: pipe }).on('line', (line) => {
    const event = eventSchema.safeParse(JSON.parse(line));
    if (event.success) onEvent(event.data);
  });
}

async function stopProcess(child: ChildProcess, exited: Promise<EngineExit>): Promise<EngineExit> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}
