/** Runs programs to their end; what they said is in the error where they fail. */
import { spawn } from 'node:child_process';

const TIMEOUT_MS = 900_000;
const TAIL_CHARACTERS = 6_000;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Resolves however it ends. */
export function attempt(command: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Resolves with what it printed, without blanks at the ends. Throws unless it exits with 0. */
export async function run(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await attempt(command, options);
  if (status === 0) return stdout.trim();
  const said = `${stdout}${stderr}`.slice(-TAIL_CHARACTERS);
  throw new Error(`${command.join(' ')}: exit ${status}\n${said}`);
}
