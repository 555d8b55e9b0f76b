/** `npm run check`: types, lint and format, imports, file sizes. Prints one line a check; exits 1 if any fails. */
import { spawnSync } from 'node:child_process';
import { oversizedFiles } from './fileSizes.ts';

interface Check {
  readonly name: string;
  run(): { ok: boolean; output: string };
}

const command = (name: string, ...args: [string, ...string[]]): Check => ({
  name,
  run: () => {
    const result = spawnSync(`node_modules/.bin/${args[0]}`, args.slice(1), {
      encoding: 'utf8',
      timeout: 300_000,
    });
    return { ok: result.status === 0, output: `${result.stdout}${result.stderr}` };
  },
});

const CHECKS: readonly Check[] = [
  // --force: with noEmit, TypeScript 7 keeps stale answers about ambient declarations.
  command('types', 'tsc', '-b', '--force'),
  command('lint and format', 'biome', 'check', '--error-on-warnings', '.'),
  command(
    'imports',
    'depcruise',
    '--config',
    '.dependency-cruiser.js',
    'domain',
    'store',
    'collector',
    'api',
    'agent',
    'cli',
    'grafana-plugin',
    'scripts',
    'test',
  ),
  {
    name: 'file sizes',
    run: () => {
      const problems = oversizedFiles('.');
      return { ok: problems.length === 0, output: problems.join('\n') };
    },
  },
];

let failed = 0;
for (const check of CHECKS) {
  const started = Date.now();
  const { ok, output } = check.run();
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  if (ok) continue;
  failed += 1;
  console.log(output.trimEnd());
}
process.exitCode = failed === 0 ? 0 : 1;
