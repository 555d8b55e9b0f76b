/** Prometheus metrics of one API instance, in a registry of its own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface ApiMetrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly querySeconds: Histogram<'query' | 'result'>;
  readonly queriesInFlight: Gauge;
  readonly queriesWaiting: Gauge;
  readonly queriesRefused: Counter;
  readonly problems: Counter<'code'>;
  readonly liveListeners: Gauge;
  readonly liveDropped: Counter;
}

/** `withProcess` adds memory, CPU and event loop of the process; these keep a timer, so only a real process wants them. */
export function createMetrics(options: { readonly withProcess: boolean }): ApiMetrics {
  const registry = new Registry();
  if (options.withProcess) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'hoptrace_api_request_duration_seconds',
      help: 'Time from request to end of answer, by route pattern.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers,
    }),
    querySeconds: new Histogram({
      name: 'hoptrace_api_query_duration_seconds',
      help: 'Time that the store took, with the wait for a place, by query; result is ok, failed, timeout or gone (the caller).',
      labelNames: ['query', 'result'],
      buckets: SECONDS,
      registers,
    }),
    queriesInFlight: new Gauge({
      name: 'hoptrace_api_queries_in_flight',
      help: 'Queries that the store is asked.',
      registers,
    }),
    queriesWaiting: new Gauge({
      name: 'hoptrace_api_queries_waiting',
      help: 'Queries that wait for a place among those in flight.',
      registers,
    }),
    queriesRefused: new Counter({
      name: 'hoptrace_api_queries_refused_total',
      help: 'Queries answered with HOP_BUSY because all places were taken, those in line as well.',
      registers,
    }),
    liveListeners: new Gauge({
      name: 'hoptrace_api_live_listeners',
      help: 'Connections of /api/v1/live.',
      registers,
    }),
    liveDropped: new Counter({
      name: 'hoptrace_api_live_dropped_paths_total',
      help: 'Paths not sent because a listener read too slowly.',
      registers,
    }),
    problems: new Counter({
      name: 'hoptrace_api_problems_total',
      help: 'Problem answers by code.',
      labelNames: ['code'],
      registers,
    }),
  };
}
