/** What an answer of a health check node port says. Pure. */
import { type HealthSighting, nameText } from '@hoptrace/domain/wire/healthChecks.ts';
import { z } from 'zod';

/**
 * kube-proxy (pkg/proxy/healthcheck/service_health.go), and who copies it:
 * `{"service":{"namespace":"shop","name":"web"},"localEndpoints":1,"serviceProxyHealthy":true}`
 */
const bodySchema = z.object({
  service: z.object({ namespace: nameText, name: nameText }),
  localEndpoints: z.int().min(0),
  /** From Kubernetes 1.30 on. */
  serviceProxyHealthy: z.boolean().optional(),
});

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export type Said = Omit<HealthSighting, 'fromUs' | 'earliestUs'>;

export interface HealthAnswer {
  readonly namespace: string;
  readonly service: string;
  readonly said: Said;
}

const OK = 200;

/** Null: whatever this is, it is no health check node port. */
export function readAnswer({ status, body }: Answer): HealthAnswer | null {
  const parsed = bodySchema.safeParse(jsonOf(body));
  if (!parsed.success || status < 100 || status > 599) return null;
  const { service, localEndpoints, serviceProxyHealthy } = parsed.data;
  return {
    namespace: service.namespace,
    service: service.name,
    said: {
      state: status === OK ? 'healthy' : 'unhealthy',
      httpStatus: status,
      localEndpoints,
      isProxyHealthy: serviceProxyHealthy ?? null,
      note: '',
    },
  };
}

/** Silence is no answer: neither healthy nor unhealthy. */
export function unknownBecause(note: string): Said {
  const text = note.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 128);
  return {
    ...{ state: 'unknown', httpStatus: null, localEndpoints: null, isProxyHealthy: null },
    note: text,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
