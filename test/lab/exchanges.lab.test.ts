/**
 * What agents read of payload: request ids that link through a proxy without its threads, on connections that carry
 * one request and on those that carry many; and that nothing else of what they read leaves the node.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { buildAgent, loaderSource } from '@hoptrace/agent/app.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeOnCapableHost } from './capableHost.ts';
import { nodeAgentConfig } from './check/nodeAgent.ts';
import { startStack } from './check/stack.ts';
import { inNamespace, run } from './command.ts';
import { type Lab, openLab } from './lab.ts';
import { namespaceOf } from './names.ts';

const TIMEOUT_MS = 120_000;
const POLL_MS = 250;
const GIVE_UP_MS = 20_000;
/** controller-node1: one ingress Pod, on the entry node. */
const TARGET = '192.168.50.11:30084';
const SECRETS = {
  authorization: 'Bearer-of-hunter2-tokens',
  cookie: 'c00kie-jar-of-alice',
  query: 'query-s3cret-9f2',
  body: 'body-s3cret-77',
  setCookie: 'lab-session-cookie',
  requestId: 'request-id-in-plain-4711',
};

interface Ask {
  readonly path: string;
  readonly requestId: string;
  readonly more?: readonly string[];
}

/** One connection, its requests one after another. */
async function ask(lab: Lab, requests: readonly Ask[]): Promise<void> {
  const client = namespaceOf(lab.namespaces, { role: 'client' });
  const words = requests.flatMap(({ path, requestId, more = [] }, index) => [
    ...(index === 0 ? [] : ['--next']),
    ...['-sS', '-o', '/dev/null', '-w', '%{http_code} %{num_connects}\n'],
    ...['-H', `X-Request-ID: ${requestId}`, ...more, `http://${TARGET}${path}`],
  ]);
  const said = await run('nsenter', inNamespace(client.path, 'curl', ...words));
  const wanted = requests.map((_, index) => `200 ${index === 0 ? 1 : 0}`);
  expect(said.trim().split('\n')).toEqual(wanted);
}

/** Polls until `isDone`; what it has by then is judged by the test. */
async function until<T>(look: () => Promise<T> | T, isDone: (value: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + GIVE_UP_MS;
  for (;;) {
    const value = await look();
    if (isDone(value) || Date.now() > deadlineMs) return value;
    await sleep(POLL_MS);
  }
}

describeOnCapableHost('exchanges in the lab')('exchanges', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ backend: 'iptables', delayMs: 0 });
  }, TIMEOUT_MS);
  afterAll(() => lab?.down(), TIMEOUT_MS);

  test(
    'request ids link through a proxy without thread links, kept connections too',
    async () => {
      const agentEnv = {
        HOPTRACE_AGENT_EXCHANGES: 'all',
        HOPTRACE_AGENT_CAPTURE: 'heads',
        HOPTRACE_AGENT_PROXY_LINKS: 'off',
      };
      const stack = await startStack(lab, { recordFolder: null, agentEnv });
      try {
        const fromUs = Date.now() * 1000;
        const proxyHop = (path: Path) => path.hops.find(({ from }) => from.role === 'ingress');
        for (let index = 0; index < 10; index++)
          await ask(lab, [{ path: '/local?id=x', requestId: `single-${fromUs}-${index}` }]);
        const singles = await until(
          () => stack.pathsSince(fromUs),
          (paths) => paths.filter((path) => proxyHop(path)?.proxyTime).length === 10,
        );
        expect(singles.map((path) => proxyHop(path)?.link?.method)).toEqual(
          Array.from({ length: 10 }, () => 'requestId'),
        );
        expect(singles.map((path) => proxyHop(path)?.proxyTime?.scope)).toEqual(
          Array.from({ length: 10 }, () => 'request'),
        );

        const keptFromUs = Date.now() * 1000;
        await ask(
          lab,
          Array.from({ length: 5 }, (_, index) => ({
            path: '/kept?id=x',
            requestId: `kept-${keptFromUs}-${index}`,
          })),
        );
        const kept = await until(
          () => stack.pathsSince(keptFromUs),
          (paths) => paths.some((path) => proxyHop(path)?.proxyTime?.requests === 5),
        );
        const hop = kept.map(proxyHop).find((each) => each !== undefined);
        expect(hop?.link?.method).toBe('requestId');
        expect(hop?.proxyTime).toMatchObject({ scope: 'connection', requests: 5 });
        expect(hop?.requestCost?.requests).toBe(5);
      } finally {
        await stack.close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'no secret of the traffic leaves the node',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hoptrace-lab-secrets-'));
      const records: WireRecord[] = [];
      const node = namespaceOf(lab.namespaces, { role: 'node', node: 'node1' });
      // Nobody listens there: all that would be sent stays in the spool.
      const config = nodeAgentConfig({
        ...{ lab, node, secret: '00'.repeat(16), collectorUrl: 'ws://127.0.0.1:1' },
        recordFolder: folder,
        agentEnv: {
          HOPTRACE_AGENT_EXCHANGES: 'all',
          HOPTRACE_AGENT_CAPTURE: 'heads',
          HOPTRACE_AGENT_SPOOL_DIR: join(folder, 'spool'),
        },
      });
      const logged: string[] = [];
      const log = (...words: unknown[]) => void logged.push(JSON.stringify(words));
      const source = loaderSource(config, log);
      const agent = buildAgent(config, { source, log, onRecord: (record) => records.push(record) });
      try {
        agent.start();
        await until(
          () => agent.hello(),
          (hello) => hello !== null,
        );
        const more = [
          ...['-H', `Authorization: ${SECRETS.authorization}`, '-H', `Cookie: ${SECRETS.cookie}`],
          ...['--data', SECRETS.body],
        ];
        const { requestId, query } = SECRETS;
        await ask(lab, [
          { path: `/local?id=${query}`, requestId, more },
          { path: `/kept?id=${query}`, requestId },
        ]);
        const read = await until(
          () => records.filter((record) => record.kind === 'exchange' && record.status === 200),
          // Two requests and one upstream, two taps each; /kept may go on a connection that is older than this agent.
          (exchanges) => exchanges.length >= 6,
        );
        // Heads were read, or the search below would prove nothing.
        expect(read.map((each) => each.kind === 'exchange' && each.method)).toContain('POST');
        expect(read.some((each) => each.kind === 'exchange' && each.requestIdHash !== null)).toBe(
          true,
        );
      } finally {
        await agent.close();
      }
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => ({
          name: entry.name,
          bytes: readFileSync(join(entry.parentPath, entry.name)),
        }));
      const spooled = files.filter(({ name }) => !name.endsWith('.gz'));
      const recordings = files.filter(({ name }) => name.endsWith('.gz'));
      expect(spooled.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(
        records.length * 100,
      );
      expect(recordings).toHaveLength(1);
      const leaving = [
        JSON.stringify(records),
        logged.join('\n'),
        ...spooled.map(({ bytes }) => bytes.toString('latin1')),
        ...recordings.map(({ bytes }) => gunzipSync(bytes).toString('latin1')),
      ].join('\n');
      for (const secret of Object.values(SECRETS)) expect(leaving).not.toContain(secret);
      rmSync(folder, { recursive: true, force: true });
    },
    TIMEOUT_MS,
  );
});
