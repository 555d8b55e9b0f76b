/** Why an engine did not start, in words that say what to do. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from '../errors.ts';

export interface EngineFailure {
  readonly code: 'LIBRARY_MISSING' | 'LOCKED' | 'PORT' | 'FIFO' | 'ENGINE' | 'TIMEOUT';
  readonly text: string;
  /** What the lock file says about who holds it. */
  readonly holder?: string | undefined;
}

const LOG_FILES = ['launcher.log', 'engine.log'];
const TAIL_LINES = 12;
// 21. ? @ 0x00000000143e1ceb
const STACK_FRAME = /^\d+\. .* @ 0x/;

export async function failureToError(
  failure: EngineFailure,
  place: { readonly engineDir: string; readonly httpPort: number },
): Promise<StoreError> {
  if (failure.code === 'LOCKED') return lockedError(failure, place.engineDir);
  if (failure.code === 'PORT') return portError(place.httpPort);
  if (failure.code === 'LIBRARY_MISSING') {
    return new StoreError(
      'HOP_EMBEDDED_UNSUPPORTED',
      `the embedded ClickHouse cannot be loaded: ${failure.text}`,
      {
        remedy: 'Run `npm ci` without --omit=optional, or set CLICKHOUSE_URL to use a server.',
      },
    );
  }
  const logs = await tailOfLogs(place.engineDir);
  return new StoreError(
    'HOP_EMBEDDED_FAILED',
    `the embedded ClickHouse did not start: ${firstLine(failure.text)}${logs}`,
    { remedy: `Read ${path.join(place.engineDir, 'engine.log')}.` },
  );
}

function lockedError(failure: EngineFailure, engineDir: string): StoreError {
  const pid = /"pid":(\d+)/.exec(failure.holder ?? '')?.[1] ?? 'unknown';
  return new StoreError(
    'HOP_EMBEDDED_LOCKED',
    `${engineDir} is in use by another hoptrace (engine process ${pid})`,
    {
      field: 'HOPTRACE_DATA_DIR',
      remedy:
        'Stop the other hoptrace, or set HOPTRACE_DATA_DIR to another directory. The lock is the kernel’s and goes with its process; deleting the file does not help.',
    },
  );
}

function portError(httpPort: number): StoreError {
  return new StoreError(
    'HOP_EMBEDDED_PORT',
    `port ${httpPort} on 127.0.0.1 is taken by another process`,
    {
      field: 'HOPTRACE_PORT_OFFSET',
      remedy: `Stop what listens on ${httpPort} (ss -ltnp 'sport = :${httpPort}'), or set HOPTRACE_PORT_OFFSET, for instance to 100, to move all ports of hoptrace.`,
    },
  );
}

const firstLine = (text: string) => text.split('\n')[0] ?? '';

async function tailOfLogs(engineDir: string): Promise<string> {
  const parts = await Promise.all(LOG_FILES.map((name) => tailOf(path.join(engineDir, name))));
  return parts.join('');
}

async function tailOf(file: string): Promise<string> {
  try {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const tail = lines
      .filter((line) => !STACK_FRAME.test(line))
      .slice(-TAIL_LINES)
      .join('\n');
    return tail === '' ? '' : `\n--- end of ${file}:\n${tail}`;
  } catch {
    return '';
  }
}
