/** The lab itself, on the real kernel. Skipped without root, with the reason printed; in CI that is a failure. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { inNamespace, run } from './command.ts';
import { missingOnHost } from './host.ts';
import { type Lab, openLab } from './lab.ts';
import { namespaceOf } from './names.ts';
import { BACKENDS } from './plan.ts';
import { runningDaemons } from './processes.ts';
import { listLabs, namespacesPresent } from './registry.ts';
import type { TruthRequest } from './traffic/truth.ts';

const missing = BACKENDS.flatMap((backend) => missingOnHost({ backend, compiler: true }));
const [reason] = missing;
if (reason !== undefined) {
  if (process.env.CI === 'true') throw reason;
  console.warn(`lab tests skipped: ${reason.message}. ${reason.remedy}`);
}
const onCapableHost = reason === undefined ? describe : describe.skip;
const TIMEOUT_MS = 60_000;
const REQUESTS = 7;

describe.each(BACKENDS)('a lab with %s rules', (backend) => {
  onCapableHost('serves and refuses as each scenario is built to', () => {
    let lab: Lab;
    let truths: TruthRequest[] = [];
    const of = (scenario: string) => {
      const mine = truths.filter((truth) => truth.scenario === scenario);
      expect(mine).toHaveLength(REQUESTS);
      return mine;
    };
    beforeAll(async () => {
      lab = await openLab({ backend });
      truths = await lab.traffic({ requests: REQUESTS });
    }, TIMEOUT_MS);
    afterAll(async () => lab.down());

    test('every request ends as expected, each from its own client port', () => {
      const wrong = truths.filter((truth) => truth.result !== truth.expected.outcome);
      expect(wrong).toEqual([]);
      expect(truths).toHaveLength(16 * REQUESTS);
      expect(new Set(truths.map((truth) => truth.client.port)).size).toBe(truths.length);
    });

    test.each([
      ['cross-node-cluster', 'node1', 'controller-node2', '192.168.50.11', 'app-node2', 2, 1],
      ['same-node-cluster', 'node1', 'controller-node1', '10.244.1.1', 'app-node1', 1, 0],
      ['local-with-pod', 'node1', 'controller-node1', '203.0.113.10', 'app-node2', 2, 1],
      ['haproxy-plain-local', 'node1', 'controller-node1', '192.168.50.5', 'app-node1', 2, 0],
      ['haproxy-proxy-v1', 'node1', 'controller-node1', '192.168.50.5', 'app-node1', 2, 0],
      ['haproxy-proxy-v2-local', 'node2', 'controller-node2', '192.168.50.5', 'app-node2', 2, 0],
      ['delayed-app', 'node1', 'controller-node1', '10.244.1.1', 'app-node3', 2, 0],
    ])(
      '%s goes by %s and %s, whose peer is %s',
      (scenario, entry, pod, peerIp, app, crossings, extra) => {
        for (const { entryNode, expected } of of(scenario)) {
          expect(entryNode).toBe(entry);
          expect(expected.ingressPod).toBe(`ingress-nginx/${pod}`);
          expect(expected.ingressPeer?.ip).toBe(peerIp);
          expect(expected.appPod).toBe(`shop/${app}`);
          expect(expected.crossings).toBe(crossings);
          expect(expected.extraHops).toBe(extra);
        }
      },
    );

    test('only the Cluster policy rewrites the source', () => {
      for (const truth of truths.filter((t) => t.result === 'served')) {
        expect([truth.scenario, truth.expected.snat]).toEqual([
          truth.scenario,
          ![
            'local-with-pod',
            'haproxy-plain-local',
            'haproxy-proxy-v1',
            'haproxy-proxy-v2-local',
          ].includes(truth.scenario),
        ]);
      }
    });

    test('the PROXY header carries the client’s own address and port', () => {
      for (const scenario of ['haproxy-proxy-v1', 'haproxy-proxy-v2', 'haproxy-proxy-v2-local']) {
        for (const truth of of(scenario)) {
          expect(truth.expected.proxyProtocolClient).toEqual(truth.client);
        }
      }
    });

    test('haproxy takes the nodes in turn, and the ingress answers unknown routes itself', () => {
      const entries = new Set(of('haproxy-all-nodes').map((truth) => truth.entryNode));
      expect([...entries].sort()).toEqual(['node1', 'node2', 'node3']);
      for (const { status, expected } of of('ingress-answers')) {
        expect([status, expected.appPod]).toEqual([404, null]);
      }
    });

    // ECONNREFUSED hides the difference, so the nodes' own kernel counters have to show it.
    test.each([
      ['closed-port', 'node2', { resets: REQUESTS, unreachables: 0 }],
      ['no-endpoints', 'node1', { resets: 0, unreachables: REQUESTS }],
      ['local-without-pod', 'node3', { resets: 0, unreachables: 0 }],
    ])(
      '%s: the kernel of %s counts %j',
      async (scenario, node, expected) => {
        const { path } = namespaceOf(lab.namespaces, { role: 'node', node });
        const before = await kernelCounters(path);
        await lab.traffic({ scenarios: [scenario], requests: REQUESTS });
        const after = await kernelCounters(path);
        expect({
          resets: after.resets - before.resets,
          unreachables: after.unreachables - before.unreachables,
        }).toEqual(expected);
      },
      TIMEOUT_MS,
    );

    test(
      'each of 200 requests is rejected at its first SYN: ICMP errors are not rate limited',
      async () => {
        const { path } = namespaceOf(lab.namespaces, { role: 'client' });
        const before = await kernelCounters(path);
        const many = await lab.traffic({ scenarios: ['no-endpoints'], requests: 200 });
        expect(many.filter((truth) => truth.result !== 'rejected')).toEqual([]);
        expect((await kernelCounters(path)).retransmits).toBe(before.retransmits);
      },
      TIMEOUT_MS,
    );

    test('the delayed link takes at least twice its delay, the others do not', () => {
      const fastestUs = (scenario: string) =>
        Math.min(...of(scenario).map((truth) => truth.connectUs ?? Number.NaN));
      expect(fastestUs('delayed-link')).toBeGreaterThanOrEqual(2 * 2000);
      expect(fastestUs('same-node-cluster')).toBeLessThan(2 * 2000);
    });
  });
});

onCapableHost('labs come and go', () => {
  test(
    'two labs at once have the same addresses and do not meet',
    async () => {
      const [one, two] = await Promise.all([
        openLab({ backend: 'iptables' }),
        openLab({ backend: 'nftables', delayMs: 0 }),
      ]);
      try {
        const scenarios = ['cross-node-cluster', 'haproxy-proxy-v2', 'closed-port'];
        const results = await Promise.all(
          [one, two].map((lab) => lab.traffic({ scenarios, requests: 3 })),
        );
        for (const truths of results) {
          expect(truths.map((t) => t.result)).toEqual(truths.map((t) => t.expected.outcome));
        }
        await one.down();
        const still = await two.traffic({ scenarios: ['same-node-cluster'], requests: 3 });
        expect(still.map((t) => t.result)).toEqual(['served', 'served', 'served']);
      } finally {
        await one.down();
        await two.down();
      }
      for (const lab of [one, two]) await expectGone(lab.id, lab.folder);
    },
    TIMEOUT_MS,
  );

  test(
    'a lab whose owner was killed with -9 is removed by the next up',
    async () => {
      const owner = await startOwner();
      owner.process.kill('SIGKILL');
      await owner.exited;
      expect(namespacesPresent(owner.id)).toHaveLength(11);
      expect(runningDaemons(owner.folder)).toHaveLength(7);
      const next = await openLab({ backend: 'nftables', delayMs: 0 });
      await next.down();
      await expectGone(owner.id, owner.folder);
    },
    TIMEOUT_MS,
  );

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s to the owner removes its lab',
    async (signal) => {
      const owner = await startOwner();
      owner.process.kill(signal);
      await owner.exited;
      await expectGone(owner.id, owner.folder);
    },
    TIMEOUT_MS,
  );

  test(
    'the commands up, traffic and down work on a lab that outlives each of them',
    async () => {
      const up = await labCommand('up', '--backend', 'nftables');
      const { id, folder } = labSchema.parse(up.lab);
      try {
        expect(listLabs().find((lab) => lab.state.id === id)?.status).toBe('kept');
        const traffic = await labCommand('traffic', '--id', id, '--requests', '1');
        expect(traffic.met).toBe(true);
        expect(traffic.rows).toHaveLength(16);
      } finally {
        expect((await labCommand('down', '--id', id)).removed).toEqual([id]);
      }
      await expectGone(id, folder);
    },
    TIMEOUT_MS,
  );

  test(
    'a server that does not start is named with its own words, and nothing is left behind',
    async () => {
      const before = listLabs().map((lab) => lab.state.id);
      const folder = mkdtempSync(join(tmpdir(), 'lab-test-'));
      const path = process.env.PATH;
      try {
        writeFileSync(join(folder, 'haproxy'), '#!/bin/sh\necho cannot bind >&2; exit 7\n', {
          mode: 0o755,
        });
        process.env.PATH = `${folder}:${path}`;
        await expect(openLab({ backend: 'iptables', delayMs: 0 })).rejects.toThrow(
          /haproxy \(haproxy\) ended with exit code 7: cannot bind/,
        );
      } finally {
        process.env.PATH = path;
        rmSync(folder, { recursive: true });
      }
      expect(listLabs().map((lab) => lab.state.id)).toEqual(before);
    },
    TIMEOUT_MS,
  );

  test(
    'an unknown scenario is refused with the list of known ones',
    async () => {
      const lab = await openLab({ backend: 'iptables', delayMs: 0 });
      try {
        await expect(lab.traffic({ scenarios: ['flood'] })).rejects.toMatchObject({
          message: 'there is no scenario "flood"',
          remedy: expect.stringContaining('cross-node-cluster'),
        });
      } finally {
        await lab.down();
      }
    },
    TIMEOUT_MS,
  );
});

async function expectGone(id: string, folder: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while ((existsSync(folder) || namespacesPresent(id).length > 0) && Date.now() < deadline) {
    await sleep(20);
  }
  expect(namespacesPresent(id)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
}

interface KernelCounters {
  readonly resets: number;
  readonly unreachables: number;
  readonly retransmits: number;
}

/** RSTs, ICMP "destination unreachable" and repeated segments a namespace has sent, from /proc/net/snmp. */
async function kernelCounters(path: string): Promise<KernelCounters> {
  const text = await run('nsenter', inNamespace(path, 'cat', '/proc/net/snmp'));
  const counter = (group: string, name: string): number => {
    const [names, values] = text
      .split('\n')
      .filter((line) => line.startsWith(`${group}: `))
      .map((line) => line.split(' '));
    return Number(values?.[names?.indexOf(name) ?? -1]);
  };
  return {
    resets: counter('Tcp', 'OutRsts'),
    unreachables: counter('Icmp', 'OutDestUnreachs'),
    retransmits: counter('Tcp', 'RetransSegs'),
  };
}

const labSchema = z.object({ id: z.string(), folder: z.string() });
/** What the commands print with --json; each leaves out what is not its own. */
const resultSchema = z.object({
  met: z.boolean(),
  rows: z.array(z.object({ name: z.string(), value: z.number(), met: z.boolean() })),
  lab: z.union([labSchema, z.string()]).optional(),
  removed: z.array(z.string()).optional(),
});

interface Owner {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  readonly id: string;
  readonly folder: string;
}

/** A program of its own that opens a lab, says so in one line, and waits. */
async function startOwner(): Promise<Owner> {
  const module = new URL('lab.ts', import.meta.url).href;
  const code = `const { openLab } = await import('${module}');
    const { id, folder } = await openLab({ backend: 'iptables' });
    console.log(JSON.stringify({ id, folder }));
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', code],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (exitCode) => reject(new Error(`the owner ended with ${exitCode}`)));
  });
  return { process: child, exited, ...labSchema.parse(JSON.parse(line)) };
}

async function labCommand(...words: string[]) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const tsx = import.meta.resolve('tsx');
  const printed = await run(process.execPath, ['--import', tsx, main, ...words, '--json']);
  return resultSchema.parse(JSON.parse(printed));
}
