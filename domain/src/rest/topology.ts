/** The topology as of a time, as the REST API answers it. */
import { z } from 'zod';
import { instantSchema, pathFilterSchema } from './queries.ts';

export const TOPOLOGY_KINDS = [
  'Node',
  'Pod',
  'Service',
  'EndpointSlice',
  'Ingress',
  'Gateway',
  'HTTPRoute',
  'ConfigMap',
  'AgentNode',
  'HealthCheck',
] as const;

export const topologyFilterSchema = z.strictObject({
  at: instantSchema.optional().describe('as of when; default: now'),
  cluster: z.string().min(1).max(64).optional(),
  kind: z.enum(TOPOLOGY_KINDS).optional(),
  namespace: z.string().min(1).max(253).optional(),
  name: z.string().min(1).max(253).optional(),
  limit: pathFilterSchema.shape.limit,
  cursor: pathFilterSchema.shape.cursor,
});

export const topologyItemSchema = z.object({
  cluster: z.string().describe('empty: told without a cluster, for all that have no topology'),
  kind: z
    .enum(TOPOLOGY_KINDS)
    .describe(
      'AgentNode: what the agent found out about its node; HealthCheck (service@node): what it heard at a healthCheckNodePort, known until earliestToUs',
    ),
  namespace: z.string(),
  name: z.string(),
  validFromUs: z.int().nullable().describe('so from here on; null: as long as anybody knows'),
  earliestFromUs: z
    .int()
    .nullable()
    .describe('it became so between here and validFromUs; equal: observed; null: not known'),
  validToUs: z.int().nullable().describe('until here, exclusive; null: still so'),
  earliestToUs: z.int().nullable().describe('it ended between here and validToUs'),
  source: z
    .enum(['watch', 'list', 'file', 'post', 'agent'])
    .describe('who said so; list: what was between two lists is not known'),
  revision: z.string().describe('metadata.resourceVersion; empty: not known'),
  object: z
    .record(z.string(), z.unknown())
    .describe('the parts of the object that hoptrace reads, as Kubernetes names them'),
});

export const topologyListSchema = z.object({
  atUs: z.int().describe('as of when; the pages of one list are of one time'),
  items: z.array(topologyItemSchema).describe('in order of cluster, kind, namespace and name'),
  nextCursor: z.string().nullable(),
});

export type TopologyItem = z.infer<typeof topologyItemSchema>;
