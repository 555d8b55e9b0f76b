/** Services, slices and health checks for tests: only what matters is named. */
import type { HealthCheckObject, HealthState } from '../wire/healthChecks.ts';
import {
  type EndpointSliceObject,
  endpointSliceSchema,
  type ServiceObject,
  serviceSchema,
} from '../wire/kubernetes.ts';
import type { Version } from './stretches.ts';

const OPEN = Number.POSITIVE_INFINITY;

export function service(
  spec: object = {},
  more: { annotations?: Record<string, string>; ingress?: object[] } = {},
): ServiceObject {
  return serviceSchema.parse({
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop', annotations: more.annotations ?? {} },
    spec: {
      ...{ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 },
      ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
      ...spec,
    },
    status: { loadBalancer: { ingress: more.ingress ?? [] } },
  });
}

/** Endpoints as `node:ip`, with conditions. */
export function slice(
  endpoints: readonly { node: string; ip: string; conditions?: object }[],
): EndpointSliceObject {
  return endpointSliceSchema.parse({
    kind: 'EndpointSlice',
    metadata: {
      ...{ name: 'web-abc', namespace: 'shop' },
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    ports: [{ name: 'http', port: 8080 }],
    endpoints: endpoints.map(({ node, ip, conditions = {} }) => ({
      ...{ addresses: [ip], nodeName: node, conditions },
    })),
  });
}

export function version<T>(object: T, fromUs: number, toUs = OPEN, more: object = {}): Version<T> {
  return { object, fromUs, earliestUs: fromUs, toUs, earliestToUs: toUs, ...more };
}

export function check(
  state: HealthState,
  more: Partial<HealthCheckObject> = {},
): HealthCheckObject {
  return {
    ...{ service: 'web', node: 'node1', port: 32_000, state, isProxyHealthy: true, note: '' },
    httpStatus: { healthy: 200, unhealthy: 503, unknown: null }[state],
    localEndpoints: { healthy: 1, unhealthy: 0, unknown: null }[state],
    ...more,
  };
}
