/** Load balancers in front of Services over REST: who they are, what they hear of nodes, and where they should not send. */
import { z } from 'zod';
import { HEALTH_STATES } from '../wire/healthChecks.ts';
import { instantSchema, pathFilterSchema } from './queries.ts';

export const LOAD_BALANCER_KINDS = [
  'awsNetworkInstance',
  'awsNetworkIp',
  'awsClassic',
  'azure',
  'googleCloud',
  'metalLb',
  'digitalOcean',
  'hetzner',
  'openStack',
  'linode',
  'scaleway',
  'oracle',
  'other',
  'unknown',
] as const;
export const PROXY_SENDINGS = ['v1', 'v2', 'on', 'off'] as const;
export const PROXY_AGREEMENTS = [
  'agree',
  'sentNotExpected',
  'expectedNotSent',
  'notUsed',
  'unknown',
] as const;
export const EXPECTED_STATES = [...HEALTH_STATES, 'none'] as const;
export const SENDING_VERDICTS = [
  'checkFailed',
  'checkSaidHealthy',
  'noCheck',
  'checkNotSeen',
] as const;

const us = z.int();

export const loadBalancerIdentitySchema = z.object({
  kind: z.enum(LOAD_BALANCER_KINDS),
  knownBy: z.array(z.string()).describe('fields and annotations of the Service that say so'),
  addresses: z.array(z.string()).describe('that clients dial, by status.loadBalancer.ingress'),
  hostnames: z.array(z.string()),
  sourceAddresses: z
    .array(z.string())
    .describe('from which it reaches nodes (annotation hoptrace/load-balancer-addresses)'),
});

export const proxyFindingSchema = z.object({
  sends: z.enum(PROXY_SENDINGS).nullable().describe('what the load balancer sends; null: untold'),
  sendsBy: z.string().nullable().describe('annotation that says so'),
  expects: z
    .enum(['on', 'off', 'optional'])
    .nullable()
    .describe('what the Pods expect; optional: with a header or without; null: untold'),
  expectsBy: z.string().nullable().describe('annotation, ConfigMap or argument that says so'),
  agreement: z.enum(PROXY_AGREEMENTS),
  text: z.string(),
  remedy: z.string().describe('empty: nothing is to be done'),
});

export const healthStretchSchema = z.object({
  fromUs: us,
  toUs: us.describe('exclusive'),
  observed: z
    .enum(HEALTH_STATES)
    .describe('what the agent of the node heard at the port; unknown: nobody asked, or no answer'),
  httpStatus: z.int().nullable(),
  localEndpoints: z.int().nullable().describe('as kube-proxy counted them; null: not heard'),
  expected: z
    .enum(EXPECTED_STATES)
    .describe('what endpoints say it should be; none: the Service has no health check node port'),
  expectedEndpoints: z.int().nullable().describe('ready ones on this node; null: not known'),
  isServed: z
    .boolean()
    .nullable()
    .describe('connections that enter here reach an endpoint; null: not known'),
});

export const sendingSchema = z.object({
  verdict: z
    .enum(SENDING_VERDICTS)
    .describe(
      'what the health check of the node said meanwhile: it failed, it said healthy, there is none, or nobody saw it',
    ),
  isByLoadBalancer: z
    .literal(true)
    .nullable()
    .describe(
      'null: it may as well have been clients that dial the node: the addresses do not tell',
    ),
  loadBalancer: loadBalancerIdentitySchema,
  node: z.string(),
  fromUs: us.describe('since when the node had no endpoint, or the first attempt'),
  toUs: us.describe('the last attempt'),
  durationUs: us,
  isFromExact: z.boolean().describe('false: it may have begun earlier'),
  unservedFromUs: us.nullable().describe('since when no endpoint; null: longer than was looked at'),
  failingFromUs: us
    .nullable()
    .describe('the first probe of the agent that failed; null: none did, or none was made'),
  attempts: z.int().describe('connections to that node that were refused'),
  clients: z
    .int()
    .nullable()
    .describe('different clients among them; null: only the load balancer’s address was seen'),
  attemptsWithoutClient: z.int().describe('attempts of which the client was not seen'),
  health: z.array(healthStretchSchema).describe('observed against expected, in order'),
  text: z.string(),
  remedy: z.string(),
});

export const loadBalancerFilterSchema = z.strictObject({
  at: instantSchema.optional().describe('as of when; default: now'),
  sinceSeconds: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(86_400))
    .default(900)
    .describe('how far back health checks are told'),
  cluster: z.string().min(1).max(64).optional(),
  service: z
    .string()
    .regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/, 'must be namespace/name')
    .optional(),
  limit: pathFilterSchema.shape.limit,
});

export const loadBalancerSchema = z.object({
  cluster: z.string(),
  namespace: z.string(),
  service: z.string(),
  loadBalancer: loadBalancerIdentitySchema,
  healthCheckNodePort: z.int().nullable(),
  proxyProtocol: proxyFindingSchema,
  nodes: z
    .array(
      z.object({
        node: z.string(),
        now: healthStretchSchema
          .nullable()
          .describe('as last heard, at most 20 s before; unknown: longer ago'),
        history: z.array(healthStretchSchema),
        finding: z.string().describe('where observed and expected differ; empty: they do not'),
      }),
    )
    .describe('with a health check or an endpoint'),
});

export const loadBalancerListSchema = z.object({
  atUs: us,
  items: z.array(loadBalancerSchema).describe('in order of cluster, namespace and service'),
  nextCursor: z.null().describe('all are on one page'),
  isWhole: z.boolean().describe('false: more than limit'),
});

export type LoadBalancerIdentity = z.infer<typeof loadBalancerIdentitySchema>;
export type LoadBalancerKind = (typeof LOAD_BALANCER_KINDS)[number];
export type ProxySending = (typeof PROXY_SENDINGS)[number];
export type ProxyAgreement = (typeof PROXY_AGREEMENTS)[number];
export type HealthStretch = z.infer<typeof healthStretchSchema>;
export type Sending = z.infer<typeof sendingSchema>;
export type LoadBalancerItem = z.infer<typeof loadBalancerSchema>;
export type LoadBalancerFilter = z.infer<typeof loadBalancerFilterSchema>;
