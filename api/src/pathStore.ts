/** What the API needs from the store: reading, by filter and time window. clickhouseStore.ts provides it. */

import type { RefusalFact } from '@hoptrace/domain/incidents/groupRefusals.ts';
import type { AuditEntry, AuditFilter } from '@hoptrace/domain/rest/audit.ts';
import type { IncidentFilter } from '@hoptrace/domain/rest/incidents.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type {
  PathFilter,
  PathList,
  RefusalFilter,
  RefusalList,
} from '@hoptrace/domain/rest/queries.ts';
import type { RefusalTimeline } from '@hoptrace/domain/rest/refusalTimeline.ts';
import type {
  GraphTotals,
  ScenarioCount,
  SightingCount,
} from '@hoptrace/domain/rest/serviceGraph.ts';
import type { HopSeries, RequestPoint, ServiceTotals } from '@hoptrace/domain/rest/services.ts';
import type { TopologyItem } from '@hoptrace/domain/rest/topology.ts';
import type { CountedEdge } from '@hoptrace/domain/views/addUpGraph.ts';
import type { ObjectState } from '@hoptrace/domain/views/changesOf.ts';
import type { RefusalWords } from '@hoptrace/store/queries/refusalWords.ts';
import type { RefusedSender } from '@hoptrace/store/queries/refusedSenders.ts';
import type { Histories } from './health/histories.ts';
import type { ProxyBook } from './health/proxyBook.ts';
import type { AgentRow, MissingFacts, OverviewCounts } from './responses.ts';

/** Microseconds since the epoch; `to` is exclusive. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export type PathQuery = Omit<PathFilter, 'from' | 'to'> & TimeWindow;
export type RefusalQuery = Omit<RefusalFilter, 'from' | 'to'> & TimeWindow;

export interface RefusalFactQuery
  extends TimeWindow,
    Partial<Pick<IncidentFilter, 'service' | 'node' | 'kind' | 'cause'>> {
  readonly rows: number;
}

export interface MissingQuery extends TimeWindow {
  readonly stepUs: number;
  readonly silentUs: number;
}

/** Parties by name, or by role where they have none. */
export interface HopEdge {
  readonly parent: string;
  readonly child: string;
  readonly hops: number;
}

export interface PathVersion {
  readonly pathId: string;
  readonly version: number;
}
/** `from` and `to` lie on whole steps. */
export interface ServiceQuery extends TimeWindow {
  readonly namespace: string;
  readonly name: string;
  readonly stepSeconds: number;
  readonly port?: string | undefined;
  readonly entryNode?: string | undefined;
  readonly ingress?: string | undefined;
}

/** countedUntilUs: end of the newest minute of the window that is in the counts; null: none is. */
export type Counted<T> = T & { readonly countedUntilUs: number | null };

export interface TopologyPlace {
  readonly cluster: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface TopologyQuery {
  readonly atUs: number;
  readonly cluster?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** The last item of the page before. */
  readonly after: TopologyPlace | null;
  readonly limit: number;
}

export interface ProxyQuery {
  readonly atUs: number;
  readonly namespaces: readonly string[];
}

export interface HistoryQuery extends TimeWindow {
  readonly services: readonly string[];
}

export interface GraphQuery extends TimeWindow {
  readonly namespace: string;
  readonly name: string;
  readonly port?: string | undefined;
  /** A machine on the path. */
  readonly node?: string | undefined;
}

export interface CountedGraph {
  readonly totals: GraphTotals;
  readonly isWhole: boolean;
  readonly edges: readonly CountedEdge[];
  readonly sightings: readonly SightingCount[];
  readonly scenarios: readonly ScenarioCount[];
}

/** Services are namespace/name. */
export interface ChangeQuery extends TimeWindow {
  readonly service?: string | undefined;
  readonly rows: number;
}

/** `from` and `to` lie on whole steps. */
export interface TimelineQuery extends TimeWindow {
  readonly service?: string | undefined;
  readonly node?: string | undefined;
  readonly stepUs: number;
}

export type CountedTimeline = Readonly<
  Pick<RefusalTimeline, 'places' | 'refusedSinceUs' | 'acceptedSinceUs'>
>;

export interface AuditListQuery extends TimeWindow, Omit<AuditFilter, 'from' | 'to'> {
  readonly limit: number;
  /** null: of all tenants. */
  readonly onlyTenant: string | null;
}

/** `signal` fires when nobody waits for the answer any more. */
export interface Call {
  readonly signal: AbortSignal;
}

export interface StoreCall extends Call {
  /** What the caller may see; empty: all. */
  readonly clusters: readonly string[];
}

/**
 * Lists are newest first. A cursor is the store's own text: one that it did not make is answered with
 * AppError HOP_CURSOR_INVALID. Any other failure may be thrown as it comes.
 */
export interface PathStore {
  listPaths(query: PathQuery, call: StoreCall): Promise<PathList>;
  getPath(pathId: string, call: StoreCall): Promise<Path | null>;
  listRefusals(query: RefusalQuery, call: StoreCall): Promise<RefusalList>;
  /** One entry per node that was heard of since then; losses are summed from then on. */
  listAgents(sinceUs: number, call: StoreCall): Promise<readonly AgentRow[]>;
  overview(window: TimeWindow, call: StoreCall): Promise<OverviewCounts>;
  /** The newest `rows` refused paths of the window. */
  refusalFacts(query: RefusalFactQuery, call: StoreCall): Promise<RefusalFact[]>;
  /** Newest versions, oldest first; ids that are gone are left out. */
  pathsByIds(ids: readonly string[], call: StoreCall): Promise<Path[]>;
  /** Cause and remedy in words, by the same ids. */
  refusalWords(ids: readonly string[], call: StoreCall): Promise<RefusalWords[]>;
  /** The paths of the window whose start is known, with their version, oldest first; at most `rows`, the newest. */
  pathVersions(
    query: TimeWindow & { readonly rows: number },
    call: StoreCall,
  ): Promise<PathVersion[]>;
  /** Over the newest paths of the window, the busiest first. */
  hopEdges(window: TimeWindow, call: StoreCall): Promise<readonly HopEdge[]>;
  /** Losses by steps of `stepUs`, silences longer than `silentUs`, and what paths lack. */
  missing(query: MissingQuery, call: StoreCall): Promise<MissingFacts>;
  /** From roll-ups; the window is on whole minutes. The busiest first. */
  listServices(window: TimeWindow, call: StoreCall): Promise<Counted<{ items: ServiceTotals[] }>>;
  /** From roll-ups; the window is on whole steps. */
  serviceStats(
    query: ServiceQuery,
    call: StoreCall,
  ): Promise<Counted<{ points: RequestPoint[]; hops: HopSeries[] }>>;
  /** Attempts that met a node without an endpoint, with who sent them there; newest first. */
  refusedSenders(window: TimeWindow, call: StoreCall): Promise<readonly RefusedSender[]>;
  /** States of Services, their slices and health checks; services as namespace/name, none: all. */
  serviceHistories(query: HistoryQuery, call: StoreCall): Promise<Histories>;
  /** Where Pods in these namespaces have their PROXY settings from. */
  proxyObjects(query: ProxyQuery, call: StoreCall): Promise<ProxyBook>;
  /** Objects as of a time, in order of cluster, kind, namespace and name. */
  topologyAt(query: TopologyQuery, call: StoreCall): Promise<readonly TopologyItem[]>;
  /** Of the newest requests of the window. */
  serviceGraph(query: GraphQuery, call: StoreCall): Promise<CountedGraph>;
  /** States of objects that began or ended in the window, those that began last. */
  topologyBetween(query: ChangeQuery, call: StoreCall): Promise<readonly ObjectState[]>;
  refusalTimeline(query: TimelineQuery, call: StoreCall): Promise<CountedTimeline>;
  /** Entries about the call's clusters, newest first. */
  listAudit(
    query: AuditListQuery,
    call: StoreCall,
  ): Promise<{ readonly items: AuditEntry[]; readonly nextCursor: string | null }>;
  /** Rejects when the store cannot answer queries; an AppError's first `errors` entry says what to do. */
  ping(call: StoreCall): Promise<void>;
}
