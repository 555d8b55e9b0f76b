/**
 * The suite `balancer`: a load balancer with real health checks goes on sending to a node whose endpoint left. Who,
 * where, for how long and how many clients is set against haproxy's own log; what nobody hears must be unknown.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { alertListSchema } from '@hoptrace/domain/rest/alerts.ts';
import { type Incident, incidentListSchema } from '@hoptrace/domain/rest/incidents.ts';
import {
  type HealthStretch,
  type LoadBalancerItem,
  loadBalancerListSchema,
} from '@hoptrace/domain/rest/loadBalancers.ts';
import type { z } from 'zod';
import { type Stack, startStack } from '../../check/stack.ts';
import { type Lab, openLab } from '../../lab.ts';
import { logFileOf } from '../../processes.ts';
import { DEFAULT_SUITE_REQUESTS, type Suite, type SuiteOptions, type SuiteRow } from '../suite.ts';
import {
  HEALTH_PORT,
  LEAVING,
  PACKET_CLIENTS,
  removeEndpoint,
  SERVICE,
  STAYING,
  startBalancer,
  startClients,
  startHealthServers,
  startPackets,
  topologyWithout,
} from './set.ts';

export const BALANCER: Suite = {
  name: 'balancer',
  text: 'a load balancer that goes on sending to a node whose endpoint left: one sentence, right in its numbers',
  run: runBalancer,
};

const TIMEOUT_MS = 90_000;
const POLL_MS = 500;
const QUIET_MS = 6_000;
/** After the balancer took the node out at the latest: nothing more comes. */
const SETTLED_MS = 5_000;
/** The topology is a file, read every 2 s. */
const FILE_US = 4_000_000;
/** Agents probe every 2 s, with a second for the answer. */
const PROBE_US = 4_000_000;

interface Session {
  readonly client: string;
  readonly atUs: number;
}

async function runBalancer({ requests, backends, onRow }: SuiteOptions): Promise<SuiteRow[]> {
  const rows: SuiteRow[] = [];
  // In its short form under one kind of rules: what differs between them is the suite `refusals`' matter.
  const isShort = requests < DEFAULT_SUITE_REQUESTS;
  for (const backend of isShort ? backends.slice(-1) : backends) {
    const lab = await openLab({ backend, delayMs: 0 });
    try {
      const told = { ...lab, topology: topologyWithout(lab, null) };
      const stack = await startStack(told, { recordFolder: null, watchBalancer: true });
      try {
        for (const row of await measure(lab, stack)) {
          onRow(row);
          rows.push(row);
        }
      } finally {
        await stack.close();
      }
    } finally {
      await lab.down();
    }
  }
  return rows;
}

async function measure(lab: Lab, stack: Stack): Promise<SuiteRow[]> {
  const servers = await startHealthServers(lab);
  await startBalancer(lab);
  await startPackets(lab);
  const stop = await startClients(lab);
  const before = await until(
    () => balancer(stack),
    (item) => stateOf(item, STAYING) === 'healthy',
  );
  await sleep(QUIET_MS);
  const early = await firing(stack);
  const left = await removeEndpoint(lab);
  stack.tellTopology(topologyWithout(lab, LEAVING));
  const sessions = await settledSessions(lab, left.atUs);
  stop();
  await sleep(SETTLED_MS);
  const packets = lostPackets(lab, left.atUs);
  const truth = [...sessions, ...packets];
  const incident = await until(
    () => incidentOf(stack),
    (found) => found?.sending?.attempts === truth.length,
  );
  const fired = await until(
    () => firing(stack),
    (alerts) => alerts.length > 0,
  );
  const after = await balancer(stack);
  const staying = servers.get(STAYING);
  if (staying !== undefined) process.kill(staying.pid, 'SIGKILL');
  const silent = await until(
    () => balancer(stack),
    (item) => stateOf(item, STAYING) === 'unknown',
  );
  return rowsOf(lab.backend, {
    before,
    early,
    left,
    truth,
    packets,
    incident,
    fired,
    after,
    silent,
  });
}

interface Seen {
  readonly before: LoadBalancerItem | null;
  readonly early: readonly string[];
  readonly left: { readonly atUs: number };
  readonly truth: readonly Session[];
  /** Those of them whose client is seen. */
  readonly packets: readonly Session[];
  readonly incident: Incident | null;
  readonly fired: readonly string[];
  readonly after: LoadBalancerItem | null;
  readonly silent: LoadBalancerItem | null;
}

function rowsOf(backend: string, seen: Seen): SuiteRow[] {
  const { before, early, left, truth, packets, incident, fired, after, silent } = seen;
  const sending = incident?.sending ?? null;
  const clients = new Set(packets.map(({ client }) => client)).size;
  const lastUs = Math.max(...truth.map(({ atUs }) => atUs));
  const name = (text: string) => `balancer ${backend}: ${text}`;
  const is = (text: string, isTrue: boolean, more: object = {}): SuiteRow => ({
    ...{ name: name(text), value: Number(isTrue), goal: 1, unit: 'of 1', met: isTrue },
    ...more,
  });
  const number = (text: string, value: number, goal: number, unit: string): SuiteRow => ({
    ...{ name: name(text), value, goal, unit, met: value === goal },
  });
  const failingLateUs = (sending?.failingFromUs ?? Number.POSITIVE_INFINITY) - left.atUs;
  const durationErrorUs = Math.abs((sending?.durationUs ?? 0) - (lastUs - left.atUs));
  return [
    is('its nodes are healthy before', ['healthy', 'healthy'].join() === nodesText(before), {
      seen: nodesText(before),
    }),
    number('alerts before', early.length, 0, 'alerts'),
    is('something was sent in vain', truth.length > 0),
    number(
      'attempts, as haproxy and clients count them',
      sending?.attempts ?? 0,
      truth.length,
      'attempts',
    ),
    number('clients whose packets were rewritten', sending?.clients ?? 0, clients, 'clients'),
    number(
      'attempts behind a TCP proxy, whose clients are not guessed',
      sending?.attemptsWithoutClient ?? 0,
      truth.length - packets.length,
      'attempts',
    ),
    is('the node is named', sending?.node === LEAVING, { text: sending?.text ?? '' }),
    is('sent by the load balancer', sending?.isByLoadBalancer === true),
    is('its check failed meanwhile', sending?.verdict === 'checkFailed'),
    is('how long, within what the topology file allows', durationErrorUs <= FILE_US, {
      truthS: (lastUs - left.atUs) / 1e6,
      saidS: (sending?.durationUs ?? 0) / 1e6,
    }),
    {
      ...is(
        'the failed check was heard',
        failingLateUs > -PROBE_US && failingLateUs < 2 * PROBE_US,
      ),
      isTimed: true,
      afterMs: Math.round(failingLateUs / 1000),
    } as SuiteRow,
    is('the alert fires', fired.length > 0, { alert: fired[0] ?? '' }),
    is('one node fails and one is well after', nodesText(after) === 'unhealthy,healthy', {
      seen: nodesText(after),
    }),
    is('silence is unknown', stateOf(silent, STAYING) === 'unknown', {
      seen: stateOf(silent, STAYING),
    }),
  ];
}

const nodeOf = (item: LoadBalancerItem | null, node: string) =>
  item?.nodes.find((each) => each.node === node);
const stateOf = (
  item: LoadBalancerItem | null,
  node: string,
): HealthStretch['observed'] | undefined => nodeOf(item, node)?.now?.observed;
const nodesText = (item: LoadBalancerItem | null) =>
  [LEAVING, STAYING].map((node) => stateOf(item, node)).join();

async function ask<S extends z.ZodType>(
  stack: Stack,
  path: string,
  schema: S,
): Promise<z.output<S>> {
  const url = new URL(path, stack.apiUrl);
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return schema.parse(await response.json());
}

async function balancer(stack: Stack): Promise<LoadBalancerItem | null> {
  const { items } = await ask(stack, '/api/v1/load-balancers', loadBalancerListSchema);
  return (
    items.find((item) => item.service === SERVICE && item.healthCheckNodePort === HEALTH_PORT) ??
    null
  );
}

async function incidentOf(stack: Stack): Promise<Incident | null> {
  const path = '/api/v1/incidents?cause=noLocalEndpoints';
  const { items } = await ask(stack, path, incidentListSchema);
  return items.find(({ service, node }) => service?.name === SERVICE && node === LEAVING) ?? null;
}

/** Texts of those that this suite is about. */
async function firing(stack: Stack): Promise<string[]> {
  const { items } = await ask(stack, '/api/v1/alerts?state=firing', alertListSchema);
  return items.flatMap(({ ruleId, text }) => (ruleId === 'lb-unhealthy-node' ? [text] : []));
}

/** Sessions that haproxy gave to the node after its endpoint left, once no new one comes. */
async function settledSessions(lab: Lab, leftUs: number): Promise<Session[]> {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  let sessions = lostSessions(lab, leftUs);
  let changedMs = Date.now();
  while (
    Date.now() < deadlineMs &&
    (sessions.length === 0 || Date.now() - changedMs < SETTLED_MS)
  ) {
    await sleep(POLL_MS);
    const now = lostSessions(lab, leftUs);
    if (now.length !== sessions.length) changedMs = Date.now();
    sessions = now;
  }
  return sessions;
}

/** Of the form `session 203.0.113.21 node1 1790000000.123 sC`: sC, no connection to the server. */
function lostSessions(lab: Lab, leftUs: number): Session[] {
  const log = readFileSync(logFileOf(lab.folder, 'haproxy-checked'), 'utf8');
  return log.split('\n').flatMap((line) => {
    const [, client = '', server, seconds, end] =
      /^session (\S+) (\S+) (\d+\.\d+) (\S+)$/.exec(line) ?? [];
    const atUs = Number(seconds) * 1e6;
    return server === LEAVING && end?.includes('C') && atUs > leftUs - 1_000_000
      ? [{ client, atUs }]
      : [];
  });
}

/** Of the form `lost 203.0.113.21 1790000000123`. */
function lostPackets(lab: Lab, leftUs: number): Session[] {
  const log = readFileSync(logFileOf(lab.folder, PACKET_CLIENTS), 'utf8');
  return [...log.matchAll(/^lost (\S+) (\d+)$/gm)].flatMap(([, client = '', ms]) => {
    const atUs = Number(ms) * 1000;
    return atUs > leftUs - 1_000_000 ? [{ client, atUs }] : [];
  });
}

/** What is asked for, as soon as it is as wanted; else as it was at the end of the time. */
async function until<T>(askFor: () => Promise<T>, isWanted: (seen: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  for (;;) {
    const seen = await askFor();
    if (isWanted(seen) || Date.now() > deadlineMs) return seen;
    await sleep(POLL_MS);
  }
}
