/** The page is the one thing that is built (browsers need it); once, and again when its sources changed. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that ends up in the bundle, relative to the repository's root. */
const SOURCES = [
  'api/web/src',
  'api/web/index.html',
  'api/web/vite.config.ts',
  'grafana-plugin/src/view',
  'domain/src',
];
const BUILD_TIMEOUT_MS = 120_000;

/** True where sources are newer than the build, or nothing is built. False without sources (an installed copy). */
export function isPageStale(root: string): boolean {
  const built = join(root, 'api/web/dist/index.html');
  const sources = SOURCES.map((source) => join(root, source)).filter((path) => existsSync(path));
  if (sources.length === 0) return false;
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  return sources.some((source) => newestMs(source) > builtMs);
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

/** Builds the page in a process of its own, so that the bundler's memory goes when it is done. */
export function buildPage(root: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    const child = spawn(process.execPath, [vite, 'build', 'api/web', '--logLevel', 'warn'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_TIMEOUT_MS,
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(
        new Error(
          `the page could not be built (exit ${code}):\n${Buffer.concat(output).toString()}`,
        ),
      );
    });
  });
}
