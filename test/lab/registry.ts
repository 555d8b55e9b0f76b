/**
 * Which labs exist: one folder each under the temporary directory, with `state.json`, configurations, logs and pid
 * files. The folder is made before the first namespace, so a lab that died half-built is known too.
 *
 * A lab belongs to the process that opened it and is removed when that process is found dead. A lab of the command
 * `npm run lab -- up` belongs to nobody (`owner: null`): it stays until `down`. Either kind is stale after a reboot.
 */
import { randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runSync } from './command.ts';
import { LabError, messageOf } from './errors.ts';
import { prefixOf } from './names.ts';
import { BACKENDS } from './plan.ts';
import { identify, isAlive, stopDaemons } from './processes.ts';

const stateSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{6}$/),
  backend: z.enum(BACKENDS),
  delayMs: z.number().min(0),
  createdAtMs: z.int(),
  bootId: z.string(),
  owner: z.object({ pid: z.int().positive(), startTicks: z.int().min(0) }).nullable(),
});
export type LabState = z.infer<typeof stateSchema>;
export type LabStatus = 'owned' | 'kept' | 'stale';

export interface RegisteredLab {
  readonly state: LabState;
  readonly folder: string;
  readonly status: LabStatus;
}

/** Folder that holds all labs of this machine. Throws if it is not ours: pid files in it are obeyed as root. */
function registryFolder(): string {
  const folder = join(tmpdir(), 'hoptrace-lab');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new LabError(
      `${folder} belongs to another user or can be written by others`,
      'Remove it, or set TMPDIR to a directory of your own.',
    );
  }
  return folder;
}

/** Enters a new lab, owned by this process. */
export function registerLab(options: Pick<LabState, 'backend' | 'delayMs'>): RegisteredLab {
  const root = registryFolder();
  const id = randomBytes(3).toString('hex');
  const folder = join(root, id);
  for (const part of ['', 'pids', 'logs', 'conf']) mkdirSync(join(folder, part), { mode: 0o700 });
  const state: LabState = {
    version: 1,
    id,
    backend: options.backend,
    delayMs: options.delayMs,
    createdAtMs: Date.now(),
    bootId: bootId(),
    owner: identify(process.pid),
  };
  writeState(folder, state);
  return { state, folder, status: 'owned' };
}

/** Takes the owner from a lab that is complete: from now on it outlives this process. */
export function disownLab(lab: RegisteredLab): void {
  writeState(lab.folder, { ...lab.state, owner: null });
}

function writeState(folder: string, state: LabState): void {
  // Written aside and renamed: a reader never meets half a file.
  writeFileSync(join(folder, 'state.part'), JSON.stringify(state));
  renameSync(join(folder, 'state.part'), join(folder, 'state.json'));
}

/** All labs in the registry, oldest first. A folder without a readable state is left alone and not listed. */
export function listLabs(): RegisteredLab[] {
  const root = registryFolder();
  const labs = readdirSync(root).flatMap((name) => {
    const folder = join(root, name);
    const state = readState(folder);
    return state === null || state.id !== name ? [] : [{ state, folder, status: statusOf(state) }];
  });
  return labs.sort((a, b) => a.state.createdAtMs - b.state.createdAtMs);
}

/**
 * Removes a lab: stops its processes by recorded id, deletes its namespaces, then its folder.
 * Goes on after a failed step and answers what failed; the folder then stays, so that a later try can finish.
 * `keepFolder` leaves it in any case: for a lab that may still be growing, which the next clean-up has to look at.
 */
export function removeLab(lab: RegisteredLab, options: { keepFolder?: boolean } = {}): string[] {
  const problems: string[] = [];
  // Process ids from before a reboot are somebody else's now.
  if (lab.state.bootId === bootId()) stopDaemons(lab.folder);
  const names = namespacesPresent(lab.state.id);
  if (names.length > 0) {
    const input = names.map((name) => `netns del ${name}\n`).join('');
    const problem = runSync('ip', ['-force', '-batch', '-'], input);
    if (problem !== '' && !isGone(lab.state.id)) problems.push(problem);
  }
  if (problems.length > 0 || options.keepFolder === true) return problems;
  try {
    rmSync(lab.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  } catch (error) {
    problems.push(messageOf(error));
  }
  return problems;
}

/** Removes every lab whose owner is dead. Answers their ids. Throws LabError if one cannot be removed. */
export function removeStaleLabs(): string[] {
  return removeAll(listLabs().filter((lab) => lab.status === 'stale'));
}

/** Removes these labs and answers their ids. Throws LabError naming what could not be removed. */
export function removeAll(labs: readonly RegisteredLab[]): string[] {
  for (const lab of labs) {
    const problems = removeLab(lab);
    if (problems.length > 0) {
      throw new LabError(
        `lab ${lab.state.id} could not be removed: ${problems.join('; ')}`,
        `Look at ${lab.folder}, mend the cause and run \`npm run lab -- down --all\` again.`,
      );
    }
  }
  return labs.map((lab) => lab.state.id);
}

/** Names of the network namespaces that carry the lab's prefix. */
export function namespacesPresent(labId: string): string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(prefixOf(labId)));
  } catch {
    return [];
  }
}

/** Another clean-up may be half through the same names: waits for it, 2 s at most. */
function isGone(labId: string): boolean {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + 2_000;
  while (namespacesPresent(labId).length > 0) {
    if (Date.now() > deadline) return false;
    Atomics.wait(clock, 0, 0, 10);
  }
  return true;
}

function statusOf(state: LabState): LabStatus {
  if (state.bootId !== bootId()) return 'stale';
  if (state.owner === null) return 'kept';
  return isAlive(state.owner) ? 'owned' : 'stale';
}

function readState(folder: string): LabState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')));
  } catch {
    return null;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
