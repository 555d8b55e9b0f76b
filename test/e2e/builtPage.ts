/** The web page as people get it: built for production into a folder of its own, and served over canned answers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PageServer, startPageServer } from './pageServer.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

export interface BuiltPage extends PageServer {
  /** Where the build is, until close(). */
  readonly folder: string;
}

/** Throws where the build fails, with what vite said on stderr. */
export async function startBuiltPage(): Promise<BuiltPage> {
  const folder = mkdtempSync(join(tmpdir(), 'hoptrace-page-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync(
      process.execPath,
      [
        'node_modules/vite/bin/vite.js',
        'build',
        'api/web',
        '--outDir',
        folder,
        '--logLevel',
        'warn',
      ],
      // Jest sets NODE_ENV=test, with which React would be built for development.
      { cwd: REPOSITORY, env: { ...process.env, NODE_ENV: 'production' } },
    );
    const server = await startPageServer(folder);
    return { ...server, folder, close: () => server.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
