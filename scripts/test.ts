/**
 * `npm test`: prepares the host where it may, checks the sources, builds what tests need, runs every suite.
 * The last line is `N passed, N failed, N skipped`. With CI=true a skipped test fails the run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of jest's --json output that is read. */
interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

const SUITES = ['unit', 'integration', 'lab', 'e2e'] as const;
const isCi = process.env.CI === 'true';
const only = process.argv.slice(2).filter((name) => SUITES.some((suite) => suite === name));

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };

/** A step counts as one passed or failed test, so that a broken build cannot hide behind green suites. */
function step(
  title: string,
  command: string,
  args: readonly string[],
  toleratedStatus?: number,
): void {
  console.log(`\n== ${title}`);
  const result = spawnSync(command, args, { stdio: 'inherit', timeout: 1_200_000 });
  if (result.status === 0) totals.passed += 1;
  else if (result.status === toleratedStatus && !isCi) totals.skipped += 1;
  else totals.failed += 1;
}

function suite(name: (typeof SUITES)[number], outputFolder: string): void {
  console.log(`\n== ${name}`);
  const outputFile = join(outputFolder, `${name}.json`);
  const flags = [
    '--json',
    `--outputFile=${outputFile}`,
    ...(name === 'unit' ? [] : ['--runInBand']),
  ];
  const result = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      name,
      '--passWithNoTests',
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], timeout: 2_400_000 },
  );
  add(outputFile, result.status);
}

function add(outputFile: string, status: number | null): void {
  try {
    const report = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResult;
    totals.passed += report.numPassedTests;
    totals.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    totals.skipped += report.numPendingTests + report.numTodoTests;
    if (status !== 0 && report.numFailedTests + report.numRuntimeErrorTestSuites === 0)
      totals.failed += 1;
  } catch {
    totals.failed += 1; // jest died before it could report
  }
}

const outputFolder = mkdtempSync(join(tmpdir(), 'hoptrace-test-'));
try {
  if (only.length === 0) {
    step('host', 'bash', ['scripts/prepare-host.sh'], 3);
    step('check', process.execPath, ['node_modules/tsx/dist/cli.mjs', 'scripts/check.ts']);
    step('agent', 'bash', ['scripts/build-agent.sh'], 1);
    step('page', process.execPath, [
      'node_modules/vite/bin/vite.js',
      'build',
      'api/web',
      '--logLevel',
      'warn',
    ]);
    step('grafana', 'bash', ['scripts/build-grafana.sh']);
  }
  for (const name of SUITES)
    if (only.length === 0 || only.includes(name)) suite(name, outputFolder);
  if (only.length === 0)
    step(
      'containers',
      process.execPath,
      ['node_modules/tsx/dist/cli.mjs', 'test/images/main.ts', 'both'],
      3,
    );
} finally {
  rmSync(outputFolder, { recursive: true, force: true });
}

if (isCi && totals.skipped > 0)
  console.log(`\n${totals.skipped} tests were skipped; with CI=true that is a failure`);
process.exitCode = totals.failed > 0 || (isCi && totals.skipped > 0) ? 1 : 0;
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
