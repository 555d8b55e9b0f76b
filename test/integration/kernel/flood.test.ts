import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Agent, buildAgent, loaderSource } from '@hoptrace/agent/app.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { MAX_SILENT_LEGS } from '@hoptrace/agent/legs/silentLegs.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLoad } from '../../bench/agent/build.ts';

/*
 * A flood of SYNs into a rule that drops them, at the rate that this machine reaches.
 *
 *   hfPID-a 10.97.1.1 ── 10.97.1.2 hfPID-b (watched)     port 30080: -j DROP
 */
const PREFIX = `hf${process.pid}-`;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PORT = 30_080;
const SECONDS = 3;
const RATE = 20_000;
const TIMEOUT_MS = 180_000;
const GIVE_UP_MS = 90_000;
const path = (name: string) => `/run/netns/${PREFIX}${name}`;

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`flood.test.ts: skipped: ${reason}\n`);

function missingHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  for (const program of ['ip', 'iptables', 'nsenter', 'gcc'])
    if (spawnSync('which', [program]).status !== 0) return `needs ${program}`;
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs /sys/kernel/btf/vmlinux';
  const build = spawnSync('bash', [`${ROOT}scripts/build-agent.sh`], { encoding: 'utf8' });
  return build.status === 0 ? undefined : build.stderr;
}

const run = (command: string, ...args: string[]) =>
  String(execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
const at = (name: string, ...command: string[]) =>
  run('nsenter', `--net=${path(name)}`, ...command);

beforeAll(() => {
  if (reason !== undefined) return;
  for (const name of ['a', 'b']) run('ip', 'netns', 'add', PREFIX + name);
  const peer = ['peer', 'name', 'e0', 'netns', `${PREFIX}b`];
  run('ip', '-n', `${PREFIX}a`, 'link', 'add', 'e0', 'type', 'veth', ...peer);
  for (const [name, host] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    run('ip', '-n', PREFIX + name, 'addr', 'add', `10.97.1.${host}/24`, 'dev', 'e0');
    run('ip', '-n', PREFIX + name, 'link', 'set', 'e0', 'up');
  }
  at('b', 'sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.e0.rp_filter=0');
  at('b', 'ip', 'route', 'add', 'default', 'via', '10.97.1.1');
  at('b', 'iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', String(PORT), '-j', 'DROP');
});

let agent: Agent | null = null;
afterAll(async () => {
  if (reason !== undefined) return;
  await agent?.close();
  for (const name of ['a', 'b']) run('ip', 'netns', 'del', PREFIX + name);
});

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!isTrue()) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

onThisHost(
  'a SYN flood: every SYN is counted, every drop a refusal, and the table is bounded',
  async () => {
    const program = await buildLoad();
    const config = readAgentConfig(
      {
        HOPTRACE_AGENT_COLLECTOR_URL: 'ws://127.0.0.1:1',
        HOPTRACE_AGENT_NETNS: `b=${path('b')}`,
        HOPTRACE_AGENT_HOST_NETNS: path('b'),
        // Refusals come to millions here, and there is no collector.
        HOPTRACE_AGENT_MAX_QUEUED_RECORDS: '1000',
      },
      'b',
    );
    const log = () => undefined;
    let refusals = 0;
    const watched = buildAgent(config, {
      source: loaderSource(config, log),
      log,
      onRecord: ({ kind }) => {
        refusals += Number(kind === 'refusal');
      },
    });
    agent = watched;
    watched.start();
    await until('the hello', () => watched.hello() !== null);
    const words = ['flood', '10.97.1.2', PORT, SECONDS, RATE].map(String);
    const { sent } = JSON.parse(at('a', program, ...words)) as { sent: number };
    expect(sent).toBeGreaterThan(1_000);
    await until('all counters', () => watched.metrics().synsTotal >= sent);
    const { synsTotal, droppedSynsTotal, ringLostTotal } = watched.metrics();
    expect({ synsTotal, droppedSynsTotal }).toEqual({ synsTotal: sent, droppedSynsTotal: sent });
    expect(watched.metrics().openLegs).toBeLessThanOrEqual(MAX_SILENT_LEGS);
    // What the ring could not take is counted, and what it took is told.
    await until('a refusal for each drop', () => refusals >= sent - ringLostTotal);
    expect(refusals).toBeLessThanOrEqual(sent);
  },
  TIMEOUT_MS,
);
