/** A PathStore with bounds on queries under way and in line, a time-out for each, and durations in the metrics. */
import { AppError, type ErrorCode } from './errors.ts';
import type { ApiMetrics } from './metrics.ts';
import type { PathStore, StoreCall } from './pathStore.ts';
import { type PlaceLimits, queryPlaces } from './queryPlaces.ts';

/** Probes ask every few seconds and wait as long. */
const MAX_PING_MS = 2000;
const RESULTS: Partial<Record<ErrorCode, string>> = {
  HOP_STORE_TIMEOUT: 'timeout',
  HOP_CALLER_GONE: 'gone',
};

export interface StoreLimits extends PlaceLimits {
  readonly queryTimeoutMs: number;
}

/**
 * `maxQueries` are under way at once, `maxWaiting` more wait for their turn; throws HOP_BUSY beyond that,
 * HOP_STORE_TIMEOUT after `queryTimeoutMs` (with the wait, and where the store does not heed the signal),
 * HOP_CALLER_GONE when the call's signal fires, HOP_STORE_UNAVAILABLE for failures that are no AppError.
 */
export function guardStore(store: PathStore, limits: StoreLimits, metrics: ApiMetrics): PathStore {
  const places = queryPlaces(limits);
  const pingTimeoutMs = Math.min(limits.queryTimeoutMs, MAX_PING_MS);
  const tell = () => {
    metrics.queriesInFlight.set(places.taken);
    metrics.queriesWaiting.set(places.waiting);
  };

  async function run<T>(query: string, call: StoreCall, ask: (call: StoreCall) => Promise<T>) {
    const stop = metrics.querySeconds.startTimer({ query });
    const askInTurn = async (within: StoreCall) => {
      const turn = places.take(within.signal);
      tell();
      await turn;
      const { signal } = within;
      let isFree = false;
      // Whoever gave up leaves its place, whether or not the store heeds that.
      const leave = () => {
        if (!isFree) places.free();
        isFree = true;
        tell();
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await ask(within);
      } finally {
        signal.removeEventListener('abort', leave);
        leave();
      }
    };
    try {
      const answer = await withTimeout(query, call, limits.queryTimeoutMs, askInTurn);
      stop({ result: 'ok' });
      return answer;
    } catch (error) {
      const known = asStoreError(query, error);
      if (known.code === 'HOP_BUSY') metrics.queriesRefused.inc();
      else stop({ result: RESULTS[known.code] ?? 'failed' });
      throw known;
    }
  }

  return {
    listPaths: (query, call) => run('listPaths', call, (c) => store.listPaths(query, c)),
    getPath: (pathId, call) => run('getPath', call, (c) => store.getPath(pathId, c)),
    listRefusals: (query, call) => run('listRefusals', call, (c) => store.listRefusals(query, c)),
    listAgents: (sinceUs, call) => run('listAgents', call, (c) => store.listAgents(sinceUs, c)),
    listServices: (window, call) => run('listServices', call, (c) => store.listServices(window, c)),
    serviceStats: (query, call) => run('serviceStats', call, (c) => store.serviceStats(query, c)),
    overview: (window, call) => run('overview', call, (c) => store.overview(window, c)),
    topologyAt: (query, call) => run('topologyAt', call, (c) => store.topologyAt(query, c)),
    refusedSenders: (window, call) =>
      run('refusedSenders', call, (c) => store.refusedSenders(window, c)),
    serviceHistories: (query, call) =>
      run('serviceHistories', call, (c) => store.serviceHistories(query, c)),
    proxyObjects: (query, call) => run('proxyObjects', call, (c) => store.proxyObjects(query, c)),
    topologyBetween: (query, call) =>
      run('topologyBetween', call, (c) => store.topologyBetween(query, c)),
    serviceGraph: (query, call) => run('serviceGraph', call, (c) => store.serviceGraph(query, c)),
    refusalTimeline: (query, call) =>
      run('refusalTimeline', call, (c) => store.refusalTimeline(query, c)),
    refusalFacts: (query, call) => run('refusalFacts', call, (c) => store.refusalFacts(query, c)),
    pathsByIds: (ids, call) => run('pathsByIds', call, (c) => store.pathsByIds(ids, c)),
    refusalWords: (ids, call) => run('refusalWords', call, (c) => store.refusalWords(ids, c)),
    pathVersions: (query, call) => run('pathVersions', call, (c) => store.pathVersions(query, c)),
    hopEdges: (window, call) => run('hopEdges', call, (c) => store.hopEdges(window, c)),
    missing: (query, call) => run('missing', call, (c) => store.missing(query, c)),
    listAudit: (query, call) => run('listAudit', call, (c) => store.listAudit(query, c)),
    // A readiness probe must not be refused because the API is busy, nor count as a query.
    ping: (call) => withTimeout('ping', call, pingTimeoutMs, (c) => store.ping(c)),
  };
}

/** Ends with the answer, at the time-out, or when the caller goes away: whatever comes first. */
async function withTimeout<T>(
  query: string,
  call: StoreCall,
  timeoutMs: number,
  ask: (call: StoreCall) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  let give: (reason: AppError) => void = () => {};
  const given = new Promise<never>((_resolve, reject) => {
    give = (reason) => {
      reject(reason);
      end.abort(reason);
    };
  });
  const timer = setTimeout(
    () => give(new AppError('HOP_STORE_TIMEOUT', `${query} did not finish in ${timeoutMs} ms`)),
    timeoutMs,
  );
  const onGone = () => give(new AppError('HOP_CALLER_GONE', `${query} is no longer wanted`));
  call.signal.addEventListener('abort', onGone, { once: true });
  if (call.signal.aborted) onGone();
  try {
    return await Promise.race([ask({ signal: end.signal, clusters: call.clusters }), given]);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', onGone);
  }
}

function asStoreError(query: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('HOP_STORE_UNAVAILABLE', `${query} failed`, { cause: error });
}
