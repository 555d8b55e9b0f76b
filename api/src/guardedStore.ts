/** A PathStore with a bound on queries in flight, a time-out for each, and durations in the metrics. */
import { AppError, type ErrorCode } from './errors.ts';
import type { ApiMetrics } from './metrics.ts';
import type { PathStore, StoreCall } from './pathStore.ts';

const RETRY_AFTER_SECONDS = 1;
/** Probes ask every few seconds and wait as long. */
const MAX_PING_MS = 2000;
const RESULTS: Partial<Record<ErrorCode, string>> = {
  HOP_STORE_TIMEOUT: 'timeout',
  HOP_CALLER_GONE: 'gone',
};

export interface StoreLimits {
  readonly maxQueries: number;
  readonly queryTimeoutMs: number;
}

/**
 * Throws HOP_BUSY when `maxQueries` are under way (nothing waits in a queue), HOP_STORE_TIMEOUT after
 * `queryTimeoutMs` even where the store does not heed the signal, HOP_CALLER_GONE when the call's signal fires,
 * HOP_STORE_UNAVAILABLE for failures that are no AppError.
 */
export function guardStore(store: PathStore, limits: StoreLimits, metrics: ApiMetrics): PathStore {
  let inFlight = 0;
  const pingTimeoutMs = Math.min(limits.queryTimeoutMs, MAX_PING_MS);

  async function run<T>(query: string, call: StoreCall, ask: (call: StoreCall) => Promise<T>) {
    if (inFlight >= limits.maxQueries) {
      metrics.queriesRefused.inc();
      throw new AppError('HOP_BUSY', `${inFlight} queries are under way`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    inFlight += 1;
    metrics.queriesInFlight.set(inFlight);
    const stop = metrics.querySeconds.startTimer({ query });
    try {
      const answer = await withTimeout(query, call, limits.queryTimeoutMs, ask);
      stop({ result: 'ok' });
      return answer;
    } catch (error) {
      const known = asStoreError(query, error);
      stop({ result: RESULTS[known.code] ?? 'failed' });
      throw known;
    } finally {
      inFlight -= 1;
      metrics.queriesInFlight.set(inFlight);
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
    topologyBetween: (query, call) =>
      run('topologyBetween', call, (c) => store.topologyBetween(query, c)),
    serviceGraph: (query, call) => run('serviceGraph', call, (c) => store.serviceGraph(query, c)),
    refusalTimeline: (query, call) =>
      run('refusalTimeline', call, (c) => store.refusalTimeline(query, c)),
    refusalFacts: (query, call) => run('refusalFacts', call, (c) => store.refusalFacts(query, c)),
    pathsByIds: (ids, call) => run('pathsByIds', call, (c) => store.pathsByIds(ids, c)),
    pathVersions: (query, call) => run('pathVersions', call, (c) => store.pathVersions(query, c)),
    hopEdges: (window, call) => run('hopEdges', call, (c) => store.hopEdges(window, c)),
    missing: (query, call) => run('missing', call, (c) => store.missing(query, c)),
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
