/** What the API needs from the store: reading, by filter and time window. clickhouseStore.ts provides it. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type {
  PathFilter,
  PathList,
  RefusalFilter,
  RefusalList,
} from '@hoptrace/domain/rest/queries.ts';
import type { AgentRow, OverviewCounts } from './responses.ts';

/** Microseconds since the epoch; `to` is exclusive. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export type PathQuery = Omit<PathFilter, 'from' | 'to'> & TimeWindow;
export type RefusalQuery = Omit<RefusalFilter, 'from' | 'to'> & TimeWindow;

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
  /** Rejects when the store cannot answer queries; an AppError's first `errors` entry says what to do. */
  ping(call: StoreCall): Promise<void>;
}
