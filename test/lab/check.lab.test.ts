/**
 * The first must-hold: over 200 requests a row, under both kinds of rules, every request's hops, crossings,
 * rewrites and outcome are right, and the round trip of the delayed link is within 10 % at the median.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isRowRight } from './check/rows.ts';
import { BALANCED, runScenarios } from './check/run.ts';
import { EVERY_REQUEST, type Stack, startStack } from './check/stack.ts';
import { missingOnHost } from './host.ts';
import { type Lab, openLab } from './lab.ts';
import { BACKENDS } from './plan.ts';
import { SCENARIOS } from './traffic/scenarios.ts';

const REQUESTS = Number(process.env.HOPTRACE_LAB_REQUESTS ?? 200);
const TIMEOUT_MS = 300_000;

const reason = whyNot();
if (reason !== undefined) {
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`lab check skipped: ${reason}`);
}
const onCapableHost = reason === undefined ? describe : describe.skip;

function whyNot(): string | undefined {
  const missing = BACKENDS.flatMap((backend) => missingOnHost({ backend, compiler: true }))[0];
  if (missing !== undefined) return `${missing.message}. ${missing.remedy}`;
  const build = spawnSync('bash', ['scripts/build-agent.sh'], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

const VIEWS = BACKENDS.flatMap((backend) => [
  { backend, watchBalancer: false, ids: SCENARIOS.map(({ id }) => id) },
  { backend, watchBalancer: true, ids: BALANCED },
]);

onCapableHost.each(VIEWS)(
  'hoptrace over a lab with $backend rules, load balancer watched: $watchBalancer',
  ({ backend, watchBalancer, ids }) => {
    let lab: Lab;
    let stack: Stack;
    beforeAll(async () => {
      lab = await openLab({ backend });
      stack = await startStack(lab, { recordFolder: null, watchBalancer, agentEnv: EVERY_REQUEST });
    }, TIMEOUT_MS);
    afterAll(async () => {
      await stack?.close();
      await lab?.down();
    }, TIMEOUT_MS);

    test('each agent of a node finds the mode of its kube-proxy', async () => {
      const agents = await stack.agents();
      const nodes = agents.filter(({ node }) => /^node\d$/.test(node));
      expect(nodes.map(({ facts }) => facts?.kubeProxy.mode)).toEqual([backend, backend, backend]);
      expect(nodes.every(({ facts }) => (facts?.sysctls.length ?? 0) > 8)).toBe(true);
    });

    test.each(ids)(
      '%s',
      async (id) => {
        const [row] = await runScenarios(lab, stack, {
          scenarios: [id],
          requests: REQUESTS,
          concurrency: 8,
          onRow: () => {},
        });
        if (row === undefined) throw new Error(`no row for ${id}`);
        expect(row.wrong).toEqual([]);
        expect(row.right).toBe(REQUESTS);
        expect(row.times?.wrong ?? []).toEqual([]);
        if (row.rtt !== null) expect(row.rtt.errorShare).toBeLessThan(0.1);
        expect(isRowRight(row)).toBe(true);
      },
      TIMEOUT_MS,
    );
  },
);
