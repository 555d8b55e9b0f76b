/**
 * `npm run test:e2e [-- web,grafana]`: the tests in Chromium, all of them or the named ones. Jest itself would take
 * a bare name behind --selectProjects for a further project, and run everything.
 */
import { spawnSync } from 'node:child_process';

/** The page has two files: over canned answers, and over the running demo. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  web: ['page', 'demo'],
  grafana: ['grafana', 'grafanaArchive'],
};

const names = process.argv.slice(2).flatMap((argument) => argument.split(','));
const unknown = names.filter((name) => FILES[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `no such tests: ${unknown.join(', ')}. There are: ${Object.keys(FILES).join(', ')}.`,
  );
  process.exit(2);
}
const files = names.flatMap((name) => FILES[name] ?? []);
const pattern =
  files.length === 0 ? [] : [`--testPathPatterns=test/e2e/(${files.join('|')})\\.test`];
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects=e2e',
    // Two of them build the Grafana app where it is stale.
    '--runInBand',
    ...pattern,
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
