/** A store of its own with a corpus in it: raw legs and links as a collector inserts them, and the paths they make. */
import { NO_EVIDENCE } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { rollUpHour, rollUpMinutes } from '@hoptrace/store/rollups/rollUp.ts';
import { startTestStore, type TestStore } from '../../integration/embedded.ts';
import { Corpus, corpusContext } from './requests.ts';

const REQUESTS_PER_INSERT = 2000;
const HOUR_S = 3600;
/** So that the rivals' rows fit as well: all are written and read under the same bounds. */
export const BENCH_MEMORY = { serverBytes: 4_000_000_000, queryBytes: 2_000_000_000 };

export interface FilledStore extends TestStore {
  readonly requests: number;
  /** What was drawn for one request on average, in bytes. */
  readonly entropyBytes: number;
}

export interface FillOptions {
  readonly requests: number;
  readonly startUs: number;
  readonly meanGapUs: number;
  /** Every so many-th path is of a connection that was dropped; none unless given. */
  readonly refusedEvery?: number;
}

export async function startFilledStore(options: FillOptions): Promise<FilledStore> {
  const fixture = await startTestStore({ memory: BENCH_MEMORY });
  try {
    const entropyBytes = await fillStore(fixture.store, options);
    return { ...fixture, requests: options.requests, entropyBytes };
  } catch (error) {
    await fixture.stop();
    throw error;
  }
}

/** Answers what was drawn for one request on average, in bytes. */
export async function fillStore(store: Store, options: FillOptions): Promise<number> {
  const { requests, refusedEvery = Number.POSITIVE_INFINITY } = options;
  const corpus = new Corpus({ seed: 1, ...options });
  for (let made = 0; made < requests; made += REQUESTS_PER_INSERT) {
    const count = Math.min(REQUESTS_PER_INSERT, requests - made);
    await insertRequests(store, corpus, { count, refusedEvery });
  }
  return corpus.draws.bits / 8 / requests;
}

async function insertRequests(
  store: Store,
  corpus: Corpus,
  { count, refusedEvery }: { readonly count: number; readonly refusedEvery: number },
): Promise<void> {
  const requests = Array.from({ length: count }, () => corpus.next());
  const legs = requests.flatMap((request) => request.legs);
  const links = requests.flatMap((request) => request.links);
  const paths = requests.flatMap((request) =>
    reconstruct(
      { ...NO_EVIDENCE, legs: [...request.legs], proxyLinks: [...request.links] },
      corpusContext,
    ),
  );
  const token = legs[0]?.isnPairHash ?? '';
  await insertRecords(store, [...legs, ...links], `records ${token}`);
  const stored = paths.map((path, index) => (index % refusedEvery === 1 ? dropped(path) : path));
  await insertPaths(store, stored, `paths ${token}`);
}

/** The same client and service, but its SYN was dropped at the entry node. */
function dropped(path: Path): Path {
  const node = path.hops[0]?.to.node ?? null;
  return {
    ...path,
    outcome: 'dropped',
    ...{ hops: path.hops.slice(0, 1), crossings: 1, extraHops: 0 },
    refusal: {
      ...{ kind: 'dropped', node, evidence: 'kfreeSkb', reason: 'NETFILTER_DROP' },
      ...{ cause: 'noLocalEndpoints', synCount: 2, afterNs: 1_000_000 },
      text: `${node} has no ready endpoint of it, so the SYN was dropped in silence.`,
      remedy: 'Let the load balancer health-check the node port.',
    },
  };
}

/** Every minute and hour of the range. */
export async function rollUpAll(store: Store, fromUs: number, toUs: number): Promise<void> {
  for (let fromS = hourOf(fromUs); fromS * 1e6 < toUs; fromS += HOUR_S) {
    // Ten minutes at once: what a count holds in memory grows with its minutes.
    for (let at = fromS; at < fromS + HOUR_S; at += 600)
      await rollUpMinutes(store, { fromS: at, toS: at + 600 });
    await rollUpHour(store, fromS);
  }
}

const hourOf = (timeUs: number): number => Math.floor(timeUs / 3.6e9) * HOUR_S;

/** Bytes on disk and rows of a table, merged to one part a partition. */
export async function sizeOf(
  store: Store,
  table: string,
): Promise<{ bytes: number; rows: number }> {
  await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const [row] = await store.select({
    name: 'bench',
    sql: 'SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND database = currentDatabase() AND table = {table:String}',
    params: { table },
  });
  const { bytes, rows } = row as { bytes: string; rows: string };
  return { bytes: Number(bytes), rows: Number(rows) };
}

/** The columns of a table that take most, in bytes a row. */
export async function columnsOf(store: Store, table: string): Promise<Record<string, number>> {
  const rows = await store.select({
    name: 'bench',
    sql: `SELECT column, round(sum(column_data_compressed_bytes) / sum(rows), 2) AS bytes
          FROM system.parts_columns WHERE active AND database = currentDatabase() AND table = {table:String}
          GROUP BY column ORDER BY bytes DESC LIMIT 12`,
    params: { table },
  });
  return Object.fromEntries(
    (rows as { column: string; bytes: number }[]).map(({ column, bytes }) => [column, bytes]),
  );
}
