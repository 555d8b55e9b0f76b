import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Agent, buildAgent, loaderSource } from '@hoptrace/agent/app.ts';
import { checkHost } from '@hoptrace/agent/check.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { degradedLines, sourceOf } from '@hoptrace/agent/degraded.ts';
import type { LegRecord, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

/*
 * Real NAT, and what conntrack's own interface tells of it.
 *
 *   hnPID-c 10.98.1.1 ── 10.98.1.2 hnPID-n 10.98.2.2 ── 10.98.2.1 hnPID-s
 *        dials 10.98.1.2:30080      DNAT to 10.98.2.1:80, MASQUERADE       answers
 */
const PREFIX = `hn${process.pid}-`;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NODE_PORT = 30_080;
const CLOSED_PORT = 30_081;
const TIMEOUT_MS = 120_000;
const GIVE_UP_MS = 60_000;
const path = (name: string) => `/run/netns/${PREFIX}${name}`;

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`conntrack.test.ts: skipped: ${reason}\n`);

function missingHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  for (const program of ['ip', 'iptables', 'nsenter', 'python3', 'sysctl'])
    if (spawnSync('which', [program]).status !== 0) return `needs ${program}`;
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
const at = (name: string, ...command: string[]) =>
  run('nsenter', `--net=${path(name)}`, ...command);

const SERVER = `
import socket, threading
server = socket.create_server(('0.0.0.0', 80))
print('ready', flush=True)
def answer(peer):
    while peer.recv(100): peer.sendall(b'x')
    peer.close()
while True: threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
`;
/** Connects once for each line, asks, and closes at the next line. */
const CLIENT = `
import socket, sys
for line in sys.stdin:
    try:
        peer = socket.create_connection(('10.98.1.2', int(line)), 5)
        peer.sendall(b'a'); peer.recv(100)
        print('open', peer.getsockname()[1], flush=True)
        sys.stdin.readline(); peer.close(); print('closed', flush=True)
    except OSError: print('refused', flush=True)
`;

const children: ChildProcess[] = [];
let client: { say(line: string): Promise<string> };

function python(name: string, script: string) {
  const child = spawn('nsenter', [`--net=${path(name)}`, 'python3', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  const say = (line: string) => {
    const answer = next();
    child.stdin.write(`${line}\n`);
    return answer;
  };
  return { next, say };
}

beforeAll(async () => {
  if (reason !== undefined) return;
  for (const name of ['c', 'n', 's']) run('ip', 'netns', 'add', PREFIX + name);
  for (const [name, end, net] of [
    ['c', 'c0', '10.98.1'],
    ['s', 's0', '10.98.2'],
  ] as const) {
    const peer = ['peer', 'name', end, 'netns', `${PREFIX}n`];
    run('ip', '-n', PREFIX + name, 'link', 'add', 'e0', 'type', 'veth', ...peer);
    run('ip', '-n', PREFIX + name, 'addr', 'add', `${net}.1/24`, 'dev', 'e0');
    run('ip', '-n', `${PREFIX}n`, 'addr', 'add', `${net}.2/24`, 'dev', end);
    run('ip', '-n', PREFIX + name, 'link', 'set', 'e0', 'up');
    run('ip', '-n', `${PREFIX}n`, 'link', 'set', end, 'up');
  }
  const conntrack = 'net.netfilter.nf_conntrack_';
  at('n', 'sysctl', '-qw', 'net.ipv4.ip_forward=1', `${conntrack}timestamp=1`);
  // With 2, the default, entries without a listener at their birth never tell their end.
  at('n', 'sysctl', '-qw', `${conntrack}events=1`, `${conntrack}tcp_timeout_time_wait=1`);
  const dnat = ['--dport', String(NODE_PORT), '-j', 'DNAT', '--to', '10.98.2.1:80'];
  at('n', 'iptables', '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', ...dnat);
  at('n', 'iptables', '-t', 'nat', '-A', 'POSTROUTING', '-o', 's0', '-j', 'MASQUERADE');
  await python('s', SERVER).next();
  client = python('c', CLIENT);
}, TIMEOUT_MS);

afterAll(() => {
  if (reason !== undefined) return;
  for (const child of children) child.kill('SIGKILL');
  for (const name of ['c', 'n', 's']) run('ip', 'netns', 'del', PREFIX + name);
});

let agent: Agent | null = null;
afterEach(() => agent?.close());

/** An agent of the node, without a collector. `loader`: further options for it. */
async function watch(env: Record<string, string>, loader: readonly string[] = []) {
  const records: WireRecord[] = [];
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', () => resolve()));
  closed.on('connection', (socket: Socket) => socket.destroy());
  const config = readAgentConfig(
    {
      HOPTRACE_AGENT_COLLECTOR_URL: `ws://127.0.0.1:${portOf(closed)}`,
      HOPTRACE_AGENT_NETNS: `n=${path('n')}`,
      HOPTRACE_AGENT_HOST_NETNS: path('n'),
      ...env,
    },
    'n',
  );
  const log = () => undefined;
  agent = buildAgent(config, {
    source: loaderSource(config, log, loader),
    log,
    onRecord: (record) => records.push(record),
  });
  agent.start();
  const started = agent;
  await until('the hello', () => started.hello() !== null);
  closed.close();
  const legs = () => records.filter((each): each is LegRecord => each.kind === 'leg');
  return { agent: started, records, legs };
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!isTrue()) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The port from which the client connected. */
async function open(): Promise<number> {
  const [word, port] = (await client.say(String(NODE_PORT))).split(' ');
  expect(word).toBe('open');
  return Number(port);
}

function translated(port: number) {
  return {
    tuple: { src: { ip: '10.98.1.1', port }, dst: { ip: '10.98.1.2', port: NODE_PORT } },
    original: { src: { ip: '10.98.1.1', port }, dst: { ip: '10.98.1.2', port: NODE_PORT } },
    reply: { src: { ip: '10.98.2.1', port: 80 }, dst: { ip: '10.98.2.2' } },
  };
}

const fromPort = (port: number) => (leg: LegRecord) => leg.original?.src.port === port;

onThisHost(
  'a connection that is older than the agent is told with its NAT tuples, once, and its end',
  async () => {
    const old = await open();
    const { legs, agent: running } = await watch({});
    await until('the old connection', () => legs().some(fromPort(old)));
    expect(legs().filter(fromPort(old))).toMatchObject([
      { ...translated(old), end: 'open', synCount: 0, isnPairHash: null },
    ]);
    expect(running.hello()).toMatchObject({ source: 'ebpf' });
    expect(running.metrics()).toMatchObject({ conntrackOldTotal: 1, isDegraded: 0 });
    await client.say('close');
    await until('its end', () => {
      // Whoever reads the table makes the kernel clear it of what has expired; its own sweep may take a minute.
      spawnSync('nsenter', [`--net=${path('n')}`, 'cat', '/proc/net/nf_conntrack']);
      return legs().some((leg) => fromPort(old)(leg) && leg.end === 'fin');
    });
    const young = await open();
    await client.say('close');
    const isYoung = (leg: LegRecord) => fromPort(young)(leg) || leg.tuple.src.port === young;
    await until('one that began since', () => legs().some(isYoung));
    // eBPF tells of it: with sequence numbers.
    expect(legs().filter((leg) => isYoung(leg) && leg.isnPairHash === null)).toEqual([]);
  },
  TIMEOUT_MS,
);

onThisHost(
  'degraded, it tells connections by conntrack alone and says what it does not see',
  async () => {
    const old = await open();
    const { legs, records, agent: running } = await watch({ HOPTRACE_AGENT_SOURCE: 'conntrack' });
    await until('the old connection', () => legs().some(fromPort(old)));
    await client.say('close');
    const young = await open();
    await client.say('close');
    await until('the end of the young', () =>
      legs().some((leg) => fromPort(young)(leg) && leg.end === 'fin'),
    );
    const ended = legs()
      .filter((leg) => fromPort(young)(leg))
      .at(-1);
    expect(ended).toMatchObject({ ...translated(young), synCount: 1, isnPairHash: null });
    expect(ended?.endNs).toBeGreaterThan(0);
    expect(await client.say(String(CLOSED_PORT))).toBe('refused');
    await until('the refusal', () => records.some(({ kind }) => kind === 'refusal'));
    const refusal = records.find(({ kind }) => kind === 'refusal');
    expect(refusal).toMatchObject({ refusal: 'reset', tuple: { dst: { port: CLOSED_PORT } } });
    const hello = running.hello();
    expect(hello).toMatchObject({ source: 'conntrack', features: { packets: false } });
    expect(degradedLines(hello).join('\n')).toContain('why SYNs were dropped or rejected');
    expect(hello === null ? null : sourceOf(hello).name).toBe('conntrack');
    expect(running.metrics()).toMatchObject({ isDegraded: 1, conntrackOverrunsTotal: 0 });
  },
  TIMEOUT_MS,
);

onThisHost.each([
  ['no BTF', ['--pretend-missing', 'btf'], 'CONFIG_DEBUG_INFO_BTF'],
  ['no tracepoint', ['--pretend-missing', 'net_dev_queue'], 'no such tracepoint'],
])(
  'on a kernel with %s it falls back to conntrack by itself',
  async (_, pretence, why) => {
    const { legs, agent: running } = await watch({}, pretence);
    const port = await open();
    await client.say('close');
    await until('a leg', () => legs().some((leg) => fromPort(port)(leg) && leg.end === 'fin'));
    expect(degradedLines(running.hello()).join('\n')).toContain(why);
  },
  TIMEOUT_MS,
);

onThisHost(
  "where eBPF cannot read conntrack's types, its legs get the tuples from the netlink interface",
  async () => {
    const { legs, agent: running } = await watch({}, ['--pretend-missing', 'conntrack']);
    expect(running.hello()).toMatchObject({ source: 'ebpf', features: { conntrack: false } });
    const port = await open();
    await client.say('close');
    const isWhole = (leg: LegRecord) => leg.isnPairHash !== null && leg.end === 'fin';
    await until('a leg on each side', () => legs().filter(isWhole).length >= 2);
    const { original, reply } = translated(port);
    for (const leg of legs().filter(isWhole)) expect(leg).toMatchObject({ original, reply });
  },
  TIMEOUT_MS,
);

/** The loader that this process started. */
function loaderPid(): number {
  const own = `/proc/${process.pid}/task`;
  const children = readdirSync(own).flatMap((task) =>
    readFileSync(`${own}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  const isLoader = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('hoptrace-loader');
  return children.find(isLoader) ?? 0;
}

/** So many attempts, each of which conntrack tells as begun and as closed. */
const STORM = `
import socket, sys
for i in range(int(sys.argv[1])):
    peer = socket.socket()
    try: peer.connect(('10.98.1.2', ${CLOSED_PORT}))
    except OSError: pass
    peer.close()
`;
/** More than what the loader's buffer of one namespace holds, several times. */
const STORM_ATTEMPTS = 20_000;

onThisHost(
  'events that the kernel had to throw away are counted, and the agent goes on',
  async () => {
    const { legs, records, agent: running } = await watch({ HOPTRACE_AGENT_SOURCE: 'conntrack' });
    const before = await open();
    await client.say('close');
    await until('a leg before the storm', () => legs().some(fromPort(before)));
    const pid = loaderPid();
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, 'SIGSTOP');
    try {
      at('c', 'python3', '-c', STORM, String(STORM_ATTEMPTS));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('the loss', () => running.metrics().conntrackOverrunsTotal > 0);
    // It read what had fitted into the buffer, and no more.
    const refusals = () => records.filter(({ kind }) => kind === 'refusal').length;
    expect(refusals()).toBeGreaterThan(0);
    expect(refusals()).toBeLessThan(STORM_ATTEMPTS);
    const after = await open();
    await client.say('close');
    await until('a leg after the storm', () =>
      legs().some((leg) => fromPort(after)(leg) && leg.end === 'fin'),
    );
    expect(running.hello()).toMatchObject({ source: 'conntrack' });
  },
  TIMEOUT_MS,
);

onThisHost(
  'agent check says what a host without BTF comes down to',
  async () => {
    const options = { loaderPath: `${ROOT}agent/build/hoptrace-loader`, hostNetns: path('n') };
    const forced = await checkHost({ ...options, source: 'conntrack' });
    expect(forced).toMatchObject({ ok: true, source: 'conntrack' });
    const netlink = forced.checks.find(({ name }) => name === 'conntrackNetlink');
    expect(netlink).toMatchObject({ ok: true });
    expect(forced.checks.find(({ name }) => name === 'packets')).toMatchObject({ ok: false });
    expect(await checkHost(options)).toMatchObject({ ok: true, source: 'ebpf' });
  },
  TIMEOUT_MS,
);
