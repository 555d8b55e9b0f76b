import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Frame, LegFrame } from '@hoptrace/agent/frames/frame.ts';
import { LoaderSource } from '@hoptrace/agent/source/loaderSource.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/*
 * Segments that no kernel would send, past one watched device, and what the programs make of them.
 *
 *   hkPID-a eth0 (watched) ─── eth0 hkPID-b      client 10.99.2.66 "behind" a, server 10.99.2.77 "behind" b: neither
 *                                                exists, so no kernel answers for them
 */
const PREFIX = `hk${process.pid}-`;
const CLIENT = '10.99.2.66';
const SERVER = '10.99.2.77';
const SERVER_PORT = 21_490;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LOADER = `${ROOT}agent/build/hoptrace-loader`;
const SOURCE = fileURLToPath(new URL('segments.c', import.meta.url));
const GIVE_UP_MS = 20_000;
const FLAG = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

interface Leg {
  readonly kind: 'leg';
  readonly clientIsn: number;
  readonly serverIsn: number;
  readonly synCount: number;
  readonly flags: number;
  readonly synAckNs: number | null;
  readonly ackNs: number | null;
  readonly requestNs: number | null;
  readonly responseNs: number | null;
  readonly resetNs: number | null;
  readonly clientBytes: number;
  readonly serverBytes: number;
  readonly clientRetransmits: number;
  readonly serverRetransmits: number;
  readonly tuple: { readonly src: { readonly port: number } };
}

interface Segment {
  readonly from: 'client' | 'server';
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly payload?: number;
}

const CLIENT_ISN = 0xffff_fff0;
const SERVER_ISN = 0xffff_ffff;
const after = (isn: number, bytes: number) => (isn + bytes) >>> 0;
const syn = (isn = CLIENT_ISN, payload = 0): Segment => ({
  ...{ from: 'client', seq: isn, flags: FLAG.syn, payload },
});
const synAck = (ack = after(CLIENT_ISN, 1)): Segment => ({
  ...{ from: 'server', seq: SERVER_ISN, ack, flags: FLAG.syn | FLAG.ack },
});
const client = (flags: number, payload = 0, at = 1): Segment => ({
  ...{ from: 'client', seq: after(CLIENT_ISN, at), ack: after(SERVER_ISN, 1) },
  ...{ flags: flags | FLAG.ack, payload },
});
const server = (flags: number, payload = 0): Segment => ({
  ...{ from: 'server', seq: after(SERVER_ISN, 1), ack: after(CLIENT_ISN, 101) },
  ...{ flags: flags | FLAG.ack, payload },
});
const refusal: Segment = { ...synAck(), seq: 0, flags: FLAG.rst | FLAG.ack };
const END = [client(FLAG.rst, 0, 101)];

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`summaries.test.ts: skipped: ${reason}\n`);
let folder = '';
let nextPort = 20_000;

function missingHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  for (const program of ['ip', 'gcc', 'nsenter'])
    if (spawnSync('which', [program]).status !== 0) return `needs ${program}`;
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

const path = (name: string) => `/run/netns/${PREFIX}${name}`;
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

function macOf(name: string): string {
  const text = String(ip('-n', PREFIX + name, '-j', 'link', 'show', 'eth0'));
  return (JSON.parse(text) as { address: string }[])[0]?.address ?? '';
}

beforeAll(() => {
  if (reason !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'hoptrace-segments-'));
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-o', join(folder, 'segments'), SOURCE]);
  for (const name of ['a', 'b']) ip('netns', 'add', PREFIX + name);
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', `${PREFIX}b`];
  ip('-n', `${PREFIX}a`, 'link', 'add', 'eth0', ...peer);
  for (const [name, address] of [
    ['a', '10.99.2.1/24'],
    ['b', '10.99.2.2/24'],
  ] as const) {
    ip('-n', PREFIX + name, 'addr', 'add', address, 'dev', 'eth0');
    ip('-n', PREFIX + name, 'link', 'set', 'eth0', 'up');
  }
  const neighbour = (at: string, who: string, of: string) =>
    ip('-n', PREFIX + at, 'neigh', 'add', who, 'lladdr', macOf(of), 'dev', 'eth0');
  neighbour('a', SERVER, 'b');
  neighbour('b', CLIENT, 'a');
});

afterAll(() => {
  if (reason !== undefined) return;
  for (const name of ['a', 'b']) ip('netns', 'del', PREFIX + name);
  rmSync(folder, { recursive: true });
});

/** Lines of `segments`, sent one after the other from the namespace on whose side each begins. */
function send(port: number, segments: readonly Segment[]): void {
  for (const { from, seq, ack = 0, flags, payload = 0 } of segments) {
    const isClient = from === 'client';
    const ends = [`${CLIENT} ${port}`, `${SERVER} ${SERVER_PORT}`];
    const input = `${(isClient ? ends : ends.reverse()).join(' ')} ${seq} ${ack} ${flags} ${payload}\n`;
    const where = `--net=${path(isClient ? 'a' : 'b')}`;
    execFileSync('nsenter', [where, '--', join(folder, 'segments')], { input });
  }
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!isTrue()) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What is told of these segments, sent between two fresh ports; the last must end the leg or wait for its check. */
async function legsOf(...connections: readonly (readonly Segment[])[]): Promise<Leg[][]> {
  const loader = spawn(LOADER, ['--json', '--netns', path('a')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: { kind: string }[] = [];
  createInterface({ input: loader.stdout }).on('line', (text) => lines.push(JSON.parse(text)));
  await until('statistics', () => lines.some((line) => line.kind === 'stats'));
  const ports = connections.map(() => nextPort++);
  for (const [index, segments] of connections.entries()) send(ports[index] ?? 0, segments);
  const legs = () => lines.filter((line): line is Leg => line.kind === 'leg');
  const told = (port: number) => legs().filter((leg) => leg.tuple.src.port === port);
  await until('every leg', () => ports.every((port) => told(port).length > 0));
  const closed = new Promise((resolve) => loader.once('close', resolve));
  loader.kill('SIGTERM');
  await closed;
  return ports.map(told);
}

onThisHost(
  'legs from odd segments: wrap-around, strangers, lost answers, data in the SYN, reuse, refusals taken back',
  async () => {
    if (reason !== undefined) throw new Error(reason);
    const [plain, stranger, oneWay, early, repeated, reused, takenBack, old] = await legsOf(
      [syn(), synAck(), client(0), client(0, 100), server(0, 50), ...END],
      [syn(), synAck(77), { ...refusal, ack: 78 }, synAck(), ...END],
      [syn(), client(0), ...END],
      [syn(CLIENT_ISN, 100), synAck(after(CLIENT_ISN, 101)), ...END],
      [syn(), syn(), syn()],
      [syn(5), syn(), synAck(), ...END],
      [syn(), refusal, syn(), synAck(), client(0), ...END],
      [syn(), { ...client(0, 9), seq: after(CLIENT_ISN, -50) }, synAck(), ...END],
    );
    const isns = { clientIsn: CLIENT_ISN, serverIsn: SERVER_ISN };
    const seen = expect.any(Number);
    expect(plain).toMatchObject([
      { ...isns, synAckNs: seen, ackNs: seen, requestNs: seen, responseNs: seen, resetNs: seen },
    ]);
    expect(stranger).toMatchObject([{ ...isns, synAckNs: seen }]);
    expect(oneWay).toMatchObject([{ ...isns, synAckNs: null, ackNs: seen }]);
    expect(early).toMatchObject([{ ...isns, requestNs: 0, synAckNs: seen }]);
    expect(repeated?.at(-1)).toMatchObject({ clientIsn: CLIENT_ISN, synCount: 3, synAckNs: null });
    expect(reused).toMatchObject([
      { clientIsn: 5, synAckNs: null },
      { ...isns, synAckNs: seen },
    ]);
    expect(takenBack).toMatchObject([
      { synAckNs: null, resetNs: seen, synCount: 1 },
      { ...isns, synAckNs: seen, ackNs: seen, synCount: 2 },
    ]);
    expect(old).toMatchObject([{ ...isns, requestNs: null }]);
  },
  60_000,
);

onThisHost(
  'bytes and retransmits from odd segments: wrap-around, repetitions, gaps, a lost FIN, none of one side',
  async () => {
    if (reason !== undefined) throw new Error(reason);
    const more = (payload: number, at: number, flags = 0): Segment => ({
      ...server(flags, payload),
      seq: after(SERVER_ISN, at),
    });
    const begin = [syn(), synAck(), client(0), client(0, 100)];
    const [plain, repeated, gap, halves, reset, oneWay, early] = await legsOf(
      [...begin, more(50, 1), more(900, 51), client(FLAG.fin, 0, 101), more(0, 951, FLAG.fin)],
      [...begin, client(0, 100), more(50, 1), more(30, 21), more(50, 1), ...END],
      [...begin, more(50, 51), more(50, 1), ...END],
      [...begin, client(0, 60, 51), client(FLAG.fin, 9, 111), client(0, 0, 121), server(FLAG.fin)],
      [...begin, more(50, 1), { ...server(FLAG.rst), seq: after(SERVER_ISN, 51) }],
      [syn(), client(0), client(0, 100), ...END],
      [syn(CLIENT_ISN, 100), synAck(after(CLIENT_ISN, 101)), client(0, 20, 101), ...END],
    );
    const told = (
      clientBytes: number,
      serverBytes: number,
      clientRetransmits = 0,
      serverRetransmits = 0,
    ) => [
      expect.objectContaining({ clientBytes, serverBytes, clientRetransmits, serverRetransmits }),
    ];
    expect(plain).toEqual(told(100, 950));
    expect(repeated).toEqual(told(100, 50, 1, 2));
    expect(gap).toEqual(told(100, 100, 0, 1));
    expect(halves).toEqual(told(119, 0));
    expect(reset).toEqual(told(100, 50));
    expect(oneWay).toEqual(told(100, 0));
    expect(early).toEqual(told(120, 0));
  },
  60_000,
);

/** The loader that this process started, and the ids of its programs. */
function runningLoader(): { pid: number; programs: number[] } | undefined {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const pid = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith(LOADER),
  );
  if (pid === undefined) return undefined;
  const programs = readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const id = /^prog_id:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1];
    return id === undefined ? [] : [Number(id)];
  });
  return { pid: Number(pid), programs };
}

function attachedPrograms(): number[] {
  const report = JSON.parse(spawnSync(LOADER, ['--check'], { encoding: 'utf8' }).stdout) as {
    checks: { name: string; detail: string }[];
  };
  const detail = report.checks.find((check) => check.name === 'alone')?.detail ?? '';
  return (detail.match(/\d+/g) ?? []).map(Number);
}

onThisHost(
  'a loader that is killed leaves nothing attached; the next one goes on, and the gap is told',
  async () => {
    if (reason !== undefined) throw new Error(reason);
    const frames: Frame[] = [];
    const breaks: string[] = [];
    const source = new LoaderSource({
      ...{ loaderPath: LOADER, args: ['--netns', path('a')], openRecording: null },
      ...{ log: () => undefined, minBackoffMs: 20 },
    });
    source.start({
      onFrames: (more) => frames.push(...more),
      onBadFrames: () => undefined,
      onBreak: (problem) => breaks.push(problem),
    });
    const hellos = () => frames.filter((frame) => frame.kind === 'hello').length;
    const legs = () => frames.filter((frame): frame is LegFrame => frame.kind === 'leg');
    await until('the first hello', () => hellos() > 0);
    const first = runningLoader();
    expect(first?.programs.length).toBeGreaterThanOrEqual(3);
    expect(attachedPrograms()).toEqual(expect.arrayContaining(first?.programs ?? []));
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await until('the break', () => breaks.length === 1);
    const before = hellos();
    await until('another hello', () => hellos() > before);
    const left = attachedPrograms().filter((id) => first?.programs.includes(id));
    expect(left).toEqual([]);
    send(nextPort++, [syn(), synAck(), ...END]);
    await until('a leg of the second loader', () => legs().length > 0);
    await source.close();
    expect(breaks).toEqual([expect.stringContaining('SIGKILL')]);
  },
  60_000,
);
