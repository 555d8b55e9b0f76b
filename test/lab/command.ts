/** Runs the small system programs the lab is built with (ip, nft, gcc …): always with a time limit and its stderr kept. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';

const DEFAULT_TIMEOUT_MS = 20_000;

export interface RunOptions {
  /** Written to the program's standard input, which is closed after it. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end and answers what it printed.
 * Throws LabError with the end of its stderr if it is missing, fails or takes longer than `timeoutMs`.
 */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: labEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A program that dies early closes its stdin; its exit code tells more than our EPIPE.
    child.stdin.on('error', () => {});
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(failure({ program, args, how: cause.message, stderr: '' }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) {
        resolve(Buffer.concat(out).toString());
        return;
      }
      const how = signal === null ? `exit code ${code}` : `signal ${signal}, limit ${timeoutMs} ms`;
      reject(failure({ program, args, how, stderr: Buffer.concat(err).toString() }));
    });
    child.stdin.end(options.input ?? '');
  });
}

/**
 * The blocking form, for clean-up while the process exits. Answers the program's stderr if it failed, '' otherwise:
 * clean-up goes on after a failed step.
 */
export function runSync(program: string, args: readonly string[], input = ''): string {
  const done = spawnSync(program, args, {
    ...{ input, env: labEnvironment(), timeout: DEFAULT_TIMEOUT_MS },
    encoding: 'utf8',
  });
  if (done.error !== undefined) return `${program}: ${done.error.message}`;
  return done.status === 0 ? '' : `${program}: ${done.stderr.trim()}`;
}

/** The caller's environment, with the folders of system programs that the path of a plain user often lacks. */
export function labEnvironment(): NodeJS.ProcessEnv {
  const path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  return { ...process.env, PATH: path };
}

/** Whether a program can be started by its name. */
export function isInstalled(program: string): boolean {
  return (labEnvironment().PATH ?? '').split(':').some((folder) => {
    if (folder === '') return false;
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Waits until every step has ended, then throws the first failure: clean-up must not race with a step still at work. */
export async function settleAll(steps: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(steps);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** The arguments that make `nsenter` run a program in a named network namespace, and in it alone. */
export function inNamespace(path: string, program: string, ...args: string[]): string[] {
  // Not `ip netns exec`: that also remounts /sys, and children would lose tracefs.
  return [`--net=${path}`, '--', program, ...args];
}

function failure(what: {
  program: string;
  args: readonly string[];
  how: string;
  stderr: string;
}): LabError {
  const said = what.stderr.trim().split('\n').slice(-8).join('\n');
  return new LabError(
    `${what.program} ${what.args.slice(0, 6).join(' ')} failed (${what.how})${said === '' ? '' : `: ${said}`}`,
    'Read the message of the program above; `npm run lab -- down --all` removes what is left of a broken lab.',
  );
}
