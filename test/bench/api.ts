/**
 * The API under a crowd: so many paths of one day in the store, 100 clients that ask it over HTTP, and agents whose
 * records come in meanwhile. API, collector, ClickHouse (with the memory of `npm start`), generator and clients are
 * processes of one machine. Ingestion runs once alone and once beside the clients.
 */
import { once } from 'node:events';
import { z } from 'zod';
import { type Rig, startRig, until } from '../faults/rig.ts';
import { freePort } from '../integration/embedded.ts';
import { type LoadPlan, type LoadResult, loadResultSchema, OPERATIONS } from './apiOperations.ts';
import { BENCH_MEMORY, fillStore, rollUpAll } from './corpus/fill.ts';
import { copyDay, DAY_US, forgetLegs } from './corpus/multiply.ts';
import { atMostRow, type Bench, infoRow } from './rows.ts';

/** Made by the engine's own reconstruction; the others are copies of them at other times. */
const ORIGINALS = 20_000;
const REFUSED_EVERY = 100;
const CLIENTS = 100;
/** Each client asks as often: somebody who looks, reads, and looks again. */
const PAUSE_MS = 2000;
const START_MS = 60_000;
const HEAD_MS = 3000;

export interface ApiBenchOptions {
  readonly paths: number;
  readonly seconds: number;
  /** Requests a second that the agents of the bench report meanwhile. */
  readonly requestsPerSecond: number;
}

export async function benchApi(options: ApiBenchOptions): Promise<Bench> {
  const rig = await startRig({ firstMemory: BENCH_MEMORY });
  try {
    const startUs = (Date.now() - 60_000) * 1000 - DAY_US;
    const beganMs = Date.now();
    await fill(rig, options.paths, startUs);
    const fillSeconds = Math.round((Date.now() - beganMs) / 1000);
    process.stderr.write(`bench: filled in ${fillSeconds} s\n`);
    const url = await startApi(rig);
    const ids = await idsOf(rig);
    const plan = { url, clients: CLIENTS, startUs, endUs: startUs + DAY_US, ids };
    await runClients(rig, { ...plan, seconds: 5, pauseMs: PAUSE_MS });
    const alone = await runIngest(rig, options, async () => null);
    process.stderr.write('bench: ingestion alone is measured\n');
    const beside = await runIngest(rig, options, () =>
      runClients(rig, { ...plan, seconds: options.seconds, pauseMs: PAUSE_MS }),
    );
    process.stderr.write('bench: ingestion beside clients is measured\n');
    const busy = await runClients(rig, { ...plan, seconds: options.seconds, pauseMs: 0 });
    return {
      rows: rowsOf({ looking: beside.answer, busy, alone: alone.end, beside: beside.end }),
      details: {
        ...options,
        fillSeconds,
        clients: CLIENTS,
        pauseMs: PAUSE_MS,
        ...detailsOf(beside.answer, busy),
      },
    };
  } finally {
    await rig.close();
  }
}

async function fill(rig: Rig, paths: number, startUs: number): Promise<void> {
  const { store } = rig;
  const requests = Math.min(paths, ORIGINALS);
  const copies = Math.max(1, Math.round(paths / requests));
  const spanUs = Math.round(DAY_US / copies);
  const meanGapUs = spanUs / requests;
  await fillStore(store, { requests, startUs, meanGapUs, refusedEvery: REFUSED_EVERY });
  await forgetLegs(store);
  await copyDay(store, { copies, spanUs, withSpans: false });
  await rollUpAll(store, startUs, startUs + DAY_US + spanUs);
  await rig.clickhouse.kill();
  await rig.clickhouse.start();
}

async function startApi(rig: Rig): Promise<string> {
  const port = await freePort();
  const child = rig.child(['api/src/main.ts'], {
    ...rig.environment,
    HOPTRACE_API_PORT: String(port),
    HOPTRACE_API_REQUESTS_PER_MINUTE: '10000000',
    HOPTRACE_API_LOG_LEVEL: 'fatal',
  });
  child.stdout?.resume();
  const url = `http://127.0.0.1:${port}`;
  const isUp = await until(async () => {
    if (child.exitCode !== null) throw new Error(`the API ended: ${child.exitCode}`);
    return (await fetch(`${url}/healthz`).catch(() => null))?.ok === true;
  }, START_MS);
  if (!isUp) throw new Error('the API does not answer');
  return url;
}

async function idsOf({ store }: Rig): Promise<{ pathId: string; client: string }[]> {
  const sql = `SELECT path_id AS pathId, replaceOne(toString(client_ip), '::ffff:', '') AS client
    FROM paths_v1 WHERE client_ip IS NOT NULL ORDER BY cityHash64(path_id) LIMIT 500`;
  const schema = z.array(z.object({ pathId: z.string(), client: z.string() }));
  return schema.parse(await store.select({ name: 'bench', sql, params: {} }));
}

async function textOf(child: ReturnType<Rig['child']>): Promise<string> {
  let text = '';
  child.stdout?.on('data', (data) => {
    text += String(data);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`a process of the bench ended with ${code}`);
  return text;
}

async function runClients(rig: Rig, plan: LoadPlan): Promise<LoadResult> {
  const child = rig.child(['test/bench/apiLoad.ts', JSON.stringify(plan)], {});
  return loadResultSchema.parse(JSON.parse(await textOf(child)));
}

const endSchema = z.object({
  ...{ sent: z.number(), stored: z.number(), legs: z.number() },
  ...{ sendSeconds: z.number(), lagP99Ms: z.number().nullable() },
});
type End = z.infer<typeof endSchema>;

/** Ingestion for so long, and what `meanwhile` answers; that begins a little later and ends before. */
async function runIngest<T>(
  rig: Rig,
  { requestsPerSecond, seconds }: ApiBenchOptions,
  meanwhile: () => Promise<T>,
): Promise<{ end: End; answer: T }> {
  const length = seconds + (2 * HEAD_MS) / 1000;
  const args = [rig.collectorUrl, String(requestsPerSecond), String(length)];
  const done = textOf(rig.child(['test/bench/soakLoad.ts', ...args], {}));
  await new Promise((resolve) => setTimeout(resolve, HEAD_MS));
  const answer = await meanwhile();
  const last = (await done).trim().split('\n').at(-1) ?? '';
  return { end: endSchema.parse(JSON.parse(last)), answer };
}

interface Measured {
  readonly looking: LoadResult | null;
  readonly busy: LoadResult;
  readonly alone: End;
  readonly beside: End;
}

function rowsOf({ looking, busy, alone, beside }: Measured): Bench['rows'] {
  if (looking === null) throw new Error('nobody asked');
  const rows = OPERATIONS.flatMap(({ name }) => {
    const one = looking.operations[name];
    return one === undefined ? [] : [atMostRow(`${name}, p95`, one.p95, 200, 'ms')];
  });
  return [
    atMostRow('all operations, 100 clients, p95', looking.all.p95, 200, 'ms'),
    ...rows,
    infoRow('answers a second', looking.all.count / looking.seconds, '/s'),
    atMostRow('answers other than 200', looking.failed, 0, ''),
    atMostRow('100 clients that never pause, p95', busy.all.p95, 200, 'ms'),
    infoRow('100 clients that never pause, answers a second', busy.all.count / busy.seconds, '/s'),
    atMostRow('100 clients that never pause, answers other than 200', busy.failed, 0, ''),
    infoRow('sent to stored without clients, p99', (alone.lagP99Ms ?? 0) / 1000, 's'),
    atMostRow('sent to stored beside 100 clients, p99', (beside.lagP99Ms ?? 60_000) / 1000, 5, 's'),
    atMostRow('records lost beside 100 clients', beside.sent - beside.stored, 0, ''),
  ];
}

function detailsOf(looking: LoadResult | null, busy: LoadResult) {
  const short = (result: LoadResult | null) =>
    Object.fromEntries(
      Object.entries(result?.operations ?? {}).map(([name, { count, p50, p95, p99 }]) => [
        name,
        [count, ...[p50, p95, p99].map((ms) => Number(ms.toFixed(1)))],
      ]),
    );
  return {
    countP50P95P99Ms: short(looking),
    neverPausing: short(busy),
    statuses: { looking: looking?.statuses ?? {}, neverPausing: busy.statuses },
  };
}
