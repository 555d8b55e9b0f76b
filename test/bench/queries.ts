/**
 * How long questions take with so many paths of one day in the store: ours as the product asks them, and beside them the
 * same questions to the OTel exporter's schema, on one engine in one run. Warm caches; the questions vary.
 */
import type { Store } from '@hoptrace/store/client.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { serviceHops, servicePoints } from '@hoptrace/store/queries/serviceStats.ts';
import { rollUpAll, startFilledStore } from './corpus/fill.ts';
import { copyDay, DAY_US, forgetLegs } from './corpus/multiply.ts';
import { FILL_OTEL, OTEL_DDL } from './corpus/rivals.ts';
import { atLeastRow, atMostRow, type Bench, infoRow } from './rows.ts';

/** Made by the engine's own reconstruction; the others are copies of them at other times. */
const ORIGINALS = 20_000;
const ROUNDS = 40;
const HOUR_US = 3_600_000_000;
const SLOW_ROUNDS = 12;

interface Sample {
  readonly path_id: string;
  readonly us: string;
  readonly client: string;
  readonly trace: string;
}

export async function benchQueries(paths: number): Promise<Bench> {
  const copies = Math.max(1, Math.round(paths / ORIGINALS));
  const spanUs = DAY_US / copies;
  const startUs = Math.floor(Date.now() / 86_400_000) * 86_400_000_000 - DAY_US;
  const filled = await startFilledStore({
    ...{ requests: ORIGINALS, startUs, meanGapUs: spanUs / ORIGINALS },
  });
  try {
    const { store } = filled;
    for (const ddl of OTEL_DDL) await store.command(ddl);
    await store.command(FILL_OTEL);
    await forgetLegs(store);
    await copyDay(store, { copies, spanUs: Math.round(spanUs) });
    await rollUpAll(store, startUs, startUs + DAY_US + spanUs);
    return await measureAll(store, startUs);
  } finally {
    await filled.stop();
  }
}

async function measureAll(store: Store, startUs: number): Promise<Bench> {
  const samples = await samplesOf(store);
  const at = (round: number): Sample => samples[round % samples.length] as Sample;
  const hourAt = (round: number) => startUs + (1 + (round % 22)) * HOUR_US;
  const serviceOf = (round: number) => `web-${round % 20}`;
  const dashboard = (round: number) => ({
    fromS: hourAt(round) / 1e6,
    toS: (hourAt(round) + HOUR_US) / 1e6,
    ...{ stepS: 60, serviceNamespace: 'default', serviceName: serviceOf(round) },
  });
  const times = {
    id: await timesOf(ROUNDS, (round) => getPath(store, at(round).path_id)),
    list: await timesOf(ROUNDS, (round) =>
      listPaths(
        store,
        { service: `default/${serviceOf(round)}`, to: hourAt(round), limit: 100 },
        { nowUs: hourAt(round) },
      ),
    ),
    client: await timesOf(ROUNDS, (round) =>
      listPaths(
        store,
        { client: at(round).client, from: startUs, to: startUs + DAY_US, limit: 100 },
        { nowUs: startUs + DAY_US },
      ),
    ),
    dashboard: await timesOf(ROUNDS, (round) =>
      Promise.all([servicePoints(store, dashboard(round)), serviceHops(store, dashboard(round))]),
    ),
    hops: await timesOf(ROUNDS, (round) => serviceHops(store, dashboard(round))),
    rawHops: await timesOf(SLOW_ROUNDS, (round) => rawHops(store, dashboard(round))),
    otelId: await timesOf(SLOW_ROUNDS, (round) => otelTrace(store, at(round))),
    otelHops: await timesOf(SLOW_ROUNDS, (round) => otelHops(store, dashboard(round))),
  };
  return { rows: rowsOf(times), details: await detailsOf(store, times) };
}

interface Times {
  readonly p50: number;
  readonly p95: number;
}

function rowsOf(times: Readonly<Record<string, Times>>): Bench['rows'] {
  const of = (name: string) => times[name] ?? { p50: 0, p95: 0 };
  return [
    atMostRow('path by id, p95', of('id').p95, 30, 'ms'),
    atMostRow('list of a service, 15 min, p95', of('list').p95, 50, 'ms'),
    atMostRow('paths of a client over 24 h, p95', of('client').p95, 250, 'ms'),
    atMostRow('one-hour dashboard of a service from roll-ups, p95', of('dashboard').p95, 25, 'ms'),
    infoRow('hop percentiles of an hour from roll-ups, p50', of('hops').p50, 'ms'),
    infoRow('hop percentiles of an hour from paths, p50', of('rawHops').p50, 'ms'),
    infoRow('OTel: trace by id, p50', of('otelId').p50, 'ms'),
    infoRow('OTel: hop percentiles of an hour, p50', of('otelHops').p50, 'ms'),
    atLeastRow('path by id, OTel over ours, p50', of('otelId').p50 / of('id').p50, 3, '×'),
    atLeastRow(
      'hop percentiles, OTel over ours, p50',
      of('otelHops').p50 / of('hops').p50,
      15,
      '×',
    ),
  ];
}

/** Answers milliseconds; the first quarter of the rounds once more before, so that caches are warm. */
async function timesOf(rounds: number, ask: (round: number) => Promise<unknown>): Promise<Times> {
  for (let round = 0; round < rounds / 4; round++) await ask(round);
  const all: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await ask(round);
    all.push(performance.now() - startMs);
  }
  all.sort((a, b) => a - b);
  const at = (share: number) => all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

/** As the exporter's documentation asks: the time of the trace by the view, then its spans. */
function otelTrace(store: Store, { trace }: Sample): Promise<unknown> {
  const sql = `WITH
      (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {trace:String}) AS start,
      (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = {trace:String}) AS end
    SELECT * FROM otel_traces WHERE TraceId = {trace:String} AND Timestamp >= start AND Timestamp <= end`;
  return some(store, sql, { trace });
}

interface Hour {
  readonly fromS: number;
  readonly toS: number;
  readonly serviceName: string;
}

function otelHops(store: Store, { fromS, toS, serviceName }: Hour): Promise<unknown> {
  const sql = `SELECT toStartOfMinute(Timestamp) AS minute, SpanName, count(),
      quantiles(0.5, 0.95, 0.99)(toUInt64OrZero(SpanAttributes['hop.rtt.ns']))
    FROM otel_traces
    WHERE ServiceName = {serviceName:String} AND Timestamp >= toDateTime({fromS:UInt32}) AND Timestamp < toDateTime({toS:UInt32})
    GROUP BY minute, SpanName ORDER BY minute, SpanName`;
  return some(store, sql, { fromS, toS, serviceName });
}

function rawHops(store: Store, { fromS, toS, serviceName }: Hour): Promise<unknown> {
  const sql = `SELECT intDiv(started_at_us, 60000000) AS minute, hop_index, count(), quantiles(0.5, 0.95, 0.99)(rtt_ns)
    FROM paths_v1 FINAL ARRAY JOIN arrayEnumerate(hop_rtt_ns) AS hop_index, hop_rtt_ns AS rtt_ns
    WHERE started_at_us >= {fromS:UInt64} * 1000000 AND started_at_us < {toS:UInt64} * 1000000 AND service_name = {serviceName:String}
    GROUP BY minute, hop_index ORDER BY minute, hop_index
    SETTINGS do_not_merge_across_partitions_select_final = 1`;
  return some(store, sql, { fromS, toS, serviceName });
}

async function some(store: Store, sql: string, params: object): Promise<unknown[]> {
  const rows = await store.select({ name: 'bench', sql, params });
  if (rows.length === 0) throw new Error(`nothing was found: ${sql}`);
  return rows;
}

async function samplesOf(store: Store): Promise<Sample[]> {
  const [paths, traces] = [
    `SELECT path_id, toString(started_at_us) AS us, replaceOne(toString(client_ip), '::ffff:', '') AS client
     FROM paths_v1 WHERE cityHash64(path_id) % {every:UInt32} = 0 LIMIT 60`,
    `SELECT TraceId AS trace FROM otel_traces_trace_id_ts WHERE cityHash64(TraceId) % {every:UInt32} = 0 LIMIT 60`,
  ];
  const every = Math.max(1, Math.floor((await countOf(store, 'paths_v1')) / 100));
  const found = await some(store, paths, { every });
  const also = await some(store, traces, { every });
  return found
    .slice(0, also.length)
    .map((row, index) => ({ ...(row as Sample), ...(also[index] as { trace: string }) }));
}

async function countOf(store: Store, table: string): Promise<number> {
  const [row] = await some(store, `SELECT count() AS n FROM ${table}`, {});
  return Number((row as { n: string }).n);
}

async function detailsOf(store: Store, times: Readonly<Record<string, Times>>) {
  const ms = ({ p50, p95 }: Times) => [Number(p50.toFixed(1)), Number(p95.toFixed(1))];
  return {
    paths: await countOf(store, 'paths_v1'),
    otelSpans: await countOf(store, 'otel_traces'),
    p50p95Ms: Object.fromEntries(Object.entries(times).map(([name, time]) => [name, ms(time)])),
  };
}
