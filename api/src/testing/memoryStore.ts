/** A PathStore over an array, for tests of the protocol. It filters by window, outcome and cluster only; SQL is tested elsewhere. */
import type { RefusalFact } from '@hoptrace/domain/incidents/groupRefusals.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { RefusalItem } from '@hoptrace/domain/rest/queries.ts';
import { NO_TOTALS } from '@hoptrace/domain/rest/serviceGraph.ts';
import type { TopologyItem } from '@hoptrace/domain/rest/topology.ts';
import type { ObjectState } from '@hoptrace/domain/views/changesOf.ts';
import { Histories } from '../health/histories.ts';
import { ProxyBook } from '../health/proxyBook.ts';
import { badCursor } from '../parameters.ts';
import type {
  PathQuery,
  PathStore,
  RefusalQuery,
  ServiceQuery,
  TimeWindow,
  TopologyQuery,
} from '../pathStore.ts';
import type { AgentRow, OverviewCounts } from '../responses.ts';

export interface MemoryStore extends PathStore {
  readonly paths: Path[];
  readonly agents: AgentRow[];
  readonly objects: TopologyItem[];
  /** Of objects, for changes. */
  readonly states: ObjectState[];
  /** Every query as the API passed it on. */
  readonly asked: (PathQuery | RefusalQuery)[];
  /** How often the live feed asked. */
  polls: number;
  readonly askedStats: (TimeWindow | ServiceQuery)[];
  /** When set, every call ends as this one does. */
  failure: (() => Promise<never>) | null;
}

export function memoryStore(paths: readonly Path[] = []): MemoryStore {
  const store: MemoryStore = {
    paths: [...paths],
    agents: [],
    objects: [],
    states: [],
    asked: [],
    askedStats: [],
    failure: null,
    polls: 0,
    async listPaths(query, { clusters }) {
      await this.failure?.();
      store.asked.push(query);
      const hits = inWindow(store.paths, query).filter(
        (path) =>
          (query.outcome === undefined || path.outcome === query.outcome) &&
          (clusters.length === 0 || clusters.includes(path.cluster)),
      );
      return pageOf(hits, query);
    },
    async getPath(pathId) {
      await this.failure?.();
      return store.paths.find((path) => path.pathId === pathId) ?? null;
    },
    async listAgents() {
      await this.failure?.();
      return store.agents;
    },
    async pathsByIds(ids) {
      await this.failure?.();
      return store.paths.filter((path) => ids.includes(path.pathId));
    },
    async pathVersions(query) {
      store.polls += 1;
      await this.failure?.();
      return inWindow(store.paths, query).slice(0, query.rows).reverse();
    },
    async hopEdges() {
      await this.failure?.();
      return [];
    },
    async missing() {
      await this.failure?.();
      return { losses: [], silences: [], paths: { total: 0, incomplete: 0, warnings: [] } };
    },
    async overview(window) {
      await this.failure?.();
      return overviewOf(inWindow(store.paths, window));
    },
    async listServices(window) {
      await this.failure?.();
      store.askedStats.push(window);
      return { items: [], countedUntilUs: null };
    },
    async serviceStats(query) {
      await this.failure?.();
      store.askedStats.push(query);
      return { points: [], hops: [], countedUntilUs: null };
    },
    topologyAt: (query) => objectsOf(store, query),
    ...notCounted(() => store),
    ...refusalAnswers(() => store),
    async ping() {
      await this.failure?.();
    },
  };
  return store;
}

/** What is asked about paths that ended in a refusal. */
function refusalAnswers(
  of: () => MemoryStore,
): Pick<PathStore, 'listRefusals' | 'refusalFacts' | 'refusalWords'> {
  return {
    async listRefusals(query) {
      await of().failure?.();
      of().asked.push(query);
      return pageOf(inWindow(of().paths, query).flatMap(refusalOf), query);
    },
    async refusalFacts(query) {
      await of().failure?.();
      return inWindow(of().paths, query).flatMap(factOf).slice(0, query.rows);
    },
    async refusalWords(ids) {
      await of().failure?.();
      return of().paths.flatMap(({ pathId, refusal }) =>
        refusal === null || !ids.includes(pathId)
          ? []
          : [{ pathId, text: refusal.text, remedy: refusal.remedy }],
      );
    },
  };
}

/** What the database counts is not counted here: it is tested against a real one. */
function notCounted(
  store: () => MemoryStore,
): Pick<
  PathStore,
  | 'serviceGraph'
  | 'topologyBetween'
  | 'refusalTimeline'
  | 'refusedSenders'
  | 'serviceHistories'
  | 'proxyObjects'
  | 'listAudit'
> {
  return {
    async listAudit() {
      await store().failure?.();
      return { items: [], nextCursor: null };
    },
    async refusedSenders() {
      await store().failure?.();
      return [];
    },
    async serviceHistories() {
      await store().failure?.();
      return new Histories([]);
    },
    async proxyObjects() {
      await store().failure?.();
      return new ProxyBook([]);
    },
    async serviceGraph() {
      await store().failure?.();
      return { totals: NO_TOTALS, isWhole: true, edges: [], sightings: [], scenarios: [] };
    },
    async topologyBetween() {
      await store().failure?.();
      return store().states;
    },
    async refusalTimeline(query) {
      await store().failure?.();
      return { places: [], refusedSinceUs: query.from, acceptedSinceUs: query.from };
    },
  };
}

function inWindow(paths: readonly Path[], { from, to }: { from: number; to: number }): Path[] {
  return paths
    .filter((path) => path.startedAtUs >= from && path.startedAtUs < to)
    .sort((a, b) => b.startedAtUs - a.startedAtUs);
}

/** The cursor is the number of items before. */
function pageOf<T>(hits: readonly T[], query: { limit: number; cursor?: string | undefined }) {
  const start = Number(query.cursor ?? '0');
  if (!Number.isInteger(start)) throw badCursor('This is no cursor of this store.');
  const end = start + query.limit;
  return { items: hits.slice(start, end), nextCursor: end < hits.length ? String(end) : null };
}

function refusalOf(path: Path): RefusalItem[] {
  const to = path.hops.at(-1)?.to;
  if (path.refusal === null || to === undefined) return [];
  const { pathId, startedAtUs, cluster, client, service } = path;
  const destination = { ip: to.ip, port: to.port };
  return [{ pathId, startedAtUs, cluster, client, service, destination, ...path.refusal }];
}

function factOf(path: Path): RefusalFact[] {
  const { pathId, startedAtUs, cluster, service, refusal, client } = path;
  return refusalOf(path).map(({ destination, kind, node, cause }) => ({
    ...{ pathId, startedAtUs, cluster, service, destination, kind, node, cause },
    clientIp: client.ip,
    nodes: refusal?.node == null ? [] : [refusal.node],
  }));
}

function overviewOf(hits: readonly Path[]): OverviewCounts {
  const count = (outcome: Path['outcome']) => hits.filter((p) => p.outcome === outcome).length;
  return {
    paths: hits.length,
    outcomes: {
      served: count('served'),
      reset: count('reset'),
      rejected: count('rejected'),
      dropped: count('dropped'),
      unknown: count('unknown'),
    },
    crossings: hits.reduce((sum, path) => sum + path.crossings, 0),
    withExtraHops: hits.filter((path) => path.extraHops > 0).length,
    services: [],
  };
}

async function objectsOf(store: MemoryStore, { after, limit, kind }: TopologyQuery) {
  await store.failure?.();
  const objects = store.objects.filter((each) => kind === undefined || kind === each.kind);
  const start = after === null ? 0 : objects.findIndex(({ name }) => name === after.name) + 1;
  return objects.slice(start, start + limit);
}
