/** Builders for tests: the exchanges of a connection of builders.ts, at each of its taps. */
import { type ConnectionSpec, legsOf } from './builders.ts';
import type { Exchange, Leg } from './evidence.ts';

export interface RequestSpec {
  /** When the server's tap sees the request, after the start of the connection. */
  readonly atNs: number;
  /** How long the server takes. */
  readonly workNs?: number;
  readonly burst?: number;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly requestId?: number;
  readonly firstFlight?: number;
  /** Between two taps, one way. */
  readonly stepNs?: number;
}

export const idHash = (id: number) => `1d${id.toString(16).padStart(14, '0')}`;

/** One record a leg. The request passes tap after tap, the response the other way. */
export function exchangesOf(spec: ConnectionSpec, request: RequestSpec): Exchange[] {
  return legsOf(spec).map((leg, index, legs) => exchangeAt(leg, legs.length - 1 - index, request));
}

function exchangeAt(leg: Leg, toServer: number, spec: RequestSpec): Exchange {
  const { burst = 1, workNs = 100_000, stepNs = 10_000 } = spec;
  const requestNs = spec.atNs - toServer * stepNs;
  const responseNs = spec.atNs + workNs + toServer * stepNs;
  return {
    kind: 'exchange',
    cluster: leg.cluster,
    node: leg.node,
    bootId: leg.bootId,
    seq: 1_000_000 + leg.legId * 100 + burst,
    startUs: leg.startUs,
    tap: leg.tap,
    isnPairHash: leg.isnPairHash ?? '',
    burst,
    requestOffset: (burst - 1) * 1000,
    responseOffset: (burst - 1) * 5000,
    requestFirstNs: requestNs,
    requestLastNs: requestNs,
    responseFirstNs: responseNs,
    responseLastNs: responseNs + 500,
    requestBytes: spec.requestBytes ?? 200,
    responseBytes: spec.responseBytes ?? 1000,
    method: 'GET',
    status: 200,
    requestIdHash: spec.requestId === undefined ? null : idHash(spec.requestId),
    traceIdHash: null,
    protocol: 'http1',
    firstFlightHash: spec.firstFlight === undefined ? null : idHash(0xff00 + spec.firstFlight),
  };
}
