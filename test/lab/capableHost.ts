/** Whether tests that need a lab and an agent can run here; in CI a host that cannot is an error, not a skip. */
import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';
import { missingOnHost } from './host.ts';

/** `describe` where the host can; `describe.skip`, with the reason said, where it cannot. Builds the agent. */
export function describeOnCapableHost(what: string): typeof describe | typeof describe.skip {
  const reason = whyNot();
  if (reason === undefined) return describe;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`${what} skipped: ${reason}`);
  return describe.skip;
}

function whyNot(): string | undefined {
  const missing = missingOnHost({ backend: 'iptables', compiler: true })[0];
  if (missing !== undefined) return `${missing.message}. ${missing.remedy}`;
  const build = spawnSync('bash', ['scripts/build-agent.sh'], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}
