/** What was observed at a node, set against what its endpoints demand, through time. */
import type { HealthStretch } from '../rest/loadBalancers.ts';
import type { HealthCheckObject } from '../wire/healthChecks.ts';
import { type Expected, expectedThrough, type ServiceHistory, UNKNOWN } from './expected.ts';
import { type Observed, observedThrough, UNHEARD } from './observed.ts';
import { type Span, type Stretch, stretchesOf, type Version } from './stretches.ts';

export interface HealthHistory extends ServiceHistory {
  /** Of all nodes. */
  readonly checks: readonly Version<HealthCheckObject>[];
}

export interface Place {
  readonly node: string;
  /** Name of one port; without: any. */
  readonly port?: string | undefined;
}

export function nodeHealth(
  { services, slices, checks }: HealthHistory,
  place: Place,
  span: Span,
): HealthStretch[] {
  const own = checks.filter(({ object }) => object.node === place.node);
  const observed = observedThrough(own, span);
  const expected = expectedThrough({ services, slices }, place, span);
  const edges = [...observed, ...expected].map(({ fromUs }) => fromUs);
  const both = stretchesOf(span, edges, (atUs) => ({
    observed: valueAt(observed, atUs) ?? UNHEARD,
    expected: valueAt(expected, atUs) ?? UNKNOWN,
  }));
  return both.map(({ fromUs, toUs, value }) => told({ fromUs, toUs }, value));
}

function valueAt<T>(stretches: readonly Stretch<T>[], atUs: number): T | undefined {
  return stretches.find(({ fromUs, toUs }) => fromUs <= atUs && atUs < toUs)?.value;
}

function told(span: Span, value: { observed: Observed; expected: Expected }): HealthStretch {
  const { observed, expected } = value;
  return {
    ...span,
    observed: observed.health,
    httpStatus: observed.httpStatus,
    localEndpoints: observed.localEndpoints,
    expected: expected.health,
    expectedEndpoints: expected.localEndpoints,
    isServed: expected.isServed,
  };
}

/** In words where the two contradict each other; empty where they do not, or one of them is not known. */
export function healthFinding(
  node: string,
  { observed, expected, ...more }: HealthStretch,
): string {
  if (observed === 'healthy' && expected === 'unhealthy')
    return `the health check of ${node} still says ${more.httpStatus} (${more.localEndpoints} local endpoints), and no ready endpoint is there: kube-proxy is behind`;
  if (observed === 'unhealthy' && expected === 'healthy')
    return `the health check of ${node} fails (${more.httpStatus}), though ${more.expectedEndpoints} ready endpoints are there: kube-proxy is behind or not healthy, and the load balancer leaves the node out`;
  return '';
}
