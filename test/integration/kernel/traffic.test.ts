import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/*
 * What the legs of real connections say they carried, held against what both ends and the kernel count.
 *
 *   ht…-c ─── c  ht…-r (watched)  s ─── ht…-s        r drops some of what s sends; single segments, no super-packets
 */
const PREFIX = `ht${process.pid}-`;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LOADER = `${ROOT}agent/build/hoptrace-loader`;
const PEER = fileURLToPath(new URL('peer.mjs', import.meta.url));
const GIVE_UP_MS = 60_000;
const TIMEOUT_MS = 180_000;
const REQUEST_BYTES = 20;
const DOWNLOAD_BYTES = 1_500_000;
const FAMILIES = { 4: '10.97', 6: 'fd97' } as const;
type Family = 4 | 6;

interface Leg {
  readonly kind: string;
  readonly ifindex: number;
  readonly direction: 'rx' | 'tx';
  readonly flags: number;
  readonly clientBytes: number;
  readonly serverBytes: number;
  readonly clientRetransmits: number;
  readonly serverRetransmits: number;
  readonly clientFinNs: number | null;
  readonly serverFinNs: number | null;
  readonly resetNs: number | null;
  readonly tuple: { readonly dst: { readonly ip: string; readonly port: number } };
}

const FLAG = { serverReset: 8 } as const;
const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`traffic.test.ts: skipped: ${reason}\n`);

function missingHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  for (const program of ['ip', 'nsenter', 'iptables', 'ip6tables'])
    if (spawnSync('which', [program]).status !== 0) return `needs ${program}`;
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (...args: string[]) => run('ip', ...args);
const inside = (name: string) => [`--net=/run/netns/${PREFIX}${name}`, '--'];
const addressOf = (family: Family, host: string) =>
  family === 4 ? `${FAMILIES[4]}.${host}` : `${FAMILIES[6]}:${host.replace('.', '::')}`;

beforeAll(() => {
  if (reason !== undefined) return;
  for (const name of ['c', 'r', 's']) ip('netns', 'add', PREFIX + name);
  for (const [index, name] of ['c', 's'].entries()) {
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', PREFIX + name];
    ip('-n', `${PREFIX}r`, 'link', 'add', name, ...peer);
    const ends = [
      [`${PREFIX}r`, name, '1'],
      [PREFIX + name, 'eth0', '2'],
    ] as const;
    for (const [where, device, host] of ends) {
      for (const family of [4, 6] as const) {
        const mask = family === 4 ? '/24' : '/64';
        const nodad = family === 6 ? ['nodad'] : [];
        const address = addressOf(family, `${index + 1}.${host}`) + mask;
        ip('-n', where, 'addr', 'add', address, 'dev', device, ...nodad);
      }
      ip('-n', where, 'link', 'set', device, 'gso_max_segs', '1', 'up');
    }
    for (const family of [4, 6] as const)
      ip(
        '-n',
        PREFIX + name,
        `-${family}`,
        'route',
        'add',
        'default',
        'via',
        addressOf(family, `${index + 1}.1`),
      );
  }
  for (const name of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])
    run('nsenter', ...inside('r'), 'sysctl', '-qw', `${name}=1`);
}, TIMEOUT_MS);

afterAll(() => {
  if (reason !== undefined) return;
  for (const name of ['c', 'r', 's']) ip('netns', 'del', PREFIX + name);
});

/** Of each 60 segments from the server that are full of payload, one is lost in the router; or none. */
function setLoss(family: Family, isOn: boolean): void {
  const rule = ['-p', 'tcp', '-i', 's', '-m', 'length', '--length', '1000:65535'];
  const some = ['-m', 'statistic', '--mode', 'nth', '--every', '60', '--packet', '20'];
  const program = family === 4 ? 'iptables' : 'ip6tables';
  run(
    'nsenter',
    ...inside('r'),
    program,
    isOn ? '-A' : '-D',
    'FORWARD',
    ...rule,
    ...some,
    '-j',
    'DROP',
  );
}

/** Segments that this namespace's kernel sent again, SYNs included. */
function retransmitted(name: string): number {
  const [names, values] = run('nsenter', ...inside(name), 'cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('RetransSegs') ?? -1]);
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await sleep(10);
  }
}

/** A program whose lines are read as JSON. */
function startLines<T>(program: string, args: readonly string[]) {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: T[] = [];
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (text) => lines.push(JSON.parse(text)));
  const stop = async () => {
    const closed = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null) child.kill('SIGTERM');
    else return;
    await closed;
  };
  return { lines, stop };
}

/** One connection; the legs that are over, that of the server's side first, and what the client read. */
async function legsOf(family: Family, letter: string) {
  const host = addressOf(family, '2.2');
  const loader = startLines<Leg>(LOADER, ['--json', '--netns', `/run/netns/${PREFIX}r`]);
  const server = startLines<{ port: number }>('nsenter', [
    ...inside('s'),
    ...['taskset', '-c', '0', process.execPath, PEER, 'server', host],
  ]);
  try {
    await until('statistics', () => loader.lines.find(({ kind }) => kind === 'stats'));
    const { port } = await until('the server', () => server.lines[0]);
    const asking = [
      'taskset',
      '-c',
      '0',
      process.execPath,
      PEER,
      'client',
      host,
      String(port),
      letter,
    ];
    const client = startLines<{ bytes: number }>('nsenter', [...inside('c'), ...asking]);
    const { bytes } = await until('the client', () => client.lines[0]);
    const legs = await until('both legs', () => {
      const over = loader.lines.filter(
        ({ kind, tuple, resetNs, clientFinNs, serverFinNs }) =>
          kind === 'leg' &&
          tuple.dst.port === port &&
          (resetNs !== null || (clientFinNs !== null && serverFinNs !== null)),
      );
      const at = (direction: string) => over.find((leg) => leg.direction === direction);
      const [atServer, atClient] = [at('tx'), at('rx')];
      return atServer && atClient && { atServer, atClient };
    });
    return { ...legs, bytes };
  } finally {
    await server.stop();
    await loader.stop();
  }
}

/** A download with losses, and how many segments the server's kernel sent again meanwhile. */
async function lossyDownload(family: Family) {
  const before = retransmitted('s');
  setLoss(family, true);
  const legs = await legsOf(family, 'd').finally(() => setLoss(family, false));
  return { ...legs, again: retransmitted('s') - before };
}

/**
 * Where segments of one connection overtake each other on their way through several processors, those that come late count as
 * well, and the kernel's count is no truth. So both ends run on one processor; if it happens all the same, another
 * download is judged, three times at most.
 */
async function downloadInOrder(family: Family) {
  let download = await lossyDownload(family);
  for (let tries = 1; tries < 4; tries++) {
    if (download.atServer.serverRetransmits <= download.again) break;
    download = await lossyDownload(family);
  }
  return download;
}

const carried = (clientBytes: number, serverBytes: number) =>
  expect.objectContaining({ clientBytes, serverBytes, clientRetransmits: 0 });

for (const family of [4, 6] as const) {
  onThisHost(
    `IPv${family}: a download with losses: its bytes at each tap, and each segment that was sent again`,
    async () => {
      if (reason !== undefined) throw new Error(reason);
      const { atServer, atClient, bytes, again } = await downloadInOrder(family);
      expect(bytes).toBe(DOWNLOAD_BYTES);
      expect([atServer, atClient]).toEqual([
        carried(REQUEST_BYTES, DOWNLOAD_BYTES),
        carried(REQUEST_BYTES, DOWNLOAD_BYTES),
      ]);
      expect(again).toBeGreaterThan(5);
      // Before the loss the tap sees both copies; behind it one, and late.
      expect(atServer.serverRetransmits).toBeLessThanOrEqual(again);
      // A FIN alone that is sent again, as on a machine that stalls, is no payload.
      expect(atServer.serverRetransmits).toBeGreaterThanOrEqual(again - 2);
      expect(atClient.serverRetransmits).toBeGreaterThan(0);
      expect(atClient.serverRetransmits).toBeLessThanOrEqual(again);
      expect(Number(atServer.serverFinNs)).toBeLessThan(Number(atServer.clientFinNs));
    },
    TIMEOUT_MS,
  );

  onThisHost(
    `IPv${family}: who closed: the client's FIN comes first, or the server resets`,
    async () => {
      if (reason !== undefined) throw new Error(reason);
      const byClient = await legsOf(family, 'f');
      for (const leg of [byClient.atServer, byClient.atClient]) {
        expect(leg).toEqual(carried(REQUEST_BYTES, 10));
        expect(leg).toMatchObject({ resetNs: null, serverRetransmits: 0 });
        expect(Number(leg.clientFinNs)).toBeLessThan(Number(leg.serverFinNs));
      }
      const byReset = await legsOf(family, 'r');
      for (const leg of [byReset.atServer, byReset.atClient]) {
        expect(leg).toEqual(carried(REQUEST_BYTES + 5, 10));
        expect(leg.resetNs).not.toBeNull();
        expect(leg.flags & FLAG.serverReset).not.toBe(0);
      }
    },
    TIMEOUT_MS,
  );
}
