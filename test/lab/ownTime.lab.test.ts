/**
 * The ingress's own time where it is long and known: held back by its own limit, and waiting until it runs. Every
 * bound is another's evidence about the same request, so that a busy machine changes both alike.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeOnCapableHost } from './capableHost.ts';
import { ownTimeProblems } from './check/rows.ts';
import { runScenarios } from './check/run.ts';
import { type Stack, startStack } from './check/stack.ts';
import { inNamespace, run } from './command.ts';
import { type Lab, openLab } from './lab.ts';
import { type LabNamespace, namespaceOf } from './names.ts';
import { markLogs, readLogs } from './traffic/access-logs.ts';
import { ingressMsOf } from './traffic/truth.ts';

const TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const GIVE_UP_MS = 20_000;
/** controller-node1: one ingress Pod, on the entry node. */
const TARGET = '192.168.50.11:30084';
const INGRESS = 'controller-node1';
/** By the limit of /held, five a second: the last of four at once is kept for 600 ms. */
const HELD = 4;
const STOPPED_MS = 150;
const BURST = 200;

interface Asked {
  readonly id: string;
  readonly port: number;
  /** From connecting to the end of the answer, by the client's own clock. */
  readonly clientMs: number;
}

/** One request on a connection of its own. */
async function ask(lab: Lab, path: string, id: string): Promise<Asked> {
  const client = namespaceOf(lab.namespaces, { role: 'client' });
  const format = '%{http_code} %{local_port} %{time_connect} %{time_total}';
  const words = ['-sS', '-o', '/dev/null', '-w', format, '-H', `X-Request-ID: ${id}`];
  const url = `http://${TARGET}${path}?id=${id}`;
  const said = await run('nsenter', inNamespace(client.path, 'curl', ...words, url));
  const [status, port, connectS, totalS] = said.split(' ').map(Number);
  expect(status).toBe(200);
  return { id, port: port ?? 0, clientMs: ((totalS ?? 0) - (connectS ?? 0)) * 1000 };
}

/** The ingress's own time of each request by client port, when all are told or the time is over. */
async function ownTimes(stack: Stack, fromUs: number, count: number) {
  const deadlineMs = Date.now() + GIVE_UP_MS;
  for (;;) {
    const told = (await stack.pathsSince(fromUs)).flatMap((path) => {
      const proxyMs = ownTimeMs(path);
      return proxyMs === null ? [] : [{ port: path.client.port, proxyMs }];
    });
    if (told.length >= count || Date.now() > deadlineMs)
      return new Map(told.map(({ port, proxyMs }) => [port, proxyMs]));
    await sleep(POLL_MS);
  }
}

function ownTimeMs(path: Path): number | null {
  const time = path.hops.find(({ from }) => from.role === 'ingress')?.proxyTime;
  return time == null ? null : time.valueNs / 1e6;
}

/** The one process of that Pod's nginx that serves requests. */
function workerOf(lab: Lab): number {
  const master = Number.parseInt(readFileSync(join(lab.folder, 'pids', INGRESS), 'utf8'), 10);
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim();
  expect(children).toMatch(/^\d+$/);
  return Number(children);
}

/** Polls until a request lies unread in a socket of the Pod. */
async function requestWaits(pod: LabNamespace): Promise<void> {
  const deadlineMs = Date.now() + GIVE_UP_MS;
  const words = ['ss', '-Htn', 'state', 'established', 'sport', '=', ':80'] as const;
  for (;;) {
    const lines = (await run('nsenter', inNamespace(pod.path, ...words))).trim().split('\n');
    if (lines.some((line) => Number.parseInt(line, 10) > 0)) return;
    if (Date.now() > deadlineMs) throw new Error(`no request came: ${lines.join('; ')}`);
    await sleep(POLL_MS / 10);
  }
}

describeOnCapableHost('own time of the ingress')('own time of the ingress', () => {
  let lab: Lab;
  let stack: Stack;
  beforeAll(async () => {
    lab = await openLab({ backend: 'iptables', delayMs: 0 });
  }, TIMEOUT_MS);
  afterAll(() => lab?.down(), TIMEOUT_MS);

  describe('with request ids', () => {
    beforeAll(async () => {
      const agentEnv = { HOPTRACE_AGENT_EXCHANGES: 'all', HOPTRACE_AGENT_CAPTURE: 'heads' };
      stack = await startStack(lab, { recordFolder: null, agentEnv });
    }, TIMEOUT_MS);
    afterAll(() => stack?.close(), TIMEOUT_MS);

    test(
      'requests that the ingress holds back: each has what its log says, and no more than the client waited',
      async () => {
        const fromUs = Date.now() * 1000;
        const marks = markLogs(lab.folder);
        const ids = Array.from({ length: HELD }, (_, index) => `held-${fromUs}-${index}`);
        const asked = await Promise.all(ids.map((id) => ask(lab, '/held', id)));
        const told = await ownTimes(stack, fromUs, HELD);
        const { ingress } = readLogs(lab.folder, marks);
        const logsMs = asked.map(({ id }) => ingressMsOf(ingress.get(id)) ?? Number.NaN);
        const problems = asked.flatMap(({ port, clientMs }, index) =>
          ownTimeProblems(
            { logMs: logsMs[index] ?? Number.NaN, clientMs, linksMs: 0 },
            told.get(port) ?? Number.NaN,
          ),
        );
        expect(problems).toEqual([]);
        // They were held, or the bounds above would say little.
        expect(Math.max(...logsMs)).toBeGreaterThan(200);
      },
      TIMEOUT_MS,
    );

    test(
      'a request that waits until the ingress runs: the wait is its own time',
      async () => {
        const fromUs = Date.now() * 1000;
        const worker = workerOf(lab);
        const pod = namespaceOf(lab.namespaces, { role: 'pod', pod: `ingress-nginx/${INGRESS}` });
        process.kill(worker, 'SIGSTOP');
        let stoppedMs = 0;
        const answer = ask(lab, '/local', `waits-${fromUs}`);
        try {
          await requestWaits(pod);
          const sinceMs = performance.now();
          await sleep(STOPPED_MS);
          stoppedMs = performance.now() - sinceMs;
        } finally {
          process.kill(worker, 'SIGCONT');
        }
        const { port, clientMs } = await answer;
        const proxyMs = (await ownTimes(stack, fromUs, 1)).get(port);
        expect(proxyMs).toBeGreaterThan(stoppedMs);
        expect(proxyMs).toBeLessThan(clientMs);
      },
      TIMEOUT_MS,
    );
  });

  test(
    'at the default, of a burst of 200 new connections all are timed',
    async () => {
      const atDefault = await startStack(lab, { recordFolder: null });
      try {
        const [row] = await runScenarios(lab, atDefault, {
          scenarios: ['same-node-cluster'],
          requests: BURST,
          concurrency: 8,
          onRow: () => {},
        });
        expect(row).toMatchObject({ right: BURST, times: { told: BURST, outside: 0 } });
      } finally {
        await atDefault.close();
      }
    },
    TIMEOUT_MS,
  );
});
