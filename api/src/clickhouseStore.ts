/** The PathStore that answers from ClickHouse through the queries of store/. */

import type { NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { readPathTimeUs } from '@hoptrace/store/pathKey.ts';
import { countPaths } from '@hoptrace/store/queries/countPaths.ts';
import { getPath } from '@hoptrace/store/queries/getPath.ts';
import { listAgents } from '@hoptrace/store/queries/listAgents.ts';
import { listPaths } from '@hoptrace/store/queries/listPaths.ts';
import { listRefusals } from '@hoptrace/store/queries/listRefusals.ts';
import { listServices } from '@hoptrace/store/queries/listServices.ts';
import { serviceHops, servicePoints } from '@hoptrace/store/queries/serviceStats.ts';
import { countedUntilUs, serviceTotals } from '@hoptrace/store/queries/serviceTotals.ts';
import { AppError } from './errors.ts';
import { badCursor } from './parameters.ts';
import type { PathStore, ServiceQuery, StoreCall, TimeWindow } from './pathStore.ts';
import type { AgentRow, OverviewCounts } from './responses.ts';

/** Reads no row, but fails where the table is missing: an engine that answers is not yet a store. */
const NO_TIME = { fromUs: 0, toUs: 1 };

export function clickhouseStore(store: Store): PathStore {
  return {
    listPaths: (query, { signal }) =>
      translated(() => listPaths(store, query, { nowUs: query.to, signal })),
    getPath: async (pathId, { signal }) => {
      if (readPathTimeUs(pathId) === null) return null;
      return translated(() => getPath(store, pathId, { signal }));
    },
    listRefusals: (query, { signal }) =>
      translated(() => listRefusals(store, query, { nowUs: query.to, signal })),
    listAgents: (sinceUs, { signal }) => translated(() => agentsSince(store, sinceUs, signal)),
    overview: (window, call) => translated(() => overviewOf(store, window, call)),
    listServices: (window, call) => translated(() => servicesOf(store, window, call)),
    serviceStats: (query, call) => translated(() => statsOf(store, query, call)),
    ping: async ({ signal }) => {
      await translated(() => countPaths(store, { window: NO_TIME, signal }));
    },
  };
}

async function agentsSince(
  store: Store,
  sinceUs: number,
  signal: AbortSignal,
): Promise<AgentRow[]> {
  const agents = await listAgents(store, { sinceUs, signal });
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
  { signal }: StoreCall,
): Promise<OverviewCounts> {
  const window = { fromUs: from, toUs: to };
  const counts = await countPaths(store, { window, signal });
  const services = await listServices(store, { window, signal });
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

const secondsOf = ({ from, to }: TimeWindow) => ({ fromS: from / 1e6, toS: to / 1e6 });

async function servicesOf(store: Store, window: TimeWindow, { signal }: StoreCall) {
  const range = secondsOf(window);
  // First: what is counted meanwhile is more than it says, not less.
  const countedUntil = await countedUntilUs(store, range, { signal });
  return { items: await serviceTotals(store, range, { signal }), countedUntilUs: countedUntil };
}

async function statsOf(store: Store, query: ServiceQuery, { signal }: StoreCall) {
  const range = secondsOf(query);
  const { namespace, name, stepSeconds, port, entryNode, ingress } = query;
  const asked = {
    ...{ ...range, stepS: stepSeconds, serviceNamespace: namespace, serviceName: name },
    ...{ servicePort: port, entryNode, ingress },
  };
  const countedUntil = await countedUntilUs(store, range, { signal });
  const points = await servicePoints(store, asked, { signal });
  const hops = await serviceHops(store, asked, { signal });
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
