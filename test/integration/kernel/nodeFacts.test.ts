/** What the agent finds of containers, with real processes, cgroups and network namespaces of this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookAtNode } from '@hoptrace/agent/facts/nodeFacts.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const NETNS = `hopfacts-${randomBytes(3).toString('hex')}`;
const UID = '5e1f0a11-2b3c-4d5e-8f90-a1b2c3d4e5f6';
const CONTAINER = randomBytes(32).toString('hex');
/** The first hierarchy in which this process may make groups: cgroup v2, its place beside v1, or one of v1. */
const ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/pids'];
const SLICES = [
  'kubepods.slice',
  'kubepods-burstable.slice',
  `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`,
  `cri-containerd-${CONTAINER}.scope`,
];

let made: string[] = [];
let child: ChildProcess | null = null;

const reason = process.getuid?.() === 0 ? makeGroup() : 'not root';
if (reason !== undefined) {
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`node facts skipped: ${reason}`);
}

function makeGroup(): string | undefined {
  // Beside v1 the first is a tmpfs, in which anybody may make folders.
  for (const root of ROOTS.filter((each) => existsSync(join(each, 'cgroup.procs')))) {
    let folder = root;
    const folders = SLICES.map((slice) => {
      folder = join(folder, slice);
      return folder;
    });
    const added: string[] = [];
    try {
      for (const each of folders) if (mkdirSync(each, { recursive: true })) added.push(each);
      execFileSync('sh', ['-c', `echo $$ > ${folder}/cgroup.procs`]);
      made = added;
      return undefined;
    } catch {
      removeAll(added);
    }
  }
  return `no cgroup can be made below ${ROOTS.join(', ')}`;
}

function removeAll(folders: readonly string[]): void {
  for (const each of [...folders].reverse()) rmdirSync(each);
}

const onCapableHost = reason === undefined ? describe : describe.skip;

onCapableHost('a node with one container of a Pod', () => {
  beforeAll(async () => {
    execFileSync('ip', ['netns', 'add', NETNS]);
    const started = spawn('ip', ['netns', 'exec', NETNS, 'sleep', '600'], { stdio: 'ignore' });
    child = started;
    writeFileSync(join(made.at(-1) ?? '', 'cgroup.procs'), String(started.pid));
    while (readlinkSync(`/proc/${started.pid}/ns/net`) === readlinkSync('/proc/self/ns/net'))
      await sleep(10);
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await ended;
    execFileSync('ip', ['netns', 'delete', NETNS]);
    removeAll(made);
  });

  test('names the Pod, the container and its network namespace', async () => {
    const facts = await lookAtNode({ hostNetns: null, procFolder: '/proc' });
    const inode = /\d+/.exec(readlinkSync(`/proc/${child?.pid}/ns/net`))?.[0];
    expect(facts.workloads).toContainEqual({
      netns: Number(inode),
      podUid: UID,
      container: CONTAINER,
    });
    expect(facts.kernel).toBe(release());
  });

  test('reads the settings of the namespace that it is told to look at', async () => {
    execFileSync('ip', ['netns', 'exec', NETNS, 'sysctl', '-qw', 'net.ipv4.tcp_syncookies=2']);
    const facts = await lookAtNode({ hostNetns: `/run/netns/${NETNS}`, procFolder: '/proc' });
    expect(facts.sysctls).toContainEqual({ name: 'net.ipv4.tcp_syncookies', value: '2' });
    expect(facts.kubeProxy.mode).toBeNull();
  });

  test.each([
    ['nftables', ['nft', 'add', 'table', 'ip', 'kube-proxy']],
    ['iptables', ['iptables', '-t', 'nat', '-N', 'KUBE-NODEPORTS']],
    ['ipvs', ['ip', 'link', 'add', 'kube-ipvs0', 'type', 'bridge']],
  ] as const)('knows kube-proxy in %s mode by what it leaves', async (mode, command) => {
    const netns = `${NETNS}-${mode}`;
    execFileSync('ip', ['netns', 'add', netns]);
    try {
      execFileSync('ip', ['netns', 'exec', netns, ...command]);
      const { kubeProxy } = await lookAtNode({
        hostNetns: `/run/netns/${netns}`,
        procFolder: '/proc',
      });
      expect(kubeProxy).toMatchObject({ mode });
    } finally {
      execFileSync('ip', ['netns', 'delete', netns]);
    }
  });
});
