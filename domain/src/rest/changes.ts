/** What changed in the topology in a time range, as a person would tell it. */
import { z } from 'zod';
import { instantSchema, pathFilterSchema } from './queries.ts';

export const CHANGE_KINDS = ['policy', 'endpoints', 'health', 'service', 'node'] as const;

export const changeFilterSchema = z.strictObject({
  from: instantSchema.optional().describe('default: 15 minutes before `to`'),
  to: instantSchema.optional().describe('default: now; exclusive'),
  cluster: pathFilterSchema.shape.cluster,
  service: z
    .string()
    .regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/, 'must be namespace/name')
    .optional()
    .describe('changes of this Service and of its endpoints; default: of all, and of nodes'),
});

export const changeSchema = z.object({
  atUs: z.int().describe('from then on it was so'),
  earliestAtUs: z
    .int()
    .nullable()
    .describe('it became so between here and atUs; equal: observed; null: not known'),
  kind: z.enum(CHANGE_KINDS),
  cluster: z.string(),
  namespace: z.string(),
  name: z
    .string()
    .describe(
      'of the Service where it is one of its endpoints or health checks, else of the object',
    ),
  field: z
    .string()
    .describe(
      'such as externalTrafficPolicy; endpoints; health check: what a node said at its health check port; the object itself: exists',
    ),
  before: z.string().describe('empty: it was not there'),
  after: z.string().describe('empty: it is no longer there'),
  nodes: z.array(z.string()).describe('machines that it is about; empty: all'),
  text: z.string(),
});

export const changeListSchema = z.object({
  fromUs: z.int(),
  toUs: z.int().describe('exclusive'),
  items: z.array(changeSchema).describe('newest first'),
  isWhole: z.boolean().describe('false: more states of objects held than were compared'),
  nextCursor: z.string().nullable(),
});

export type Change = z.infer<typeof changeSchema>;
