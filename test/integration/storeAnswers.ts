/** Rows of every kind, and what every query of the product answers about them: two stores with the same answers are equal. */
import { pathFilterSchema, refusalFilterSchema } from '@hoptrace/domain/rest/queries.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { exchangeRecords } from '@hoptrace/store/queries/exchangeRecords.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { legsOfConnections } from '@hoptrace/store/queries/legsOfConnections.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listRefusals } from '@hoptrace/store/queries/listRefusals.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { proxyHeaderRecords, proxyLinkRecords } from '@hoptrace/store/queries/proxyRecords.ts';
import { refusalFacts } from '@hoptrace/store/queries/refusalFacts.ts';
import { refusalRecords } from '@hoptrace/store/queries/refusalRecords.ts';
import { refusalWords } from '@hoptrace/store/queries/refusalWords.ts';
import { refusedSenders } from '@hoptrace/store/queries/refusedSenders.ts';
import {
  exchange,
  leg,
  proxyHeader,
  proxyLink,
  refusal,
  refusedPath,
  samplePath,
  T0_US,
} from './storeSamples.ts';

export const HOUR_US = 3_600_000_000;
export const CELLS = ['cell-0', 'cell-1', 'cell-2', 'cell-3', 'cell-4', 'cell-5'];
export const SECOND_OF_T0 = { fromUs: T0_US - 1_000_000, toUs: T0_US + 1_000_000 };
const window = SECOND_OF_T0;

/** Every kind of row, versions that replace and withdraw each other included, from six Kubernetes clusters. */
export async function fill(store: Store, other: Store = store): Promise<void> {
  for (const [index, cell] of CELLS.entries()) {
    const at = { startedAtUs: T0_US + index, cluster: cell };
    const paths = [1, 2, 3].map((tail) => samplePath({ ...at, tail, extraHops: tail - 1 }));
    await insertPaths(store, [...paths, refusedPath({ ...at, tail: 4 })], `paths-${cell}`);
    await insertPaths(
      other,
      [samplePath({ ...at, tail: 2, version: 2, class: 'C' })],
      `v2-${cell}`,
    );
    const gone = paths[2]?.pathId ?? '';
    await withdrawPaths(store, [{ pathId: gone, version: 2, cluster: cell }], `gone-${cell}`);
    const source = { cluster: cell, seq: 100 + index, startUs: T0_US + index };
    await insertRecords(
      store,
      [
        leg({ ...source, legId: index }),
        leg({ ...source, legId: index, seq: 200 + index, revision: 1, end: 'reset' }),
        refusal(source),
        proxyLink(source),
        proxyHeader(source),
        exchange(source),
      ],
      `records-${cell}`,
    );
    const losses = {
      ringEvents: index,
      badFrames: 0,
      evictedLegs: 0,
      unsentRecords: 0,
      ringRefusals: 0,
    };
    const beat = { cluster: cell, node: 'node-a', bootId: 'b', seenUs: T0_US, losses };
    await insertHeartbeat(other, { ...beat, addresses: [], facts: null });
  }
}

/** What every query of the product answers; lists page by page. */
export async function answersOf(store: Store): Promise<unknown> {
  const range = { from: String(T0_US), to: String(T0_US + HOUR_US) };
  const pages: string[][] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = { ...range, limit: '5', ...(cursor === '' ? {} : { cursor }) };
    const filter = pathFilterSchema.parse(page);
    const list: Awaited<ReturnType<typeof listPaths>> = await listPaths(store, filter, {
      nowUs: T0_US,
    });
    pages.push(list.items.map(({ pathId, version }) => `${pathId} ${version}`));
    cursor = list.nextCursor;
  }
  const filtered = pathFilterSchema.parse({ ...range, class: 'C', service: 'shop/web:http' });
  const hashes = ['fedcba9876543210', '1111111111111111'];
  const refused = CELLS.map(
    (cluster, index) => refusedPath({ startedAtUs: T0_US + index, cluster, tail: 4 }).pathId,
  );
  const recordsOf = { isnPairHashes: hashes };
  return {
    pages,
    filtered: (await listPaths(store, filtered, { nowUs: T0_US })).items,
    refusals: (await listRefusals(store, refusalFilterSchema.parse(range), { nowUs: T0_US })).items,
    path: await getPath(store, samplePath({ startedAtUs: T0_US + 3, tail: 2 }).pathId),
    withdrawn: await getPath(store, samplePath({ startedAtUs: T0_US + 3, tail: 3 }).pathId),
    counts: await countPaths(store, { window }),
    services: await listServices(store, { window }),
    agents: await listAgents(store, { sinceUs: T0_US }),
    legs: await legsOfConnections(store, recordsOf, { window }),
    facts: await refusalFacts(store, {}, { window, rows: 1000 }),
    senders: await refusedSenders(store, { window }),
    words: await refusalWords(store, refused),
    refused: await refusalRecords(store, ['0000000000000abc'], { window }),
    links: await proxyLinkRecords(store, hashes, { window }),
    headers: await proxyHeaderRecords(store, hashes, { window }),
    exchanges: await exchangeRecords(store, hashes, { window }),
  };
}
