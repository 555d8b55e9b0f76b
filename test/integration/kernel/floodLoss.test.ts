/**
 * A flood of SYNs into a rule that drops them, while nobody reads the ring: what did not fit is counted to the last
 * one, and is told by the API, the command's `missing` and the alert.
 *
 *   hlPID-a 10.97.2.1 ── 10.97.2.2 hlPID-b (watched)     port 30080: -j DROP
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Agent, buildAgent, loaderSource } from '@hoptrace/agent/app.ts';
import { readAgentConfig } from '@hoptrace/agent/config.ts';
import { clickhouseAlertStore } from '@hoptrace/api/alerts/alertStore.ts';
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { agentListSchema, missingSchema } from '@hoptrace/api/responses.ts';
import { engineWith } from '@hoptrace/api/testing/alerts.ts';
import { buildCollector } from '@hoptrace/collector/app.ts';
import { readConfig as readCollectorConfig } from '@hoptrace/collector/config.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import { DEFAULT_RULES } from '@hoptrace/domain/alerts/defaultRules.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLoad } from '../../bench/agent/build.ts';
import { makeTempDir, startTestStore, type TestStore } from '../embedded.ts';

const PREFIX = `hl${process.pid}-`;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PORT = 30_080;
const SECONDS = 1;
const RATE = 20_000;
/** Room for about 1,700 dropped SYNs. */
const RING_BYTES = 256 * 1024;
const RING_RECORD_BYTES = 160; // head, body, and what the kernel adds
const TIMEOUT_MS = 240_000;
const GIVE_UP_MS = 90_000;
const path = (name: string) => `/run/netns/${PREFIX}${name}`;

const reason = missingHere();
const onThisHost = reason === undefined || process.env.CI === 'true' ? test : test.skip;
if (reason !== undefined) process.stderr.write(`floodLoss.test.ts: skipped: ${reason}\n`);

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

let fixture: TestStore;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  if (reason !== undefined) return;
  fixture = await startTestStore();
  for (const name of ['a', 'b']) run('ip', 'netns', 'add', PREFIX + name);
  const peer = ['peer', 'name', 'e0', 'netns', `${PREFIX}b`];
  run('ip', '-n', `${PREFIX}a`, 'link', 'add', 'e0', 'type', 'veth', ...peer);
  for (const [name, host] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    run('ip', '-n', PREFIX + name, 'addr', 'add', `10.97.2.${host}/24`, 'dev', 'e0');
    run('ip', '-n', PREFIX + name, 'link', 'set', 'e0', 'up');
  }
  at('b', 'sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.e0.rp_filter=0');
  at('b', 'ip', 'route', 'add', 'default', 'via', '10.97.2.1');
  at('b', 'iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', String(PORT), '-j', 'DROP');
}, TIMEOUT_MS);

afterAll(async () => {
  if (reason !== undefined) return;
  for (const close of closers.reverse()) await close();
  for (const name of ['a', 'b']) run('ip', 'netns', 'del', PREFIX + name);
  await fixture.stop();
}, TIMEOUT_MS);

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The loader that watches this test's namespace: its arguments name it. */
function loaderPid(): number {
  const tasks = readdirSync('/proc/self/task');
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const mine = children.find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path('b')),
  );
  if (mine === undefined) throw new Error('the loader does not run');
  return Number(mine);
}

async function startCollector(): Promise<string> {
  const dataDir = await makeTempDir();
  const env = { HOPTRACE_COLLECTOR_PORT: '0', HOPTRACE_COLLECTOR_DATA_DIR: dataDir };
  const config = readCollectorConfig(env, () => '');
  const collector = buildCollector({ config, store: collectorStoreOf(fixture.store) });
  const { url } = await collector.start();
  closers.push(() => collector.close());
  return url.replace('http', 'ws');
}

function startAgent(collectorUrl: string): { agent: Agent; refusals: () => number } {
  const config = readAgentConfig(
    {
      HOPTRACE_AGENT_COLLECTOR_URL: collectorUrl,
      HOPTRACE_AGENT_CLUSTER: 'flood',
      HOPTRACE_AGENT_NODE: 'b',
      HOPTRACE_AGENT_NETNS: `b=${path('b')}`,
      HOPTRACE_AGENT_HOST_NETNS: path('b'),
      HOPTRACE_AGENT_RING_BYTES: String(RING_BYTES),
    },
    'b',
  );
  const log = () => undefined;
  let refusals = 0;
  const agent = buildAgent(config, {
    source: loaderSource(config, log),
    log,
    onRecord: ({ kind }) => {
      refusals += Number(kind === 'refusal');
    },
  });
  closers.push(() => agent.close());
  agent.start();
  return { agent, refusals: () => refusals };
}

onThisHost(
  'what the ring could not take in a flood is counted exactly, stored, and told',
  async () => {
    const program = await buildLoad();
    const { agent, refusals } = startAgent(await startCollector());
    await until(
      'hello and collector',
      () => agent.hello() !== null && agent.metrics().isConnected === 1,
    );
    const loader = loaderPid();
    process.kill(loader, 'SIGSTOP');
    const words = ['flood', '10.97.2.2', PORT, SECONDS, RATE].map(String);
    const { sent } = JSON.parse(at('a', program, ...words)) as { sent: number };
    process.kill(loader, 'SIGCONT');
    expect(sent).toBeGreaterThan((2 * RING_BYTES) / RING_RECORD_BYTES);
    await until('all counters', () => agent.metrics().synsTotal >= sent);

    const { ringLostTotal, ringLostRefusalsTotal, ringLostLegsTotal, droppedSynsTotal } =
      agent.metrics();
    expect(droppedSynsTotal).toBe(sent);
    expect(ringLostRefusalsTotal).toBeGreaterThan(0);
    expect(ringLostTotal).toBeGreaterThanOrEqual(ringLostRefusalsTotal + ringLostLegsTotal);
    // A quarter of the ring is theirs alone, and what began beside them got less than the rest.
    const told = sent - ringLostRefusalsTotal;
    expect(told).toBeGreaterThan(RING_BYTES / 4 / RING_RECORD_BYTES);
    console.log(sent, refusals(), told, JSON.stringify(agent.metrics()));
    await until('a refusal for each drop that fitted', () => refusals() >= told);
    expect(refusals()).toBe(told);

    const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent' }, () => '');
    const api = await buildApi({
      ...{ config, store: clickhouseStore(fixture.store), nowUs: () => Date.now() * 1000 },
    });
    closers.push(() => api.close());
    const ask = async (url: string) =>
      (await api.inject({ url, headers: { host: 'localhost' } })).json() as unknown;
    const lossesOfAgent = async () =>
      agentListSchema.parse(await ask('/api/v1/agents')).items.find(({ node }) => node === 'b')
        ?.losses;
    await until(
      'the count in the list of agents',
      async () => (await lossesOfAgent())?.ringRefusals === ringLostRefusalsTotal,
    );
    expect(await lossesOfAgent()).toMatchObject({ ringEvents: agent.metrics().ringLostTotal });
    const missing = missingSchema.parse(await ask('/api/v1/missing'));
    const missed = missing.losses.reduce((sum, { losses }) => sum + losses.ringRefusals, 0);
    expect(missed).toBe(ringLostRefusalsTotal);

    const rules = DEFAULT_RULES.filter(({ kind }) => kind === 'evidenceLost');
    const { engine, turn, clock } = engineWith(clickhouseAlertStore(fixture.store), { rules });
    clock.us = Date.now() * 1000;
    await turn(0);
    expect(engine.alerts()).toMatchObject([
      { kind: 'evidenceLost', labels: { node: 'b' }, value: agent.metrics().ringLostTotal },
    ]);
    expect(engine.alerts()[0]?.remedy).toContain(`${ringLostRefusalsTotal} of them`);
  },
  TIMEOUT_MS,
);
