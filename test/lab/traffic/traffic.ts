/** Sends the scenarios' requests from the client's namespace and joins each with the servers' logs to its truth. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { inNamespace, run } from '../command.ts';
import { LabError } from '../errors.ts';
import { type LabNamespace, namespaceOf } from '../names.ts';
import { type LogMarks, markLogs, readLogs } from './access-logs.ts';
import { SCENARIOS, type Scenario, scenarioById } from './scenarios.ts';
import {
  type ClientReport,
  evidenceFor,
  type SentRequest,
  type TruthRequest,
  truthOf,
} from './truth.ts';

export interface TrafficOptions {
  /** Ids of scenarios; all of them if absent. */
  readonly scenarios?: readonly string[];
  /** Requests per scenario. Default 20. */
  readonly requests?: number;
  /** Requests in flight at once. Default 8. Requests that must be dropped have a lane of their own. */
  readonly concurrency?: number;
  /** How long the client waits, connect and answer together. Default 1500. */
  readonly timeoutMs?: number;
}

/** What traffic needs to know of a lab. */
export interface TrafficLab {
  readonly folder: string;
  readonly namespaces: readonly LabNamespace[];
  readonly delayUs: number;
}

const CLIENT_PROGRAM = fileURLToPath(new URL('client.mjs', import.meta.url));
/** Below the kernel's own range (32768 and up), so that nothing else in the namespace takes them. */
const CLIENT_PORTS = { first: 10_000, count: 20_000 } as const;
/** A dropped request only waits: many at once cost nothing, and 200 of them end after a few seconds. */
const DROPPED_CONCURRENCY = 100;
const LOG_TIMEOUT_MS = 5_000;
const LOG_POLL_MS = 20;

const reportSchema = z.object({
  id: z.string(),
  startedAtUs: z.int(),
  connectUs: z.int().nullable(),
  totalUs: z.int(),
  status: z.int().nullable(),
  errorCode: z.string().nullable(),
});

/**
 * Answers one truth per request, in the order of the scenarios. The client's outcome may differ from the expected
 * one (`result: 'error'`); that is reported, not thrown. Throws LabError for an unknown scenario, or if a served
 * request is missing in a server's log: truth must not be guessed.
 */
export async function runTraffic(
  lab: TrafficLab,
  options: TrafficOptions,
): Promise<TruthRequest[]> {
  const count = positive('requests', options.requests ?? 20);
  const concurrency = positive('concurrency', options.concurrency ?? 8);
  const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 1500);
  const scenarios = chosen(options.scenarios);
  const sent = plannedRequests(lab.folder, scenarios, count);
  const marks = markLogs(lab.folder);
  const isDropped = (request: SentRequest) => request.scenario.outcome === 'dropped';
  const reports = await Promise.all([
    runClient(
      lab,
      sent.filter((r) => !isDropped(r)),
      { concurrency, timeoutMs },
    ),
    runClient(lab, sent.filter(isDropped), { concurrency: DROPPED_CONCURRENCY, timeoutMs }),
  ]);
  return joinWithLogs(lab, { sent, reports: new Map(reports.flat().map((r) => [r.id, r])), marks });
}

function chosen(ids: readonly string[] | undefined): readonly Scenario[] {
  if (ids === undefined || ids.length === 0) return SCENARIOS;
  return ids.map((id) => {
    const scenario = scenarioById(id);
    if (scenario !== undefined) return scenario;
    throw new LabError(
      `there is no scenario "${id}"`,
      `Choose one of: ${SCENARIOS.map((s) => s.id).join(', ')}`,
    );
  });
}

/** Scenarios take turns, so that each meets the same conditions; the ids are unique over all runs. */
function plannedRequests(
  folder: string,
  scenarios: readonly Scenario[],
  count: number,
): SentRequest[] {
  const total = scenarios.length * count;
  if (total > CLIENT_PORTS.count) {
    throw new LabError(
      `${total} requests need more client ports than there are (${CLIENT_PORTS.count})`,
      'Send fewer requests, or call again for the rest.',
    );
  }
  const firstPort = reservePorts(folder, total);
  const run = randomBytes(4).toString('hex');
  return Array.from({ length: total }, (_, i) => {
    const scenario = scenarios[i % scenarios.length];
    if (scenario === undefined) throw new Error('no scenario chosen');
    const clientPort = CLIENT_PORTS.first + ((firstPort + i) % CLIENT_PORTS.count);
    return { id: `${run}-${i}`, scenario, clientPort };
  });
}

/** Offset of the first free port. Kept in the lab's folder: later commands go on where this one stops. */
function reservePorts(folder: string, count: number): number {
  const file = join(folder, 'next-client-port');
  let next = 0;
  try {
    next = Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
  } catch {
    // The first run of this lab.
  }
  writeFileSync(file, String((next + count) % CLIENT_PORTS.count));
  return next;
}

async function runClient(
  lab: TrafficLab,
  requests: readonly SentRequest[],
  options: { concurrency: number; timeoutMs: number },
): Promise<ClientReport[]> {
  if (requests.length === 0) return [];
  const input = JSON.stringify({
    ...options,
    requests: requests.map(({ id, scenario, clientPort }) => ({
      id,
      ...scenario.target,
      path: scenario.route,
      localPort: clientPort,
    })),
  });
  const { path } = namespaceOf(lab.namespaces, { role: 'client' });
  const rounds = Math.ceil(requests.length / options.concurrency);
  const out = await run('nsenter', inNamespace(path, process.execPath, CLIENT_PROGRAM), {
    input,
    timeoutMs: 10_000 + rounds * (options.timeoutMs + 500),
  });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => reportSchema.parse(JSON.parse(line)));
}

async function joinWithLogs(
  lab: TrafficLab,
  run: {
    sent: readonly SentRequest[];
    reports: ReadonlyMap<string, ClientReport>;
    marks: LogMarks;
  },
): Promise<TruthRequest[]> {
  const deadline = Date.now() + LOG_TIMEOUT_MS;
  for (;;) {
    const logs = readLogs(lab.folder, run.marks);
    const missing: string[] = [];
    const truths: TruthRequest[] = [];
    for (const request of run.sent) {
      const report = run.reports.get(request.id);
      const evidence = report === undefined ? 'client' : evidenceFor(request, report, logs);
      if (report === undefined || typeof evidence === 'string') {
        missing.push(`${request.id} (${evidence})`);
      } else truths.push(truthOf(request, report, { evidence, delayUs: lab.delayUs }));
    }
    if (missing.length === 0) return truths;
    if (Date.now() > deadline) {
      throw new LabError(
        `${missing.length} of ${run.sent.length} requests are missing in the servers' logs, for example ${missing[0]}`,
        `Look at the logs in ${join(lab.folder, 'logs')}.`,
      );
    }
    await sleep(LOG_POLL_MS);
  }
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new LabError(`${name} is ${value}`, `Give a whole number above 0 for ${name}.`);
}
