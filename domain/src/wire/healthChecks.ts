/** What an agent hears at the health check node ports of its node. Told in heartbeats, to collectors that know it. */
import { z } from 'zod';

/** healthy: 200. unhealthy: any other status, which load balancers take for "send nothing". unknown: no answer. */
export const HEALTH_STATES = ['healthy', 'unhealthy', 'unknown'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const MAX_HEALTH_CHECKS = 256;
export const MAX_HEALTH_SIGHTINGS = 16;

const us = z.int().min(0);
export const nameText = z
  .string()
  .max(253)
  .regex(/^[a-z0-9.-]+$/, 'must be a name of Kubernetes');

export const healthSightingSchema = z.strictObject({
  fromUs: us.describe('the first probe that said so, by the clock of the node'),
  earliestUs: us.describe(
    'the last probe that said otherwise: it became so in between; equal to fromUs: the first probe of all',
  ),
  state: z.enum(HEALTH_STATES),
  httpStatus: z.int().min(100).max(599).nullable().describe('null: no answer'),
  localEndpoints: us.nullable().describe('ready endpoints on this node, as kube-proxy counts them'),
  isProxyHealthy: z
    .boolean()
    .nullable()
    .describe(
      'false: kube-proxy is behind, and fails the check whatever the endpoints; null: untold',
    ),
  note: z
    .string()
    .max(128)
    .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII'),
});

export const healthCheckSchema = z.strictObject({
  port: z.int().min(1).max(65_535),
  namespace: nameText,
  service: nameText.describe('as the answer names it, not as anybody assumes'),
  checkedUs: us.describe('the last probe'),
  sightings: z
    .array(healthSightingSchema)
    .min(1)
    .max(MAX_HEALTH_SIGHTINGS)
    .describe('in the order of time; the last holds until checkedUs at least'),
});

export const healthReportSchema = z.strictObject({
  checks: z.array(healthCheckSchema).max(MAX_HEALTH_CHECKS),
  leftOut: z.int().min(0).describe('ports that are not probed: more than the bound'),
});

/** One state of one check, as it is kept beside the topology: the name of the object is `service@node`. */
export const healthCheckObjectSchema = z.object({
  service: z.string(),
  node: z.string(),
  port: z.int(),
  state: z.enum(HEALTH_STATES),
  httpStatus: z.int().nullable(),
  localEndpoints: z.int().nullable(),
  isProxyHealthy: z.boolean().nullable(),
  note: z.string(),
});

export type HealthCheckObject = z.infer<typeof healthCheckObjectSchema>;
export type HealthSighting = z.infer<typeof healthSightingSchema>;
export type HealthCheck = z.infer<typeof healthCheckSchema>;
export type HealthReport = z.infer<typeof healthReportSchema>;
