/**
 * `npm run agent:build` calls it: the agent as one file of JavaScript, and the program that starts it. A node runs
 * these two and the loader, and no compiler: running from source takes 30 MiB more.
 *
 *   agent/build/hoptrace-agent       starts node with the flags below; run | check | --check | --print
 *   agent/build/hoptrace-agent.mjs   agent/src/main.ts and all it imports
 */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD_FOLDER = join(ROOT, 'agent/build');

/** What the agent's node is started with; measured with `npm run bench -- agent`, see docs/adr/0009. */
export const AGENT_NODE_FLAGS = [
  // Young space grows to three times this; at 1 the collector runs twice as often, at 8 it only costs memory.
  '--max-semi-space-size=2',
  // 50,000 queued records and 65,536 open legs at most; V8 collects before it grows to this.
  '--max-old-space-size=160',
  // V8 lets a heap grow by half and more between collections; a flood fills it with what is over.
  '--heap-growing-percent=20',
  // Helpers of the garbage collector: with two cores one is enough, and each has an arena of its own.
  '--v8-pool-size=1',
] as const;

/** Each thread that allocates may have an arena of malloc's, which keeps what was freed in it. */
export const AGENT_NODE_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;

const LAUNCHER = `#!/bin/sh
# Made by npm run agent:build. NODE names another node than the one in PATH (20.19 or later).
here=$(dirname "$(readlink -f "$0")")
export MALLOC_ARENA_MAX=${AGENT_NODE_ENVIRONMENT.MALLOC_ARENA_MAX}
exec "\${NODE:-node}" ${AGENT_NODE_FLAGS.join(' ')} "$here/hoptrace-agent.mjs" "$@"
`;

/** Bundles `entry` (a path from the root) into `file`. Packages that are CommonJS ask for `require` and `__dirname`. */
export async function bundle(entry: string, file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.new.${process.pid}`;
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: part,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    external: ['bufferutil', 'utf-8-validate'],
    banner: {
      js: [
        "import { createRequire } from 'node:module';",
        'const require = createRequire(import.meta.url);',
        // Packages that are CommonJS look for their files beside themselves.
        'const __dirname = import.meta.dirname;',
      ].join('\n'),
    },
  });
  renameSync(part, file);
}

async function bundleAgent(): Promise<void> {
  await bundle('agent/src/main.ts', join(BUILD_FOLDER, 'hoptrace-agent.mjs'));
  const part = join(BUILD_FOLDER, `hoptrace-agent.new.${process.pid}`);
  writeFileSync(part, LAUNCHER);
  chmodSync(part, 0o755);
  renameSync(part, join(BUILD_FOLDER, 'hoptrace-agent'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleAgent();
