/** What the agent of a node heard at a health check node port, through time. Nobody asked: unknown, never healthy. */
import type { HealthCheckObject, HealthState } from '../wire/healthChecks.ts';
import { edgesOf, type Span, type Stretch, stretchesOf, type Version } from './stretches.ts';

/** Kind of these states among those of the topology. */
export const HEALTH_CHECK_KIND = 'HealthCheck';

export interface Observed {
  readonly health: HealthState;
  readonly httpStatus: number | null;
  readonly localEndpoints: number | null;
  readonly isProxyHealthy: boolean | null;
}

export const UNHEARD: Observed = {
  ...{ health: 'unknown', httpStatus: null, localEndpoints: null, isProxyHealthy: null },
};

/** A state holds from its first probe to its last; after that, until the next state's first, nothing is known. */
export function observedThrough(
  checks: readonly Version<HealthCheckObject>[],
  span: Span,
): Stretch<Observed>[] {
  return stretchesOf(span, edgesOf(checks), (atUs) => {
    const held = checks.filter(
      ({ fromUs, toUs, earliestToUs }) => fromUs <= atUs && atUs < Math.min(toUs, earliestToUs),
    );
    const [only] = held;
    // Two that contradict each other, of agents that both call themselves this node: neither is believed.
    if (only === undefined || held.some(({ object }) => object.state !== only.object.state))
      return UNHEARD;
    const { state, httpStatus, localEndpoints, isProxyHealthy } = only.object;
    return { health: state, httpStatus, localEndpoints, isProxyHealthy };
  });
}
