import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/*
 *   hlPID-a 10.99.1.1 ── 10.99.1.2 hlPID-b     watched: 31 connections and one refused
 *   hlPID-c 10.99.1.1 ── 10.99.1.2 hlPID-d     not watched: 7 connections with the same addresses
 */
const PREFIX = `hl${process.pid}-`;
const CONNECTIONS = 31;
const UNWATCHED_CONNECTIONS = 7;
const PORT = 17190;
const CLOSED_PORT = 17191;
const POLL_MS = 20;
const GIVE_UP_MS = 20_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOADER = `${ROOT}agent/build/hoptrace-loader`;

interface Endpoint {
  ip: string;
  port: number;
}

interface Tuple {
  src: Endpoint;
  dst: Endpoint;
}

/** Durations are nanoseconds after the SYN, null where nothing was seen. */
interface Leg {
  kind: 'leg';
  id: number;
  netns: number;
  direction: 'rx' | 'tx';
  clientIsn: number;
  synAckNs: number | null;
  ackNs: number | null;
  requestNs: number | null;
  responseNs: number | null;
  clientFinNs: number | null;
  serverFinNs: number | null;
  resetNs: number | null;
  tuple: Tuple;
}

interface Packet {
  kind: 'packet';
  netns: number;
  type: string;
  seq: number;
  reason: number;
  tuple: Tuple;
}

interface Hello {
  kind: 'hello';
  dropReasons: Record<string, string>;
  namespaces: { inode: number; name: string; interfaces: { name: string; kind: string }[] }[];
}

interface Stats {
  kind: 'stats';
  synsSeen: number;
  dropsSeen: number;
  legsOpened: number;
  ringLost: number;
}

type Line = Leg | Packet | Hello | Stats | { kind: 'clock' };

/** Why this host cannot run the test, or undefined. */
function missingHere(): string | undefined {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, to load eBPF and make network namespaces';
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    return 'needs /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)';
  if (spawnSync('ip', ['netns', 'list']).status !== 0) return "needs 'ip netns' (iproute2)";
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function netnsPath(name: string): string {
  return `/run/netns/${PREFIX}${name}`;
}

function isDead(pid: string): boolean {
  return !existsSync(`/proc/${pid}`);
}

/** Removes this run's namespaces and those of runs that were killed. */
function removeNamespaces(): void {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = /^hl(\d+)-[abcd]$/.exec(name)?.[1];
    if (pid !== undefined && (name.startsWith(PREFIX) || isDead(pid))) ip('netns', 'del', name);
  }
}

function addPair(client: string, server: string): void {
  for (const name of [client, server]) ip('netns', 'add', PREFIX + name);
  ip(
    '-n',
    PREFIX + client,
    'link',
    'add',
    'eth0',
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    PREFIX + server,
  );
  for (const [name, address] of [
    [client, '10.99.1.1/24'],
    [server, '10.99.1.2/24'],
  ] as const) {
    ip('-n', PREFIX + name, 'addr', 'add', address, 'dev', 'eth0');
    ip('-n', PREFIX + name, 'link', 'set', 'eth0', 'up');
  }
}

const SERVER = `
  const server = require('node:net').createServer((s) => s.on('data', () => s.end('yes')).on('error', () => {}));
  server.listen(${PORT}, '10.99.1.2', () => console.log('listening'));`;

const CLIENT = `
  const net = require('node:net');
  const [count, port] = process.argv.slice(1).map(Number);
  const once = () => new Promise((done) => {
    const s = net.connect(port, '10.99.1.2', () => s.write('hello'));
    s.on('data', () => {}).on('error', () => {}).on('close', done);
  });
  (async () => { for (let i = 0; i < count; i++) await once(); })();`;

type Child = ChildProcessByStdio<null, Readable, Readable>;

const children: Child[] = [];

function start(command: string, args: string[]): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

function exited(child: Child): Promise<number | null> {
  return new Promise((resolve) => child.on('exit', (code) => resolve(code)));
}

async function startServer(namespace: string): Promise<void> {
  const child = start('ip', ['netns', 'exec', PREFIX + namespace, process.execPath, '-e', SERVER]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

async function connect(namespace: string, count: number, port: number): Promise<void> {
  const args = [
    'netns',
    'exec',
    PREFIX + namespace,
    process.execPath,
    '-e',
    CLIENT,
    `${count}`,
    `${port}`,
  ];
  expect(await exited(start('ip', args))).toBe(0);
}

/** The lines so far; grows while the loader runs. */
function readLines(child: Child): Line[] {
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (text) =>
    lines.push(JSON.parse(text) as Line),
  );
  return lines;
}

async function waitFor(what: string, isThere: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!isThere()) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function legsOf(lines: Line[]): Leg[] {
  return lines.filter((line): line is Leg => line.kind === 'leg');
}

const MILESTONES = ['synAckNs', 'ackNs', 'requestNs', 'responseNs', 'serverFinNs'] as const;

/** Every milestone was seen, each not before the one that must come first. */
function isComplete(leg: Leg): boolean {
  const stamps = MILESTONES.map((name) => leg[name]);
  return stamps.every((ns, index) => ns !== null && ns > 0 && ns >= (stamps[index - 1] ?? 0));
}

const reason = missingHere();
const isRequired = process.env.CI === 'true';
const onThisHost = reason === undefined || isRequired ? test : test.skip;
if (reason !== undefined) process.stderr.write(`loader.test.ts: skipped: ${reason}\n`);

beforeAll(() => {
  if (reason !== undefined) return;
  removeNamespaces();
  addPair('a', 'b');
  addPair('c', 'd');
});

afterAll(async () => {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const gone = running.map(exited);
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(gone);
  if (reason === undefined) removeNamespaces();
});

onThisHost(
  'the loader reports every connection and refusal of the watched namespaces and nothing else',
  async () => {
    if (reason !== undefined) throw new Error(reason);
    const [a, b] = [statSync(netnsPath('a')).ino, statSync(netnsPath('b')).ino];
    const loader = start(LOADER, [
      '--json',
      '--netns',
      netnsPath('a'),
      '--netns',
      `server=${netnsPath('b')}`,
    ]);
    const loaderExit = exited(loader);
    const lines = readLines(loader);
    await waitFor('the first statistics', () => lines.some((line) => line.kind === 'stats'));
    await startServer('b');
    await startServer('d');
    await connect('a', CONNECTIONS, PORT);
    await connect('c', UNWATCHED_CONNECTIONS, PORT);
    await connect('a', 1, CLOSED_PORT);
    await waitFor('the reset', () =>
      legsOf(lines).some((leg) => leg.netns === a && leg.resetNs !== null),
    );
    loader.kill('SIGTERM');
    expect(await loaderExit).toBe(0);

    const legs = legsOf(lines);
    expect(new Set(legs.map((leg) => leg.netns))).toEqual(new Set([a, b]));
    for (const [netns, direction] of [
      [a, 'tx'],
      [b, 'rx'],
    ] as const) {
      const here = legs.filter((leg) => leg.netns === netns);
      const served = here.filter((leg) => leg.tuple.dst.port === PORT);
      expect(new Set(here.map((leg) => leg.direction))).toEqual(new Set([direction]));
      expect(new Set(served.map((leg) => leg.clientIsn)).size).toBe(CONNECTIONS);
      expect(served.filter((leg) => !isComplete(leg))).toEqual([]);
      const refused = here.filter((leg) => leg.tuple.dst.port === CLOSED_PORT);
      expect(refused).toMatchObject([{ synAckNs: null, resetNs: expect.any(Number) }]);
    }
    const told = new Map(legs.map((leg) => [leg.id, leg]));
    expect(told.size).toBe(2 * (CONNECTIONS + 1));
    const stats = lines.findLast((line): line is Stats => line.kind === 'stats');
    expect(stats).toMatchObject({ legsOpened: 2 * (CONNECTIONS + 1), dropsSeen: 1, ringLost: 0 });
    const hello = lines.find((line): line is Hello => line.kind === 'hello');
    const drops = lines.filter((line): line is Packet => line.kind === 'packet');
    expect(drops.map((drop) => [drop.type, drop.netns, hello?.dropReasons[drop.reason]])).toEqual([
      ['drop', b, 'NO_SOCKET'],
    ]);
  },
  60_000,
);

onThisHost(
  'the hello comes first and names the watched namespaces with their interfaces',
  async () => {
    if (reason !== undefined) throw new Error(reason);
    const loader = start(LOADER, ['--json', '--netns', `client=${netnsPath('a')}`]);
    const loaderExit = exited(loader);
    const lines = readLines(loader);
    await waitFor('a clock', () => lines.some((line) => line.kind === 'clock'));
    loader.kill('SIGINT');
    expect(await loaderExit).toBe(0);

    expect(lines.slice(0, 2).map((line) => line.kind)).toEqual(['hello', 'clock']);
    expect(lines[0]).toMatchObject({
      layoutVersion: 4,
      allNamespaces: false,
      namespaces: [{ inode: statSync(netnsPath('a')).ino, name: 'client' }],
    });
    const hello = lines[0]?.kind === 'hello' ? lines[0] : undefined;
    expect(hello?.namespaces[0]?.interfaces).toContainEqual(
      expect.objectContaining({
        name: 'eth0',
        kind: 'veth',
        addresses: expect.arrayContaining(['10.99.1.1']),
      }),
    );
    expect(lines.at(-1)).toMatchObject({ kind: 'stats', ringLost: 0 });
  },
  60_000,
);

onThisHost('a namespace that is not there is refused with its path', () => {
  if (reason !== undefined) throw new Error(reason);
  accessSync(LOADER, constants.X_OK);
  const run = spawnSync(LOADER, ['--netns', '/run/netns/no-such'], { encoding: 'utf8' });
  expect(run.status).toBe(2);
  expect(run.stderr).toContain('--netns /run/netns/no-such: No such file or directory');
  expect(run.stdout).toBe('');
});
