/**
 * Starts a genuine ClickHouse as a child on loopback and stops it in order.
 *
 *   dataDir/clickhouse/   lock · password, password.ROLE (0600) · config.xml · users.xml · engine.log · launcher.log
 *                         metadata/ store/ … (the engine's own)
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoreConnection } from '../config.ts';
import { StoreError } from '../errors.ts';
import { type Role, userOf } from '../users/roles.ts';
import { ensurePassword } from './credentials.ts';
import {
  ENGINE_DATABASE,
  ENGINE_USER,
  type EngineMemory,
  engineConfigXml,
  engineUsersXml,
  type RolePasswords,
} from './engineConfig.ts';
import { type EngineExit, type EngineProcess, spawnEngine } from './engineProcess.ts';
import { type EngineFailure, failureToError } from './failure.ts';
import { isAnswering } from './probe.ts';
import { assertSupported, readHostFacts } from './support.ts';

/** 0.7 s on a quiet machine. A slow disk with many parts needs longer; giving up early gains nothing. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** On 127.0.0.1. 0 is not allowed: other services must know it. */
  readonly httpPort: number;
  /** Default: what keeps the whole product below 600 MB. */
  readonly memory?: EngineMemory;
  /** Joins it to other engines. Nothing of the product does: the tests of the cluster form do. */
  readonly native?: NativeListener;
  /** Cancels the start. An engine that is up is ended by stop(). */
  readonly signal?: AbortSignal;
}

/** A second way in, beside HTTP. */
export interface NativeListener {
  readonly port: number;
  /** Elements of config.xml: remote_servers, macros. */
  readonly configXml: string;
}

export interface EmbeddedStore {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The same engine for a user that may do less. */
  as(role: Role): StoreConnection;
  readonly pid: number;
  /** Settles when the engine ended, whoever ended it. A supervisor waits for it. */
  readonly exited: Promise<EngineExit>;
  /** Ends the engine in order. Close the clients first: it waits for open connections. Repeatable. */
  stop(): Promise<EngineExit>;
}

/**
 * Resolves when the engine answers queries. Throws StoreError HOP_EMBEDDED_UNSUPPORTED, _LOCKED (another
 * hoptrace uses the directory), _PORT (port taken) or _FAILED (with the tail of the log).
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedStore> {
  options.signal?.throwIfAborted();
  assertSupported(readHostFacts());
  const engineDir = path.join(path.resolve(options.dataDir), 'clickhouse');
  const { password, passwords } = await preparePasswords(engineDir);
  const engine = await spawnEngine({
    dataDir: engineDir,
    httpPort: options.httpPort,
    ...(options.native === undefined ? {} : { nativePort: options.native.port }),
    database: ENGINE_DATABASE,
    files: {
      'config.xml': engineConfigXml({
        ...{ engineDir, password, passwords, memory: options.memory },
        more: options.native?.configXml ?? '',
      }),
      'users.xml': engineUsersXml({ password, passwords, memory: options.memory }),
    },
  });
  try {
    const failure = await waitUntilReady(engine, { ...options, password });
    if (failure !== null) {
      throw await failureToError(failure, { engineDir, httpPort: options.httpPort });
    }
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${options.httpPort}`,
    user: ENGINE_USER,
    password,
    database: ENGINE_DATABASE,
    as: (role) => ({
      url: `http://127.0.0.1:${options.httpPort}`,
      user: userOf(role),
      password: passwords[role],
      database: ENGINE_DATABASE,
    }),
    pid: engine.pid,
    exited: engine.exited,
    stop: engine.stop,
  };
}

async function preparePasswords(
  engineDir: string,
): Promise<{ readonly password: string; readonly passwords: RolePasswords }> {
  try {
    return {
      password: await ensurePassword(engineDir),
      passwords: {
        writer: await ensurePassword(engineDir, 'writer'),
        reader: await ensurePassword(engineDir, 'reader'),
        grafana: await ensurePassword(engineDir, 'grafana'),
      },
    };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError('HOP_EMBEDDED_FAILED', `cannot write the data directory: ${reason}`, {
      field: 'HOPTRACE_DATA_DIR',
      remedy: 'Set HOPTRACE_DATA_DIR to a directory that this user may write.',
      cause: error,
    });
  }
}

/** Answers null when ready, else why not. Rejects when the signal aborts. */
async function waitUntilReady(
  engine: EngineProcess,
  options: EmbeddedOptions & { password: string },
): Promise<EngineFailure | null> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    options.signal?.throwIfAborted();
    const failure = engine.failure();
    if (failure !== null) return failure;
    const target = { port: options.httpPort, user: ENGINE_USER, password: options.password };
    if (engine.hasStarted() && (await isAnswering(target))) return null;
    if (Date.now() > deadlineMs) {
      return { code: 'TIMEOUT', text: `no answer within ${START_TIMEOUT_MS / 1000} s` };
    }
    await delay(POLL_MS);
  }
}
