/** Answers that only the API gives: agents, overview, health. Lists of paths and refusals are in the domain. */
import { OUTCOMES, serviceRefSchema } from '@hoptrace/domain/rest/path.ts';
import { nodeFactsSchema } from '@hoptrace/domain/wire/nodeFacts.ts';
import { agentLossesSchema } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';

const count = z.int().min(0);

export const agentRowSchema = z.object({
  cluster: z.string(),
  node: z.string(),
  bootId: z.string().describe('changes with every boot of the node'),
  lastSeenUs: z.int().describe('when the collector last heard of this agent'),
  losses: agentLossesSchema.describe(
    'what this agent reported as lost; paths of that time may have gaps',
  ),
  // Not the wire's schema: that one transforms, and answers are only checked and written.
  addresses: z
    .array(z.object({ ip: z.string(), ifname: z.string() }))
    .describe('addresses of the node, from its interfaces'),
  facts: nodeFactsSchema
    .pick({ kernel: true, kubeProxy: true, sysctls: true, source: true })
    .extend({ containers: count.describe('containers of Pods that run on the node') })
    .nullable()
    .describe('what the agent found out about its node; null: it did not tell'),
});

export const agentSchema = agentRowSchema.extend({
  lossesSinceUs: z.int(),
  isSilent: z
    .boolean()
    .describe('not heard of for 20 s: what happens on this node is not seen at present'),
});

export const agentListSchema = z.object({
  items: z.array(agentSchema),
  nextCursor: z.string().nullable(),
});

export const serviceCountSchema = serviceRefSchema.extend({
  paths: count,
  refused: count,
  withExtraHops: count,
});

export const overviewCountsSchema = z.object({
  paths: count.describe('paths that started in the window'),
  outcomes: z.record(z.enum(OUTCOMES), count).describe('paths by outcome; their sum is `paths`'),
  crossings: count.describe('hops between machines, of all paths together'),
  withExtraHops: count.describe('paths with at least one extra hop'),
  weightedPaths: count
    .optional()
    .describe(
      'stored paths that stand for others as well, which were shed in an overload (counts hold those, too); absent: none',
    ),
  services: z
    .array(serviceCountSchema)
    .describe(
      'the 1000 busiest services of the window; paths whose service is not known are left out',
    ),
});

export const overviewSchema = z.object({
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  ...overviewCountsSchema.shape,
  agents: z
    .object({ known: count, silent: count })
    .describe(
      'nodes whose agent was heard of in the last 24 h; without any, no request can be known of',
    ),
});

export const healthSchema = z.object({ status: z.literal('alive') });

export const checkSchema = z.object({
  name: z.string(),
  isReady: z.boolean(),
  isRequired: z.boolean().describe('false: its lack is told but does not make the API unready'),
  text: z.string(),
  remedy: z.string().nullable(),
});

export const readinessSchema = z.object({
  status: z.enum(['ready', 'notReady']),
  missing: z.array(z.string()).describe('names of the checks that failed'),
  checks: z.array(checkSchema),
});

export const missingFactsSchema = z.object({
  losses: z
    .array(
      z.object({
        cluster: z.string(),
        node: z.string(),
        fromUs: z.int(),
        losses: agentLossesSchema,
      }),
    )
    .describe('steps of time in which an agent lost something, newest first; the 5000 newest'),
  silences: z
    .array(
      z.object({
        cluster: z.string(),
        node: z.string(),
        fromUs: z.int().describe('its last sign of life before'),
        toUs: z.int(),
        isOpen: z.boolean().describe('it was not over at the end of the range'),
      }),
    )
    .describe('times in which an agent was not heard of, newest first; the 5000 newest'),
  paths: z.object({
    total: count,
    incomplete: count.describe('paths with a part that nobody saw'),
    warnings: z
      .array(z.object({ code: z.string(), paths: count }))
      .describe('what paths warn of, by the number of paths'),
  }),
});

export const missingSchema = z.object({
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  stepUs: z.int().describe('length of the steps of `losses`'),
  ...missingFactsSchema.shape,
});

export type MissingFacts = z.infer<typeof missingFactsSchema>;
export type AgentRow = z.infer<typeof agentRowSchema>;
export type Agent = z.infer<typeof agentSchema>;
export type OverviewCounts = z.infer<typeof overviewCountsSchema>;
export type Overview = z.infer<typeof overviewSchema>;
export type Check = z.infer<typeof checkSchema>;
export type Readiness = z.infer<typeof readinessSchema>;
