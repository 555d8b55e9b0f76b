/** The delay relay: compiled when first needed, named after its source so that a changed source is compiled anew. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.ts';
import { LabError, messageOf } from './errors.ts';

const SOURCE = fileURLToPath(new URL('relay.c', import.meta.url));
const BUILD_FOLDER = fileURLToPath(new URL('build', import.meta.url));

/** Path of the relay program, whether it exists yet or not. */
export function relayPath(): string {
  const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 12);
  return join(BUILD_FOLDER, `relay-${hash}`);
}

export function isRelayBuilt(): boolean {
  return existsSync(relayPath());
}

/** Compiles the relay unless that is done already; answers its path. Two labs may do it at the same time. */
export async function buildRelay(): Promise<string> {
  const path = relayPath();
  if (existsSync(path)) return path;
  mkdirSync(BUILD_FOLDER, { recursive: true });
  const part = `${path}.${process.pid}`;
  try {
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', part, SOURCE]);
  } catch (cause) {
    throw new LabError(
      `the delay relay could not be compiled: ${messageOf(cause)}`,
      'Install a C compiler and the kernel headers: apt-get install gcc libc6-dev linux-libc-dev',
      { cause },
    );
  }
  renameSync(part, path);
  return path;
}
