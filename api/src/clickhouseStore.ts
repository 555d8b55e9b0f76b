/** The PathStore that answers from ClickHouse through the queries of store/. */

import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { readPathTimeUs } from '@hoptrace/store/pathKey.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { hopEdges } from '@hoptrace/store/queries/hopEdges.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { listAudit } from '@hoptrace/store/queries/listAudit.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listRefusals } from '@hoptrace/store/queries/listRefusals.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { incompletePaths, lossesByTime, silences } from '@hoptrace/store/queries/missing.ts';
import { pathsByIds } from '@hoptrace/store/queries/pathsByIds.ts';
import { pathVersions } from '@hoptrace/store/queries/pathVersions.ts';
import { proxyObjects } from '@hoptrace/store/queries/proxyObjects.ts';
import { refusalFacts } from '@hoptrace/store/queries/refusalFacts.ts';
import { refusalWords } from '@hoptrace/store/queries/refusalWords.ts';
import { refusedSenders } from '@hoptrace/store/queries/refusedSenders.ts';
import { serviceHistory } from '@hoptrace/store/queries/serviceHistory.ts';
import { serviceHops, servicePoints } from '@hoptrace/store/queries/serviceStats.ts';
import { countedUntilUs, serviceTotals } from '@hoptrace/store/queries/serviceTotals.ts';
import { AppError } from './errors.ts';
import { Histories } from './health/histories.ts';
import { ProxyBook } from './health/proxyBook.ts';
import { badCursor } from './parameters.ts';
import type { MissingQuery, PathStore, ServiceQuery, StoreCall, TimeWindow } from './pathStore.ts';
import type { AgentRow, MissingFacts, OverviewCounts } from './responses.ts';
import { topologyItems } from './topologyItems.ts';
import { changedObjects, graphOf, timelineOf } from './viewCounts.ts';

/** Reads no row, but fails where the table is missing: an engine that answers is not yet a store. */
const NO_TIME = { fromUs: 0, toUs: 1 };

export function clickhouseStore(store: Store): PathStore {
  return {
    listPaths: ({ cluster: _asked, ...query }, { signal, clusters }) =>
      translated(() => listPaths(store, query, { nowUs: query.to, signal, clusters })),
    getPath: async (pathId, { signal, clusters }) => {
      if (readPathTimeUs(pathId) === null) return null;
      const path = await translated(() => getPath(store, pathId, { signal }));
      return path !== null && isSeen(path, clusters) ? path : null;
    },
    listRefusals: ({ cluster: _asked, ...query }, { signal, clusters }) =>
      translated(() => listRefusals(store, query, { nowUs: query.to, signal, clusters })),
    listAgents: (sinceUs, call) => translated(() => agentsSince(store, sinceUs, call)),
    overview: (window, call) => translated(() => overviewOf(store, window, call)),
    refusalFacts: ({ from, to, rows, ...filter }, { signal, clusters }) =>
      translated(() => {
        const window = { fromUs: from, toUs: to };
        return refusalFacts(store, { ...filter, clusters }, { window, rows, signal });
      }),
    pathsByIds: async (ids, { signal, clusters }) => {
      const paths = await translated(() => pathsByIds(store, ids, { signal }));
      return paths.filter((path) => isSeen(path, clusters));
    },
    refusalWords: (ids, { signal, clusters }) =>
      translated(() => refusalWords(store, ids, { signal, clusters })),
    pathVersions: ({ from, to, rows }, { signal, clusters }) =>
      translated(() => {
        const window = { fromUs: from, toUs: to };
        return pathVersions(store, { clusters, rows }, { window, signal });
      }),
    hopEdges: ({ from, to }, { signal, clusters }) =>
      translated(() =>
        hopEdges(store, { clusters }, { window: { fromUs: from, toUs: to }, signal }),
      ),
    missing: (query, call) => translated(() => missingOf(store, query, call)),
    listServices: (window, call) => translated(() => servicesOf(store, window, call)),
    serviceStats: (query, call) => translated(() => statsOf(store, query, call)),
    refusedSenders: ({ from, to }, { signal, clusters }) =>
      translated(() =>
        refusedSenders(store, { window: { fromUs: from, toUs: to }, clusters, signal }),
      ),
    serviceHistories: ({ from, to, services }, { signal, clusters }) =>
      translated(async () => {
        const window = { fromUs: from, toUs: to };
        return new Histories(await serviceHistory(store, services, { window, clusters, signal }));
      }),
    proxyObjects: (query, { signal, clusters = [] }) =>
      translated(
        async () => new ProxyBook(await proxyObjects(store, { ...query, clusters }, { signal })),
      ),
    topologyAt: (query, call) => translated(() => topologyItems(store, query, call)),
    serviceGraph: (query, call) => translated(() => graphOf(store, query, call)),
    topologyBetween: (query, call) => translated(() => changedObjects(store, query, call)),
    refusalTimeline: (query, call) => translated(() => timelineOf(store, query, call)),
    listAudit: ({ from, to, ...query }, { signal, clusters }) =>
      translated(() =>
        listAudit(store, { ...query, clusters, window: { fromUs: from, toUs: to } }, { signal }),
      ),
    ping: async ({ signal }) => {
      await translated(() => countPaths(store, { window: NO_TIME, signal }));
    },
  };
}

async function agentsSince(
  store: Store,
  sinceUs: number,
  { signal, clusters }: StoreCall,
): Promise<AgentRow[]> {
  const agents = await listAgents(store, { sinceUs, signal, clusters });
  return agents.map(({ facts, addresses, ...agent }) => ({
    ...agent,
    addresses: [...addresses],
    facts: facts === null ? null : shownFacts(facts),
  }));
}

function shownFacts({
  kernel,
  kubeProxy,
  sysctls,
  source,
  workloads,
  workloadsLeftOut,
}: NodeFacts): AgentRow['facts'] {
  const containers = workloads.length + workloadsLeftOut;
  return { kernel, kubeProxy, sysctls, containers, ...(source === undefined ? {} : { source }) };
}

async function overviewOf(
  store: Store,
  { from, to }: TimeWindow,
  { signal, clusters }: StoreCall,
): Promise<OverviewCounts> {
  const window = { fromUs: from, toUs: to };
  const counts = await countPaths(store, { window, signal, clusters });
  const services = await listServices(store, { window, signal, clusters });
  return {
    paths: counts.total,
    outcomes: { ...counts.byOutcome },
    crossings: counts.crossings,
    withExtraHops: counts.withExtraHops,
    ...(counts.weighted === 0 ? {} : { weightedPaths: counts.weighted }),
    services: services.map(({ service, paths, refused, withExtraHops }) => ({
      ...service,
      paths,
      refused,
      withExtraHops,
    })),
  };
}

function isSeen({ cluster }: Path, clusters: readonly string[]): boolean {
  return clusters.length === 0 || clusters.includes(cluster);
}

async function missingOf(
  store: Store,
  { from, to, stepUs, silentUs }: MissingQuery,
  { signal, clusters }: StoreCall,
): Promise<MissingFacts> {
  const call = { window: { fromUs: from, toUs: to }, signal };
  const losses = await lossesByTime(store, { clusters, stepUs }, call);
  const silent = await silences(store, { clusters, silentUs }, call);
  const paths = await incompletePaths(store, { clusters }, call);
  return { losses, silences: silent, paths: { ...paths, warnings: [...paths.warnings] } };
}

const secondsOf = ({ from, to }: TimeWindow) => ({ fromS: from / 1e6, toS: to / 1e6 });

async function servicesOf(store: Store, window: TimeWindow, { signal, clusters }: StoreCall) {
  const range = secondsOf(window);
  // First: what is counted meanwhile is more than it says, not less.
  const countedUntil = await countedUntilUs(store, range, { signal });
  const items = await serviceTotals(store, { ...range, ...named(clusters) }, { signal });
  return { items, countedUntilUs: countedUntil };
}

/** Which clusters, where not all of them. */
const named = (clusters: readonly string[]) => (clusters.length === 0 ? {} : { clusters });

async function statsOf(store: Store, query: ServiceQuery, { signal, clusters }: StoreCall) {
  const range = secondsOf(query);
  const { namespace, name, stepSeconds, port, entryNode, ingress } = query;
  const asked = {
    ...{ ...range, stepS: stepSeconds, serviceNamespace: namespace, serviceName: name },
    ...{ servicePort: port, entryNode, ingress, ...named(clusters) },
  };
  const countedUntil = await countedUntilUs(store, range, { signal });
  const [points, hops] = await Promise.all([
    servicePoints(store, asked, { signal }),
    serviceHops(store, asked, { signal }),
  ]);
  return { points, hops, countedUntilUs: countedUntil };
}

async function translated<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof StoreError ? appErrorOf(error) : error;
  }
}

/** A stored row that does not parse is our fault and stays so; all else may pass by itself or by an operator. */
function appErrorOf(error: StoreError): AppError {
  if (error.code === 'HOP_STORE_CURSOR') return badCursor('This is no cursor of this list.');
  const code = error.code === 'HOP_STORE_ROW' ? 'HOP_INTERNAL' : 'HOP_STORE_UNAVAILABLE';
  const fields = { field: error.field ?? 'store', text: error.message, remedy: error.remedy };
  return new AppError(code, error.message, { cause: error, errors: [fields] });
}
