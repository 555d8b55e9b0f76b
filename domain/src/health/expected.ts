/**
 * What a node should do with, and say about, traffic that a load balancer brings for a Service: from its endpoints
 * alone (kube-proxy, pkg/proxy/healthcheck/service_health.go and topology.go). A health check node port exists for
 * type LoadBalancer with externalTrafficPolicy Local, and nowhere else.
 */
import { portsOf, slicesByService, usableEndpoints } from '../topology/services.ts';
import type { HealthState } from '../wire/healthChecks.ts';
import type { EndpointSliceObject, ServiceObject } from '../wire/kubernetes.ts';
import {
  edgesOf,
  holding,
  type Span,
  type Stretch,
  stretchesOf,
  type Version,
} from './stretches.ts';

export interface Expected {
  /** none: the Service has no health check node port. */
  readonly health: HealthState | 'none';
  /** Distinct ready addresses on this node; null: not known. */
  readonly localEndpoints: number | null;
  /** Does a connection from outside that enters here reach an endpoint? Of one port of the Service, or any. */
  readonly isServed: boolean | null;
}

export interface ServiceHistory {
  readonly services: readonly Version<ServiceObject>[];
  readonly slices: readonly Version<EndpointSliceObject>[];
}

export const UNKNOWN: Expected = { health: 'unknown', localEndpoints: null, isServed: null };

/** As of an instant. `port`: name of one port; without, all count. */
export function expectedOf(
  service: ServiceObject,
  slices: readonly EndpointSliceObject[],
  { node, port }: { readonly node: string; readonly port?: string | undefined },
): Expected {
  const ports = portsOf(service, slicesByService(slices));
  const local = ports.flatMap(({ endpoints }) => endpoints.filter((each) => each.node === node));
  const ready = local.filter((each) => each.ready);
  const certain = new Set(ready.filter((each) => !each.terminating).map(({ ip }) => ip)).size;
  // publishNotReadyAddresses: ready though it terminates. Whether that counts is not the same everywhere.
  const isDoubtful = certain === 0 && ready.length > 0;
  const asked = ports.filter((each) => port === undefined || each.port === port);
  return {
    health: healthOf(service, certain, isDoubtful),
    localEndpoints: isDoubtful ? null : certain,
    isServed:
      asked.length === 0
        ? null
        : asked.some((each) => {
            const isLocal = each.externalTrafficPolicy === 'Local' && !each.fallsBackFromLocal;
            return usableEndpoints(each, isLocal ? node : undefined).length > 0;
          }),
  };
}

function healthOf({ spec }: ServiceObject, ready: number, isDoubtful: boolean): Expected['health'] {
  const isChecked = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (!isChecked || spec.healthCheckNodePort === undefined || spec.healthCheckNodePort === 0)
    return 'none';
  if (isDoubtful) return 'unknown';
  return ready > 0 ? 'healthy' : 'unhealthy';
}

/** Through time. Where a change may have been earlier than it was heard of, and that matters: unknown. */
export function expectedThrough(
  { services, slices }: ServiceHistory,
  at: { readonly node: string; readonly port?: string | undefined },
  span: Span,
): Stretch<Expected>[] {
  const valueAt = (atUs: number, reading: 'latest' | 'earliest') => {
    const [service] = holding(services, atUs, reading);
    return service === undefined
      ? UNKNOWN
      : expectedOf(service, holding(slices, atUs, reading), at);
  };
  return stretchesOf(span, [...edgesOf(services), ...edgesOf(slices)], (atUs) => {
    const late = valueAt(atUs, 'latest');
    const early = valueAt(atUs, 'earliest');
    return {
      health: late.health === early.health ? late.health : 'unknown',
      localEndpoints: late.localEndpoints === early.localEndpoints ? late.localEndpoints : null,
      isServed: late.isServed === early.isServed ? late.isServed : null,
    };
  });
}
