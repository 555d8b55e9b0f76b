/** What the API needs from the store: reading, by filter and time window. clickhouseStore.ts provides it. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type {
  PathFilter,
  PathList,
  RefusalFilter,
  RefusalList,
} from '@hoptrace/domain/rest/queries.ts';
import type { HopSeries, RequestPoint, ServiceTotals } from '@hoptrace/domain/rest/services.ts';
import type { AgentRow, OverviewCounts } from './responses.ts';

/** Microseconds since the epoch; `to` is exclusive. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export type PathQuery = Omit<PathFilter, 'from' | 'to'> & TimeWindow;
export type RefusalQuery = Omit<RefusalFilter, 'from' | 'to'> & TimeWindow;

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

/** `signal` fires when nobody waits for the answer any more. */
export interface StoreCall {
  readonly signal: AbortSignal;
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
  /** From roll-ups; the window is on whole minutes. The busiest first. */
  listServices(window: TimeWindow, call: StoreCall): Promise<Counted<{ items: ServiceTotals[] }>>;
  /** From roll-ups; the window is on whole steps. */
  serviceStats(
    query: ServiceQuery,
    call: StoreCall,
  ): Promise<Counted<{ points: RequestPoint[]; hops: HopSeries[] }>>;
  /** Rejects when the store cannot answer queries; an AppError's first `errors` entry says what to do. */
  ping(call: StoreCall): Promise<void>;
}
