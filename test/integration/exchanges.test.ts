/**
 * Exchanges as the kernel tells them, against a client and a server that know what they sent:
 *
 *   hxPID-a 10.99.2.1 ── 10.99.2.2 hxPID-b     both ends are taps of their own (neither is the node's)
 */
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const PREFIX = `hx${process.pid}-`;
const PORT = 21_510;
const REQUESTS = 20_000;
const REQUEST_BYTES = 40;
const RESPONSE_BYTES = 100;
const POLL_MS = 50;
const GIVE_UP_MS = 40_000;
const TOLD_PER_WINDOW = 32;
const STRIDE = 32;
const WINDOW_NS = 2 ** 30;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOADER = `${ROOT}agent/build/hoptrace-loader`;

interface Exchange {
  readonly kind: 'exchange';
  readonly legId: number;
  readonly atNs: string;
  readonly requestNs: string;
  readonly requestLastNs: number;
  readonly responseNs: number;
  readonly burst: number;
  readonly requestOffset: number;
  readonly requestBytes: number;
  readonly responseOffset: number;
  readonly responseBytes: number;
  readonly leftOut: number;
  readonly isEarly: boolean;
}
interface Flight {
  readonly kind: 'flight';
  readonly netns: number;
  readonly seq: number;
  readonly ack: number;
}
type Line = Exchange | Flight | { readonly kind: 'hello' | 'leg' | 'clock' | 'stats' };
type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Answers each REQUEST_BYTES with RESPONSE_BYTES. */
const SERVER = `
  const server = require('node:net').createServer((socket) => {
    let open = 0;
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('data', (bytes) => {
      for (open += bytes.length; open >= ${REQUEST_BYTES}; open -= ${REQUEST_BYTES})
        socket.write(Buffer.alloc(${RESPONSE_BYTES}));
    });
  });
  server.listen(${PORT}, '10.99.2.2', () => console.log('listening'));`;

/** `count` requests on one connection, each `pauseMs` after the response before; it then stays open for `idleMs`. */
const CLIENT = `
  const [count, idleMs, pauseMs] = process.argv.slice(1).map(Number);
  const socket = require('node:net').connect(${PORT}, '10.99.2.2');
  let asked = 0, got = 0;
  const ask = () => { asked++; socket.write(Buffer.alloc(${REQUEST_BYTES})); };
  socket.setNoDelay(true).on('connect', ask).on('data', (bytes) => {
    got += bytes.length;
    if (got < asked * ${RESPONSE_BYTES}) return;
    if (asked < count && pauseMs === 0) ask();
    else if (asked < count) setTimeout(ask, pauseMs);
    else setTimeout(() => socket.end(), idleMs);
  });`;

const children: Child[] = [];

function missingHere(): string | undefined {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, to load eBPF and make network namespaces';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  if (spawnSync('ip', ['netns', 'list']).status !== 0) return "needs 'ip netns' (iproute2)";
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Removes this run's namespaces and those of runs that were killed. */
function removeNamespaces(): void {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = /^hx(\d+)-[ab]$/.exec(name)?.[1];
    const isOurs = name.startsWith(PREFIX) || (pid !== undefined && !existsSync(`/proc/${pid}`));
    if (pid !== undefined && isOurs) ip('netns', 'del', name);
  }
}

function start(command: string, args: readonly string[]): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

function exited(child: Child): Promise<number | null> {
  return new Promise((resolve) => child.on('exit', (code) => resolve(code)));
}

function inside(name: string, ...words: string[]): Child {
  return start('ip', ['netns', 'exec', PREFIX + name, ...words]);
}

function watch(mode: string): { loader: Child; lines: Line[] } {
  const namespaces = ['a', 'b'].flatMap((name) => ['--netns', `/run/netns/${PREFIX}${name}`]);
  const loader = start(LOADER, ['--json', '--exchanges', mode, ...namespaces]);
  const lines: Line[] = [];
  createInterface({ input: loader.stdout }).on('line', (text) =>
    lines.push(JSON.parse(text) as Line),
  );
  return { loader, lines };
}

async function waitFor(what: string, isThere: () => boolean): Promise<void> {
  const giveUpAtMs = Date.now() + GIVE_UP_MS;
  while (!isThere()) {
    if (Date.now() > giveUpAtMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function exchangesOf(lines: readonly Line[]): Exchange[] {
  return lines.filter((line) => line.kind === 'exchange');
}

async function stopped({ loader }: { loader: Child }): Promise<void> {
  const gone = exited(loader);
  loader.kill('SIGTERM');
  await gone;
}

const ask = (count: number, idleMs: number, pauseMs = 0) =>
  inside('a', process.execPath, '-e', CLIENT, ...[count, idleMs, pauseMs].map(String));

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`exchanges.test.ts: skipped: ${reason}\n`);

beforeAll(async () => {
  if (reason !== undefined) return;
  removeNamespaces();
  for (const name of ['a', 'b']) ip('netns', 'add', PREFIX + name);
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', `${PREFIX}b`];
  ip('-n', `${PREFIX}a`, 'link', 'add', 'eth0', ...peer);
  for (const [name, address] of Object.entries({ a: '10.99.2.1/24', b: '10.99.2.2/24' })) {
    ip('-n', PREFIX + name, 'addr', 'add', address, 'dev', 'eth0');
    ip('-n', PREFIX + name, 'link', 'set', 'eth0', 'up');
  }
  const server = inside('b', process.execPath, '-e', SERVER);
  await new Promise((resolve) => server.stdout.once('data', resolve));
});

afterAll(async () => {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const gone = running.map(exited);
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(gone);
  if (reason === undefined) removeNamespaces();
});

onThisHost(
  'a connection of very many requests does not flood, and what it tells is right and counted',
  async () => {
    const watching = watch('all');
    await waitFor('the loader', () => watching.lines.length > 0);
    expect(await exited(ask(REQUESTS, 0))).toBe(0);
    const final = () => exchangesOf(watching.lines).filter(({ burst }) => burst === REQUESTS);
    await waitFor('the last exchange at both taps', () => final().length === 2);
    await stopped(watching);
    const told = exchangesOf(watching.lines).filter(({ isEarly }) => !isEarly);
    const leftOut = Math.max(...told.map((each) => each.leftOut));
    expect(told.length + leftOut).toBe(2 * REQUESTS);
    for (const exchange of told) {
      expect(exchange).toMatchObject({
        requestOffset: (exchange.burst - 1) * REQUEST_BYTES,
        responseOffset: (exchange.burst - 1) * RESPONSE_BYTES,
        requestBytes: REQUEST_BYTES,
        responseBytes: RESPONSE_BYTES,
      });
      expect(exchange.responseNs).toBeGreaterThan(exchange.requestLastNs);
    }
    const stamps = told.map(({ atNs }) => Number(atNs));
    const windows = (Math.max(...stamps) - Math.min(...stamps)) / WINDOW_NS + 2;
    const atMost = 2 * (windows * TOLD_PER_WINDOW + REQUESTS / STRIDE + 1);
    expect(told.length).toBeLessThanOrEqual(atMost);
    // What one tap tells beyond the windows' first ones, the other tells, too.
    const numbers = [...new Map(told.map(({ legId }) => [legId, legId])).keys()].map(
      (leg) => new Set(told.flatMap((each) => (each.legId === leg ? [each.burst] : []))),
    );
    const everyStride = Array.from(
      { length: REQUESTS / STRIDE },
      (_, index) => (index + 1) * STRIDE,
    );
    for (const bursts of numbers) expect(everyStride.filter((n) => !bursts.has(n))).toEqual([]);
  },
  90_000,
);

onThisHost(
  'an exchange that nothing follows is told while its connection idles',
  async () => {
    const watching = watch('all');
    await waitFor('the loader', () => watching.lines.length > 0);
    // When the third comes, the legs are older than what the loader looks at by itself.
    const client = ask(3, 60_000, 500);
    await waitFor('the third exchange at both taps', () =>
      exchangesOf(watching.lines).some(({ burst, isEarly }) => burst === 3 && isEarly),
    );
    client.kill('SIGTERM');
    await stopped(watching);
  },
  60_000,
);

onThisHost(
  'of each connection the first only, or none at all, if that is what was asked for',
  async () => {
    for (const [mode, wanted] of [
      ['first', [1, 1]],
      ['off', []],
    ] as const) {
      const watching = watch(mode);
      await waitFor('the loader', () => watching.lines.length > 0);
      expect(await exited(ask(3, 0))).toBe(0);
      await waitFor(
        'both legs',
        () => watching.lines.filter(({ kind }) => kind === 'leg').length >= 2,
      );
      await stopped(watching);
      expect(exchangesOf(watching.lines).map(({ burst }) => burst)).toEqual(wanted);
    }
  },
  60_000,
);

onThisHost(
  'a ClientHello is told where it is sent and where it is received, payload in the clear is not',
  async () => {
    const watching = watch('first');
    await waitFor('the loader', () => watching.lines.length > 0);
    expect(await exited(ask(2, 0))).toBe(0);
    const flights = () => watching.lines.filter((line) => line.kind === 'flight');
    expect(flights()).toEqual([]);
    const hello = `require('node:tls').connect(${PORT}, '10.99.2.2').on('error', () => process.exit(0))`;
    expect(await exited(inside('a', process.execPath, '-e', hello))).toBe(0);
    await waitFor('both ends', () => flights().length >= 2);
    await stopped(watching);
    const [sent, received] = flights();
    expect(flights()).toHaveLength(2);
    expect([sent?.seq, sent?.ack]).toEqual([received?.seq, received?.ack]);
    expect(sent?.netns).not.toBe(received?.netns);
  },
  60_000,
);
