/** Makes the attempts, each from a client port of its own, beside connections that are served. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { buildLoad } from '../../../bench/agent/build.ts';
import { inNamespace, run } from '../../command.ts';
import { LabError } from '../../errors.ts';
import type { Lab } from '../../lab.ts';
import { namespaceOf } from '../../names.ts';
import { nodeNamed, serviceNamed } from '../../plan.ts';
import { ATTEMPT_KINDS, type AttemptKind, QUICK_MS } from './kinds.ts';

export interface Attempt {
  readonly kind: AttemptKind;
  readonly clientPort: number;
  readonly startedAtUs: number;
  /** When the client was told, or gave up. */
  readonly endedAtUs: number;
  readonly isConnected: boolean;
  readonly errorCode: string | null;
}

export interface GoodLoad {
  readonly perSecond: number;
  readonly served: number;
  readonly failed: number;
}

const CLIENT_PROGRAM = fileURLToPath(new URL('../../traffic/client.mjs', import.meta.url));
/** Between those of the lab's own traffic (10,000 and up) and those that the kernel gives (32,768 and up). */
const FIRST_PORT = 15_000;
const MAX_ATTEMPTS = 15_000;
/** A little more than what is asked for: the rate is counted over the whole time, start and end included. */
const GOOD_PER_SECOND = 1_050;
const GOOD_IN_FLIGHT = 512;
/** Of one kind at once: a dropped attempt only waits. */
const ROUND = 60;
const QUICK_CONCURRENCY = 24;
const LEAD_SECONDS = 1;

const reportSchema = z.object({
  id: z.string(),
  startedAtUs: z.int(),
  connectUs: z.int().nullable(),
  totalUs: z.int(),
  errorCode: z.string().nullable(),
});
const loadSchema = z.object({ seconds: z.number(), served: z.int(), failed: z.int() });

/** `perKind` attempts of every kind, in rounds, while the good connections go on. */
export async function makeAttempts(
  lab: Lab,
  perKind: number,
): Promise<{ attempts: Attempt[]; good: GoodLoad }> {
  if (perKind * ATTEMPT_KINDS.length > MAX_ATTEMPTS) {
    throw new LabError(
      `${perKind} attempts of each of ${ATTEMPT_KINDS.length} kinds need more client ports than there are (${MAX_ATTEMPTS})`,
      'Ask for fewer requests.',
    );
  }
  await forgetEndedConnections(lab);
  const rounds = Math.ceil(perKind / ROUND);
  const longestMs = Math.max(...ATTEMPT_KINDS.map(({ timeoutMs }) => timeoutMs));
  const good = goodLoad(lab, LEAD_SECONDS + rounds * (longestMs / 1000 + 0.5));
  const attempts: Attempt[] = [];
  let nextPort = FIRST_PORT;
  for (let round = 0; round < rounds; round++) {
    const count = Math.min(ROUND, perKind - round * ROUND);
    const planned = Array.from({ length: count }, () => ATTEMPT_KINDS)
      .flat()
      .map((kind) => ({ kind, clientPort: nextPort++ }));
    attempts.push(...(await runRound(lab, planned)));
  }
  return { attempts, good: await good };
}

type Planned = Pick<Attempt, 'kind' | 'clientPort'>;

/** Those that wait have a lane each; the others share a few. */
async function runRound(lab: Lab, planned: readonly Planned[]): Promise<Attempt[]> {
  const timeouts = [...new Set(planned.map(({ kind }) => kind.timeoutMs))];
  const lanes = timeouts.map((timeoutMs) => {
    const mine = planned.filter(({ kind }) => kind.timeoutMs === timeoutMs);
    const concurrency = timeoutMs === QUICK_MS ? QUICK_CONCURRENCY : mine.length;
    return runClient(lab, mine, { timeoutMs, concurrency });
  });
  return (await Promise.all(lanes)).flat();
}

async function runClient(
  lab: Lab,
  planned: readonly Planned[],
  options: { timeoutMs: number; concurrency: number },
): Promise<Attempt[]> {
  const requests = planned.map(({ kind, clientPort }) => ({
    id: String(clientPort),
    ...kind.target,
    path: '/',
    localPort: clientPort,
  }));
  const { path } = namespaceOf(lab.namespaces, { role: 'client' });
  const out = await run('nsenter', inNamespace(path, process.execPath, CLIENT_PROGRAM), {
    input: JSON.stringify({ ...options, requests }),
    timeoutMs: 60_000,
  });
  const byPort = new Map(planned.map((each) => [String(each.clientPort), each]));
  return out.split('\n').flatMap((line): Attempt[] => {
    if (line === '') return [];
    const { id, startedAtUs, connectUs, totalUs, errorCode } = reportSchema.parse(JSON.parse(line));
    const plan = byPort.get(id);
    if (plan === undefined) return [];
    const isConnected = connectUs !== null;
    return [{ ...plan, startedAtUs, endedAtUs: startedAtUs + totalUs, isConnected, errorCode }];
  });
}

/** Client → NodePort on node1 → app Pod on node2, a new connection for each request, open loop. */
async function goodLoad(lab: Lab, seconds: number): Promise<GoodLoad> {
  const program = await buildLoad();
  const { path } = namespaceOf(lab.namespaces, { role: 'client' });
  const { nodePort } = serviceNamed('app-node2');
  const words = ['requests', nodeNamed('node1').ip, nodePort, '/good', seconds.toFixed(1)];
  const args = [...words, GOOD_IN_FLIGHT, GOOD_PER_SECOND].map(String);
  const out = await run('nsenter', inNamespace(path, program, ...args), {
    timeoutMs: seconds * 1000 + 20_000,
  });
  const result = loadSchema.parse(JSON.parse(out));
  return {
    perSecond: result.served / result.seconds,
    served: result.served,
    failed: result.failed,
  };
}

/** Kept as long as usual they fill port ranges within seconds, and new connections wait for a repeated SYN. */
async function forgetEndedConnections(lab: Lab): Promise<void> {
  for (const { path, role } of lab.namespaces) {
    const settings = ['net.ipv4.tcp_max_tw_buckets=0'];
    if (role === 'node') settings.push('net.netfilter.nf_conntrack_tcp_timeout_time_wait=1');
    await run('nsenter', inNamespace(path, 'sysctl', '-qw', ...settings));
  }
}
