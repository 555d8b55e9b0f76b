/**
 * The suites of `lab check --suite`, in a short form: what is said must be right. How long it took is printed by the
 * command and asserted nowhere: this host may be busy.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { SUITES } from './commands/suites.ts';
import { missingOnHost } from './host.ts';
import { BACKENDS } from './plan.ts';
import type { SuiteRow } from './suites/suite.ts';

/** 15 variants of 200 requests each; 15 kinds of 11 attempts under each kind of rules. */
const REQUESTS = 3_000;
const TIMEOUT_MS = 180_000;

const reason = whyNot();
if (reason !== undefined) {
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`lab suites skipped: ${reason}`);
}
const onCapableHost = reason === undefined ? describe : describe.skip;

function whyNot(): string | undefined {
  const missing = BACKENDS.flatMap((backend) => missingOnHost({ backend, compiler: true }))[0];
  if (missing !== undefined) return `${missing.message}. ${missing.remedy}`;
  const build = spawnSync('bash', ['scripts/build-agent.sh'], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

onCapableHost('suites of the agent against the truth', () => {
  test.each(SUITES.map((suite) => [suite.name, suite] as const))(
    '%s',
    async (_, suite) => {
      const rows = await suite.run({ requests: REQUESTS, backends: BACKENDS, onRow: () => {} });
      const isRight = ({ value, goal, isTimed }: SuiteRow) =>
        isTimed === true || goal === null || (goal === 0 ? value === 0 : value >= goal);
      expect(rows.filter((row) => !isRight(row))).toEqual([]);
      expect(rows.length).toBeGreaterThan(20);
    },
    TIMEOUT_MS,
  );
});
