/**
 * Times, with nothing else to go by: agents that tell every request and no thread links, no heads and no PROXY header
 * between ingress and app. What the collector infers once a window is whole is held against the order of the requests.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeOnCapableHost } from './capableHost.ts';
import { startStack } from './check/stack.ts';
import { inNamespace, run } from './command.ts';
import { type Lab, openLab } from './lab.ts';
import { namespaceOf } from './names.ts';

const SET_UP_MS = 120_000;
/** A minute after an agent was first heard of (by its heartbeat after 5 s), from the beginning of a block of 20 s on. */
const UNTIL_BELIEVED_MS = 88_000;
/** A block of 20 s, a margin of 5 s, a heartbeat every 5 s, and the way to the store. */
const UNTIL_WHOLE_MS = 45_000;
const TIMEOUT_MS = 300_000;
const REQUESTS = 100;
/** controller-node1: one ingress Pod, on the entry node. */
const TARGET = 'http://192.168.50.11:30084/local';

const isInferred = (path: Path) => path.hops.some(({ link }) => link?.method === 'timing');

/** One request after another: what a path says was sent on for it began before the next request did. */
function outOfOrder(paths: readonly Path[]): string[] {
  const inOrder = [...paths].sort((a, b) => a.startedAtUs - b.startedAtUs);
  return inOrder.flatMap(({ pathId, startedAtUs, hops }, index) => {
    const sentOnNs = hops.find(({ link }) => link?.method === 'timing')?.times.synNs ?? Number.NaN;
    const nextUs = inOrder[index + 1]?.startedAtUs ?? Number.POSITIVE_INFINITY;
    return sentOnNs > 0 && startedAtUs + sentOnNs / 1000 < nextUs ? [] : [pathId];
  });
}

describeOnCapableHost('times in the lab')('times', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ backend: 'iptables', delayMs: 0 });
  }, SET_UP_MS);
  afterAll(() => lab?.down(), SET_UP_MS);

  test(
    'links through a proxy that nothing else tells are inferred from times once a window is whole',
    async () => {
      const agentEnv = { HOPTRACE_AGENT_EXCHANGES: 'all', HOPTRACE_AGENT_PROXY_LINKS: 'off' };
      const stack = await startStack(lab, { recordFolder: null, agentEnv });
      try {
        await sleep(UNTIL_BELIEVED_MS);
        const fromUs = Date.now() * 1000;
        const { path } = namespaceOf(lab.namespaces, { role: 'client' });
        for (let index = 0; index < REQUESTS; index++)
          await run('nsenter', inNamespace(path, 'curl', '-sS', '-o', '/dev/null', TARGET));
        const deadlineMs = Date.now() + UNTIL_WHOLE_MS;
        let paths = await stack.pathsSince(fromUs);
        while (paths.filter(isInferred).length < REQUESTS / 2 && Date.now() < deadlineMs) {
          await sleep(500);
          paths = await stack.pathsSince(fromUs);
        }
        const inferred = paths.filter(isInferred);
        expect(inferred.length).toBeGreaterThan(REQUESTS / 2);
        for (const each of inferred) expect(each).toMatchObject({ class: 'C' });
        expect(inferred.every(({ completeness }) => completeness < 1)).toBe(true);
        expect(outOfOrder(inferred)).toEqual([]);
      } finally {
        await stack.close();
      }
    },
    TIMEOUT_MS,
  );
});
