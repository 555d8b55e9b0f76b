/**
 * `npm run test:e2e [-- web,grafana] [--update]`: the tests in Chromium, all of them or the named ones. `--update` takes
 * the pages as they are now for what they should look like (test/e2e/golden). Jest itself would take
 * a bare name behind --selectProjects for a further project, and run everything.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const ENDING = '.test.ts';
const known = readdirSync('test/e2e')
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length));
/** Names for several files at once; every file can be named as well. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  web: known.filter((file) => !file.startsWith('grafana')),
  grafana: known.filter((file) => file.startsWith('grafana')),
};

const UPDATE = '--update';
const given = process.argv.slice(2);
const names = given
  .filter((argument) => argument !== UPDATE)
  .flatMap((argument) => argument.split(','));
const files = names.flatMap((name) => GROUPS[name] ?? known.filter((file) => file === name));
const unknown = names.filter((name) => GROUPS[name] === undefined && !known.includes(name));
if (unknown.length > 0) {
  console.error(`no such tests: ${unknown.join(', ')}. There are: web, ${known.join(', ')}.`);
  process.exit(2);
}
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
    ...(given.includes(UPDATE) ? ['--updateSnapshot'] : []),
    ...pattern,
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
