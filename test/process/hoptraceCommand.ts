/** `hoptrace` as a user runs it: a process of its own that asks the API at `url`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runHoptrace(
  url: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Answer> {
  const child = spawn(
    process.execPath,
    ['node_modules/tsx/dist/cli.mjs', 'cli/src/main.ts', ...args],
    {
      cwd: ROOT,
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'UTC', HOPTRACE_API_URL: url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}
