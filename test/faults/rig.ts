/** The product's parts as processes that can be killed, stopped and started again on the same ports and folders. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import type { EngineMemory } from '@hoptrace/store/embedded/engineConfig.ts';
import { type EmbeddedStore, startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { freePort, TEST_RETENTION } from '../integration/embedded.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const POLL_MS = 25;
/** As `npm start` runs it: without a bound V8 takes what there is, and resident memory says nothing. */
const HEAP = ['--max-old-space-size=256', '--max-semi-space-size=8'];

export interface Rig {
  readonly folder: string;
  readonly store: Store;
  /** `ws://127.0.0.1:PORT`. */
  readonly collectorUrl: string;
  readonly collector: Part;
  /** All of them; `collector` is the first. */
  readonly collectors: readonly Part[];
  readonly collectorUrls: readonly string[];
  readonly clickhouse: Part;
  /** How other processes find the database. */
  readonly environment: Readonly<Record<string, string>>;
  /** Adds a process that the rig ends with the others. */
  child(args: readonly string[], env: Record<string, string>): ChildProcess;
  close(): Promise<void>;
}

/** Something that can be hurt. */
export interface Part {
  readonly name: string;
  pid(): number;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
}

export interface RigOptions {
  /** Where the collector keeps its log; below the rig's folder unless given. */
  readonly logDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** One unless given. */
  readonly collectors?: number;
  /** Of the first engine, which may have much to take in; those started after it have what `npm start` gives. */
  readonly firstMemory?: EngineMemory;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'hoptrace-faults-'));
  const httpPort = await freePort();
  const children = new Set<ChildProcess>();
  let engine: EmbeddedStore = await startEmbedded({
    ...{ dataDir: folder, httpPort },
    ...(options.firstMemory !== undefined && { memory: options.firstMemory }),
  });
  const store = openStore(engine);
  await migrate(store, { retention: TEST_RETENTION });
  const clickhouse: Part = {
    name: 'ClickHouse',
    pid: () => engine.pid,
    async kill() {
      process.kill(engine.pid, 'SIGKILL');
      await engine.exited;
    },
    async start() {
      engine = await startEmbedded({ dataDir: folder, httpPort });
    },
  };
  const child: Rig['child'] = (args, env) => {
    const made = spawn(process.execPath, [...HEAP, '--import', 'tsx', ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(made);
    made.once('exit', () => children.delete(made));
    return made;
  };
  const database = {
    CLICKHOUSE_URL: engine.url,
    CLICKHOUSE_USER: engine.user,
    CLICKHOUSE_PASSWORD: engine.password,
    CLICKHOUSE_DATABASE: engine.database,
  };
  const environment = {
    ...database,
    HOPTRACE_COLLECTOR_DATA_DIR: options.logDir ?? join(folder, 'collector'),
    HOPTRACE_COLLECTOR_LOG_LEVEL: 'fatal',
    // The oracle wants a path for every connection, on a slow machine as well.
    HOPTRACE_COLLECTOR_SHED: 'off',
    ...options.env,
  };
  const collectors: Part[] = [];
  const collectorUrls: string[] = [];
  for (let index = 0; index < (options.collectors ?? 1); index++) {
    const port = await freePort();
    const own = {
      HOPTRACE_COLLECTOR_PORT: String(port),
      ...(index > 0 && { HOPTRACE_COLLECTOR_DATA_DIR: join(folder, `collector-${index}`) }),
    };
    const spawnOne = () => child(['collector/src/main.ts'], { ...environment, ...own });
    const part = collectorPart(spawnOne, port);
    await part.start();
    collectors.push(part);
    collectorUrls.push(`ws://127.0.0.1:${port}`);
  }
  const [collector] = collectors;
  const [collectorUrl] = collectorUrls;
  if (collector === undefined || collectorUrl === undefined) throw new Error('no collector');
  return {
    ...{ folder, store, collector, collectors, clickhouse, child, environment: database },
    ...{ collectorUrl, collectorUrls },
    async close() {
      for (const each of children) each.kill('SIGKILL');
      await store.close();
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function collectorPart(spawnOne: () => ChildProcess, port: number): Part {
  let process: ChildProcess | null = null;
  return {
    name: 'collector',
    pid: () => process?.pid ?? 0,
    async kill() {
      await killChild(process);
    },
    async start() {
      const started = spawnOne();
      started.stdout?.resume();
      process = started;
      await until(async () => {
        if (started.exitCode !== null) throw new Error(`the collector ended: ${started.exitCode}`);
        return (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null))?.ok === true;
      }, 30_000);
    },
  };
}

export async function killChild(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** Polls until true; false where `timeoutMs` passed before. Errors are the caller's. */
export async function until(isDone: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await sleep(POLL_MS)) {
    if (await isDone()) return true;
  }
  return false;
}

/** Resident memory in MiB. */
export function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
